// Node's server: plain or with TLS, its deadlines, its connections, and its end. What a request gets is the handler's to say.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
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

export interface HttpOptions extends Pick<HandlerOptions, 'answered' | 'stopping' | 'report'> {
  /** PEM; plain HTTP without it. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly clientCertificates: {
    /** Is the caller of a TLS connection asked for a certificate? It need not have one. */
    readonly asked: boolean;
    /** PEM. */
    readonly authorities: readonly string[];
  };
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  readonly limits: {
    /** Bytes of a request body. */
    readonly body: number;
    readonly connections: number;
    /** Requests that have arrived and are not begun. */
    readonly waiting: number;
  };
  /**
   * Milliseconds within which a request must be there as a whole, a tenth of it late at most, and within which its answer must
   * be read.
   */
  readonly requestDeadline: number;
}

export interface HttpServer {
  /** @returns the port @throws where it is taken */
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<number>;
  /** How many are open now. */
  readonly connections: () => number;
  /** Stops listening, and resolves once what has arrived is answered. @param drain milliseconds at most */
  readonly close: (drain: number) => Promise<void>;
}

/** All that a server answers. */
export const endpointsOf = ({ admin }: Pick<HttpServices, 'admin'>): readonly Endpoint[] => [
  ...endpoints,
  ...adminEndpoints(operationsFor(admin)),
];

/** @param current the services of the configuration that is in force now. */
export function createHttpServer(current: () => HttpServices, options: HttpOptions): HttpServer {
  const all = endpointsOf(current());
  const connections = createConnections(options.limits.connections, (socket) => {
    // Bytes that are not TLS say nothing to a client that speaks it.
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
    answerDeadline: options.requestDeadline,
  });
  const servers: Server[] = [];
  const open = async (host: string, port: number): Promise<number> => {
    const server = createNodeServer(options);
    connections.watch(server);
    answerWith(server, { handle, bodies, connections, report: options.report });
    server.listen({ host, port });
    await once(server, 'listening');
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  return {
    listen: async ({ host, port: wanted }) => {
      const port = await open(host, wanted);
      // Of a machine's two loopback addresses each caller tries one.
      if (host === 'localhost') await openOthers(servers, (address) => open(address, port));
      return port;
    },
    connections: connections.open,
    close: (drain) => closeAll(servers, drain),
  };
}

async function openOthers(servers: readonly Server[], open: (address: string) => Promise<unknown>): Promise<void> {
  const bound = new Set(servers.map((server) => (server.address() as AddressInfo).address));
  for (const { address } of await lookup('localhost', { all: true }))
    if (!bound.has(address)) await open(address).catch(() => undefined);
}

/** Bytes of request headers: Node's own default, said aloud because it is promised. */
const MAX_HEADER_BYTES = 16_384;
/** For which a connection may be silent while it has a request, and while it has none. */
const SILENCE_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

function createNodeServer({ tls, clientCertificates, requestDeadline }: HttpOptions): Server {
  const http = {
    maxHeaderSize: MAX_HEADER_BYTES,
    // The router's to refuse: Node's own answer has nothing of ours.
    requireHostHeader: false,
    // Of two Authorization headers Node would take the first, and a proxy before us perhaps the other.
    joinDuplicateHeaders: true,
    requestTimeout: requestDeadline,
    // Said for headers too: of two deadlines Node takes the longer for the body.
    headersTimeout: requestDeadline,
    connectionsCheckingInterval: requestDeadline / 10,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server =
    tls === undefined
      ? createServer(http)
      : createTlsServer({
          ...tls,
          ...askForCertificate(clientCertificates),
          ...http,
          handshakeTimeout: requestDeadline,
        });
  return server.setTimeout(SILENCE_MS);
}

/**
 * Whoever has no certificate is served all the same; what one is worth, the client's method says. Without authorities none is
 * trusted, those of the system least of all.
 */
const askForCertificate = ({ asked, authorities }: HttpOptions['clientCertificates']) =>
  asked && { requestCert: true, rejectUnauthorized: false, ca: [...authorities], allowPartialTrustChain: true };

interface Road extends Pick<HttpOptions, 'report'> {
  readonly handle: Handler;
  readonly bodies: Bodies;
  readonly connections: Connections;
}

function answerWith(server: Server, { handle, bodies, connections, report }: Road): void {
  /** The last answer of each connection. */
  const answers = new WeakMap<Socket, ServerResponse>();
  const owedOn = (socket: Socket): ServerResponse | undefined => {
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
  // RFC 9110 section 10.1.1: an expectation that we do not know is ignored, and the request is one like any other.
  server.on('checkExpectation', listener);
  server.on('connect', (request, duplex) => {
    const socket = duplex as Socket;
    // Node has let go of the connection.
    socket.on('error', () => socket.destroy());
    const owed = owedOn(socket);
    if (owed !== undefined) return endAfter(owed, socket);
    // Nothing is found at its target: it is refused as any other request is.
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    endAfter(response, socket);
    listener(request, response);
  });
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    const refusal = refusalOfBytes(error, socket);
    if (refusal === undefined) return void socket.destroy();
    // Where the bytes belong to the body of a request, its answer says so. Where they follow a request, its answer is the last.
    bodies.refuse(socket, refusal);
    const owed = owedOn(socket);
    if (owed !== undefined) return endAfter(owed, socket);
    sendBytes(socket, refusal);
    connections.leaves(socket);
  });
}

/** Reads no more, and closes the connection once the answer has left. */
function endAfter(answer: ServerResponse, socket: Socket): void {
  socket.pause();
  if (!answer.headersSent) answer.setHeader('Connection', 'close');
  answer.once('finish', () => socket.destroySoon());
}

/** A connection whose answer was on its way is idle a moment later, and would be kept. */
const CHECK_IDLE_MS = 50;

async function closeAll(servers: readonly Server[], drain: number): Promise<void> {
  const each = (work: (server: Server) => void) => () => servers.forEach(work);
  const cut = setTimeout(
    each((server) => server.closeAllConnections()),
    drain,
  );
  const idle = setInterval(
    each((server) => server.closeIdleConnections()),
    CHECK_IDLE_MS,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  clearTimeout(cut);
  clearInterval(idle);
}
