// A load balancer on loopback, in front of several nodes. It polls the readiness of each node every 50 ms, keeps connections open,
// and repeats a request on another node only if the first refused the connection, so that it cannot have read any of it. Every
// other failure of a request is answered with 502.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { get, type Target } from './caller.ts';

const LOOK = 50;

export interface Balancer extends Target {
  /** Requests that found a closed port and went to another node. */
  readonly moved: () => number;
  readonly isReady: (node: Target) => boolean;
}

export async function startBalancer(
  t: { readonly after: (work: () => Promise<void>) => void },
  nodes: readonly Target[],
): Promise<Balancer> {
  const agents = new Map(nodes.map((node) => [node, new Agent({ keepAlive: true })]));
  const ready = new Set(nodes);
  let moved = 0;
  let turn = 0;
  let stopped = false;
  const looking = nodes.map(async (node) => {
    while (!stopped) {
      const answer = await get(`${node.url}/readyz`);
      if (answer?.status === 200) ready.add(node);
      else ready.delete(node);
      await wait(LOOK);
    }
  });
  const forward = (from: IncomingMessage, body: Buffer, to: ServerResponse, left: readonly Target[]): void => {
    const [node, ...others] = left;
    if (node === undefined) return void to.writeHead(502).end('no node is ready');
    const { method, headers, url } = from;
    const asked = request(node.url + url, { method, headers, agent: agents.get(node) }, (answer) => {
      const { connection, 'keep-alive': _, ...rest } = answer.headers;
      to.writeHead(answer.statusCode ?? 502, rest);
      answer.pipe(to);
      answer.on('error', () => to.destroy());
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        moved++;
        return forward(from, body, to, others);
      }
      if (!to.headersSent) to.writeHead(502).end(error.code);
    });
    asked.end(body);
  };
  const server = createServer(async (from, to) => {
    const body = await buffer(from);
    const all = nodes.filter((node) => ready.has(node));
    const first = turn++ % Math.max(1, all.length);
    forward(from, body, to, [...all.slice(first), ...all.slice(0, first)]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    stopped = true;
    await Promise.all(looking);
    for (const agent of agents.values()) agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    up: true,
    ended: 0,
    several: true,
    moved: () => moved,
    isReady: (node) => ready.has(node),
  };
}
