// Serves GET /metrics and /readyz with details on a listener of its own, so that scrapers need not reach the token endpoint, and its
// callers neither of them.
import { once } from 'node:events';
import { Registry } from 'prom-client';
import { describeReadiness, type Readiness } from '../http/readiness.ts';
import { createServer } from '../primitives/node-http.ts';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

const MAX_CONNECTIONS = 32;
const REQUEST_DEADLINE_MS = 10_000;

/** Sources of the two documents. */
export interface Watched {
  readonly metrics: () => Promise<string>;
  /** Of this process, or of every worker of the node. */
  readonly readiness: () => Promise<readonly Readiness[]>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const pages: Readonly<Record<string, (watched: Watched) => Promise<Page>>> = {
  '/metrics': async ({ metrics }) => ({ status: 200, type: Registry.PROMETHEUS_CONTENT_TYPE, text: await metrics() }),
  '/readyz': async ({ readiness }) => {
    const all = (await readiness()).map((one) => describeReadiness(one, 'operator'));
    const isReady = all.length > 0 && all.every(({ status }) => status === 'ok');
    const body = all.length === 1 ? all[0] : { status: isReady ? 'ok' : 'unavailable', workers: all };
    return { status: isReady ? 200 : 503, type: 'application/json', text: JSON.stringify(body) };
  },
};

/** @returns a function that stops it @throws Error if the port is in use */
export async function serveMetrics({ host, port }: MetricsAddress, watched: Watched): Promise<() => Promise<void>> {
  const timeouts = { requestTimeout: REQUEST_DEADLINE_MS, headersTimeout: REQUEST_DEADLINE_MS };
  const server = createServer(timeouts, async (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    }
    try {
      const { status, type, text } = await page(watched);
      response.writeHead(status, { 'Content-Type': type }).end(text);
    } catch {
      response.writeHead(503).end();
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host, port });
  await once(server, 'listening');
  return async () => {
    server.close();
    server.closeAllConnections();
  };
}
