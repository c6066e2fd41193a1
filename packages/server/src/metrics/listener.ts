// GET /metrics, on a listener of its own: whoever may scrape need not reach the token endpoint, nor the other way round.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Registry } from 'prom-client';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** Scrapers at once. */
const CONNECTIONS = 32;
/** Milliseconds. */
const DEADLINE = 10_000;

/** @returns what ends it @throws where the port is taken */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  read: () => Promise<string>,
): Promise<() => Promise<void>> {
  const server = createServer({ requestTimeout: DEADLINE, headersTimeout: DEADLINE }, async (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    }
    try {
      const text = await read();
      response.writeHead(200, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text);
    } catch {
      response.writeHead(503).end();
    }
  });
  server.maxConnections = CONNECTIONS;
  server.listen({ host, port });
  await once(server, 'listening');
  return async () => {
    server.close();
    server.closeAllConnections();
  };
}
