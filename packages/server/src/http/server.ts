// Runs Node's HTTP server: plain or with TLS, its deadlines, its connections, and its end. handle.ts answers the requests.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { createServer, ServerResponse } from '../primitives/node-http.ts';
import { Refusal } from '../primitives/refusal.ts';
import { adminEndpoints } from './admin/endpoints.ts';
import { operationsFor } from './admin/index.ts';
import { createAdmission } from './admission.ts';
import { type Bodies, createBodies } from './body.ts';
import { type Connections, createConnections } from './connections.ts';
import type { Endpoint, HttpServices } from './endpoint.ts';
import { endpoints } from './endpoints/index.ts';
import { createHandler, type Handler, type HandlerOptions } from './handle.ts';
import { createProxies } from './proxies.ts';
import { refusalOfBytes, sendBytes } from './raw-responses.ts';
import { createRouter } from './router.ts';
import { createTrustedConnections } from './trusted-connections.ts';

export interface HttpOptions extends Pick<HandlerOptions, 'answered' | 'stopping' | 'report'> {
  /** PEM; plain HTTP without it. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly clientCertificates: {
    /** Asks the caller of a TLS connection for a certificate. It need not have one. */
    readonly asked: boolean;
    /** PEM. */
    readonly authorities: readonly string[];
  };
  /** The proxies whose X-Forwarded-For is trusted: addresses and networks. */
  readonly trustProxy: readonly string[];
  readonly limits: {
    /** Bytes of a request body. */
    readonly body: number;
    readonly connections: number;
    /** Requests that have arrived and wait to begin. */
    readonly waiting: number;
  };
  /** The time within which a whole request must arrive, at most a tenth longer, and within which its answer must be read. */
  readonly requestDeadlineMs: number;
}

/** What connections are made with. */
export type ListenerCertificates = Pick<HttpOptions, 'tls'> & Pick<HttpOptions['clientCertificates'], 'authorities'>;

export interface HttpServer {
  /** @returns the port @throws Error if it is in use */
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<number>;
  /**
   * Uses other certificates for new connections. Open ones go on, except those of clients whose authority is no longer among them.
   */
  readonly renew: (certificates: ListenerCertificates) => void;
  /** The number of open connections. */
  readonly connections: () => number;
  /** Stops listening, and resolves when the requests in progress are answered, or after `drainMs`. */
  readonly close: (drainMs: number) => Promise<void>;
}

/** All endpoints of a server. */
export const endpointsOf = ({ admin }: Pick<HttpServices, 'admin'>): readonly Endpoint[] => [
  ...endpoints,
  ...adminEndpoints(operationsFor(admin)),
];

