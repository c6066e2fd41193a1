// HTTP without the services behind it: connections, deadlines and admission, for tests that must stop the server at one point.

import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { AuditEvent } from '../../src/audit/event.ts';
import { AllClients } from '../../src/client-auth/all-clients.ts';
import { operationForms } from '../../src/config/operation-forms.ts';
import type { HttpServices } from '../../src/http/endpoint.ts';
import type { Answered } from '../../src/http/handle.ts';
import type { Readiness } from '../../src/http/readiness.ts';
import { createHttpServer, endpointsOf } from '../../src/http/server.ts';
import { PLAIN } from './every-page.ts';

export interface Held {
  readonly socket: Socket;
  /** All bytes received until the connection was closed. */
  readonly closed: Promise<string>;
}

export interface HttpAlone {
  /** Opens a connection, sends the text and waits. */
  readonly hold: (text: string) => Promise<Held>;
  /** Opens a connection whose request stays in work until `letGo`. */
  readonly busy: () => Promise<Held>;
  readonly letGo: () => void;
  /** Reports of answers that were sent. */
  readonly answered: readonly Answered[];
  /** Audit rows in the order of their commits. */
  readonly rows: readonly AuditEvent[];
  /** From now on a request to an unknown path blocks the event loop for a whole turn. */
  readonly beSlow: () => void;
}

const ISSUER = 'http://127.0.0.1';
const READY: Readiness = { obstacles: [], warnings: [] };

/** Services that are configured but do nothing. */
const services = {
  issuer: ISSUER,
  clock: Date.now,
  admin: operationForms,
  tokenErrorCode: 'invalid_request',
  branding: PLAIN,
  developerErrors: false,
};
export const allEndpoints = endpointsOf(services as unknown as HttpServices);

export async function startHttpAlone(
  t: { readonly after: (work: () => Promise<void>) => void },
  { body = 4096, connections = 100, waiting = 10, requestDeadlineMs = 60_000 },
): Promise<HttpAlone> {
  const { promise: ready, resolve: letGo } = Promise.withResolvers<Readiness>();
  const asked = new EventEmitter();
  const answered: Answered[] = [];
  const rows: AuditEvent[] = [];
  let slow = false;
  const current = {
    ...services,
    people: {},
    console: 'not built',
    clients: new AllClients(new Map(), []),
    registrations: {},
    answerRegion: async () => ({ sets: {}, moreAvailable: false }),
    resources: [{ audience: `${ISSUER}/admin` }],
    requests: { ofAddress: () => slow && holdEventLoop() },
    freshness: { check: () => undefined, isFresh: () => true, catchUp: () => undefined },
    audit: { append: async (event: AuditEvent) => void rows.push({ ...event }) },
    throttled: { count: () => undefined },
    // More than the system buffers for a caller that does not read.
    keys: { published: () => ['x'.repeat(32_000_000)] },
    readiness: () => {
      asked.emit('ready');
      return ready;
    },
  } as unknown as HttpServices;
  const faults: string[] = [];
  const http = createHttpServer(() => current, {
    tls: undefined,
    trustProxy: [],
    clientCertificates: { asked: false, authorities: [] },
    limits: { body, connections, waiting },
    requestDeadlineMs,
    answered: (answer) => void answered.push(answer),
    stopping: () => false,
    report: (text) => void faults.push(text),
  });
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    letGo(READY);
    await http.close(1000);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });
  const hold: HttpAlone['hold'] = async (text) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    sockets.push(socket);
    let answer = '';
    socket.setEncoding('latin1').on('data', (more) => {
      answer += more;
    });
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(answer)));
    socket.on('error', () => undefined).once('end', () => socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    return { socket, closed };
  };
  const busy = async (): Promise<Held> => {
    const begun = once(asked, 'ready');
    const held = await hold('GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await begun;
    return held;
  };
  return { hold, busy, letGo: () => letGo(READY), answered, rows, beSlow: () => (slow = true) };
}

/** Longer than the time in which one turn may begin requests. */
function holdEventLoop(): void {
  const until = performance.now() + 25;
  while (performance.now() < until);
}

/** Waits for the report of an answer, which comes shortly after the answer. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(5);
}