/** @param current returns the services of the configuration in force */
export function createHttpServer(current: () => HttpServices, options: HttpOptions): HttpServer {
  const all = endpointsOf(current());
  const connections = createConnections(options.limits.connections, (socket) => {
    // A TLS client cannot read a plain answer.
    if (options.tls) return void socket.destroy();
    sendBytes(socket, new Refusal('connections'));
    connections.leaves(socket);
  });
  const bodies = createBodies(options.limits.body, connections);
  const handle = createHandler({
    ...options,
    endpoints: all,
    current,
    router: createRouter(all, current().issuer),
    proxies: createProxies(options.trustProxy),
    admission: createAdmission(options.limits.waiting),
    bodies,
    connections,
    answerDeadlineMs: options.requestDeadlineMs,
  });
  const servers: Server[] = [];
  const { tls, clientCertificates } = options;
  const trusted = createTrustedConnections(clientCertificates.authorities);
  let certificates: ListenerCertificates = { tls, authorities: clientCertificates.authorities };
  const open = async (host: string, port: number): Promise<number> => {
    const server = createNodeServer(options);
    connections.watch(server);
    if (clientCertificates.asked) trusted.watch(server);
    answerWith(server, { handle, bodies, connections, report: options.report });
    server.listen({ host, port });
    await once(server, 'listening');
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  return {
    listen: async ({ host, port: wanted }) => {
      const port = await open(host, wanted);
      // A caller tries one of the two loopback addresses of the machine, so the server listens on both.
      if (host === 'localhost') await openOthers(servers, (address) => open(address, port));
      return port;
    },
    renew: (next) => {
      if (isDeepStrictEqual(next, certificates)) return;
      const { tls, authorities } = next;
      const asking = askForCertificate({ ...options.clientCertificates, authorities });
      for (const server of servers) if (server instanceof TlsServer) server.setSecureContext({ ...tls, ...asking });
      trusted.renew(authorities);
      certificates = next;
    },
    connections: connections.open,
    close: (drainMs) => closeAll(servers, drainMs),
  };
}

async function openOthers(servers: readonly Server[], open: (address: string) => Promise<unknown>): Promise<void> {
  const bound = new Set(servers.map((server) => (server.address() as AddressInfo).address));
  for (const { address } of await lookup('localhost', { all: true }))
    if (!bound.has(address)) await open(address).catch(() => undefined);
}

/** The default of Node, stated because the documentation promises it. */
const MAX_HEADER_BYTES = 16_384;
/** The time for which a connection may be silent with a request in progress, and without one. */
const SILENCE_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

function createNodeServer({ tls, clientCertificates, requestDeadlineMs }: HttpOptions): Server {
  const http = {
    maxHeaderSize: MAX_HEADER_BYTES,
    // The router refuses a missing Host: Node's own answer would lack our headers.
    requireHostHeader: false,
    // Node would take the first of two Authorization headers, and a proxy perhaps the second.
    joinDuplicateHeaders: true,
    requestTimeout: requestDeadlineMs,
    // Set for headers, too: Node applies the longer of the two deadlines to the body.
    headersTimeout: requestDeadlineMs,
    connectionsCheckingInterval: requestDeadlineMs / 10,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server =
    tls === undefined
      ? createServer(http)
      : createTlsServer({
          ...tls,
          ...askForCertificate(clientCertificates),
          ...http,
          handshakeTimeout: requestDeadlineMs,
        });
  return server.setTimeout(SILENCE_MS);
}

/**
 * A caller without a certificate is served, too. The method of the client decides what a certificate proves. Without authorities,
 * no certificate is trusted, not even by the authorities of the system.
 */
const askForCertificate = ({ asked, authorities }: HttpOptions['clientCertificates']) =>
  asked && { requestCert: true, rejectUnauthorized: false, ca: [...authorities] };

interface Handling extends Pick<HttpOptions, 'report'> {
  readonly handle: Handler;
  readonly bodies: Bodies;
  readonly connections: Connections;
}

function answerWith(server: Server, { handle, bodies, connections, report }: Handling): void {
  /** The last answer of each connection. */
  const answers = new WeakMap<Socket, ServerResponse>();
  const pendingOn = (socket: Socket): ServerResponse | undefined => {
    const answer = answers.get(socket);
    return answer?.writableFinished === false ? answer : undefined;
  };
  const listener = (...[request, response]: Parameters<Handler>): void => {
    answers.set(request.socket, response);
    handle(request, response).catch((error) => {
      report(`a request was not answered: ${error?.stack}`);
      request.socket.destroy();
    });
  };
  server.on('request', listener);
  // RFC 9110 section 10.1.1: an unknown expectation is ignored.
  server.on('checkExpectation', listener);
  server.on('connect', (request, duplex) => {
    const socket = duplex as Socket;
    // Node no longer handles errors of the connection.
    socket.on('error', () => socket.destroy());
    const pending = pendingOn(socket);
    if (pending !== undefined) return endAfter(pending, socket);
    // The target of CONNECT is not an endpoint, so it is refused like any unknown path.
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    endAfter(response, socket);
    listener(request, response);
  });
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    const refusal = refusalOfBytes(error, socket);
    if (refusal === undefined) return void socket.destroy();
    // If the bytes belong to the body of a request, its answer reports them. If they follow a request, its answer is the last
    // one.
    bodies.refuse(socket, refusal);
    const pending = pendingOn(socket);
    if (pending !== undefined) return endAfter(pending, socket);
    sendBytes(socket, refusal);
    connections.leaves(socket);
  });
}

/** Stops reading, and closes the connection when the answer has left. */
function endAfter(answer: ServerResponse, socket: Socket): void {
  socket.pause();
  if (!answer.headersSent) answer.setHeader('Connection', 'close');
  answer.once('finish', () => socket.destroySoon());
}

/** A connection becomes idle when its answer has left, and would then be kept. */
const CHECK_IDLE_MS = 50;

async function closeAll(servers: readonly Server[], drainMs: number): Promise<void> {
  const each = (work: (server: Server) => void) => () => servers.forEach(work);
  const cut = setTimeout(
    each((server) => server.closeAllConnections()),
    drainMs,
  );
  const idle = setInterval(
    each((server) => server.closeIdleConnections()),
    CHECK_IDLE_MS,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  clearTimeout(cut);
  clearInterval(idle);
}
