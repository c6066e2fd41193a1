// Fastify, and nothing of it beyond this folder: routes made from the list of endpoints, headers that every answer has.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type AuditEvent, beginEvent } from '../audit/event.ts';
import { newId, newRequestId } from '../primitives/random.ts';
import { publicAnswer, type Reason, Refusal } from '../primitives/refusal.ts';
import type { Report } from '../primitives/report.ts';
import { ADMIN_PATH } from './admin/openapi.ts';
import { adminRoutes } from './admin/routes.ts';
import { RETRY_AFTER, recordRefusal, sendRefusal, toRefusal } from './answer.ts';
import { refusalPage, sendPage } from './browser.ts';
import { limitConnections } from './connections.ts';
import { type Endpoint, type HttpServices, pathOf } from './endpoint.ts';
import { endpoints } from './endpoints/index.ts';
import { inTrace } from './trace.ts';
import { createTurns } from './turns.ts';

export interface HttpOptions {
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
  /** Milliseconds within which a request must be there as a whole; a tenth of it late at most, that is seen. */
  readonly requestDeadline: number;
  /** Is told of every answer that has left. */
  readonly answered: (answer: Answered) => void;
  /** Is the server about to stop? Then every answer closes its connection. */
  readonly stopping: () => boolean;
  /** About what went wrong on our side. */
  readonly report: Report;
}

/** Bytes of request headers: Node's own default, said aloud because it is promised. */
const HEADER_LIMIT = 16_384;
/** What is known of an answer. */
export interface Answered {
  readonly requestId: string;
  /** The path of the endpoint; undefined where there is none. */
  readonly endpoint: string | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly event: Partial<AuditEvent>;
}

/** Milliseconds within which some of an answer must be read, and for which a connection without a request is kept. */
const ANSWER_DEADLINE = 30_000;
const KEEP_ALIVE = 72_000;
/** A caller's own request id is kept when it is visible ASCII and short. */
const CALLER_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

export interface HttpServer {
  readonly server: FastifyInstance;
  /** How many are open now. */
  readonly connections: () => number;
}

const refuseSchema = (): never => {
  throw new Error('routes have no schemas');
};
/** Bodies are read by our own hand. What compiles schemas is a tenth of what a start would load. */
const noSchemas = { buildValidator: refuseSchema, buildSerializer: refuseSchema };

/** @param current the services of the configuration that is in force now. */
export function createHttpServer(current: () => HttpServices, options: HttpOptions): HttpServer {
  const http = {
    maxHeaderSize: HEADER_LIMIT,
    // Of two Authorization headers Node would take the first, and a proxy before us perhaps the other.
    joinDuplicateHeaders: true,
    // Said for headers too: of two deadlines Node takes the longer for the body.
    headersTimeout: options.requestDeadline,
    connectionsCheckingInterval: options.requestDeadline / 10,
  };
  const server = Fastify({
    ...(options.tls && {
      https: {
        ...options.tls,
        ...askForCertificate(options.clientCertificates),
        ...http,
        handshakeTimeout: options.requestDeadline,
      },
    }),
    ...(!options.tls && { http }),
    bodyLimit: options.limits.body,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    genReqId: () => newRequestId(current().clock()),
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while the server stops is answered, and the connection closed.
    return503OnClosing: false,
    requestTimeout: options.requestDeadline,
    connectionTimeout: ANSWER_DEADLINE,
    keepAliveTimeout: KEEP_ALIVE,
    clientErrorHandler: refuseBytes,
    schemaController: { compilersFactory: noSchemas },
    // Before any hook has run: a path that cannot be read.
    frameworkErrors: (error, _request, reply) => {
      prepareAnswer(reply as FastifyReply);
      return sendRefusal(reply as FastifyReply, toRefusal(error), current().tokenErrorCode);
    },
  }) as unknown as FastifyInstance;
  const connections = limitConnections(server.server, options.limits.connections, (socket) =>
    options.tls ? socket.destroy() : sendBytes(socket, new Refusal('connections')),
  );
  const turns = createTurns(options.limits.waiting);
  const events = new WeakMap<FastifyRequest, AuditEvent>();
  const pages = new WeakSet<FastifyRequest>();

  // One reader for bodies: what they are is the form parser's to say.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  /** By path: what becomes of a method that the endpoint does not answer. A route for each would double the start. */
  const otherMethods = new Map<string, (request: FastifyRequest, reply: FastifyReply) => FastifyReply>();
  const adminPrefix = pathOf({ place: 'below', path: ADMIN_PATH }, current().issuer);
  server.addHook('onRequest', (request, reply, done) => {
    prepareAnswer(reply);
    if (options.stopping()) reply.header('Connection', 'close');
    if (!request.is404) return done();
    const path = pathIn(request);
    if (isBelow(path, adminPrefix)) return done();
    // Before a body is read.
    const answer = otherMethods.get(path);
    if (answer === undefined) throw new Refusal('path_unknown');
    answer(request, reply);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const services = current();
    const { tokenErrorCode } = services;
    const event = events.get(request);
    const refusal = toRefusal(error);
    const audited = event !== undefined && event.action !== 'none';
    const answer = audited ? await recordRefusal(refusal, event, services) : refusal;
    if (event !== undefined) event.reason = answer.reason;
    if (publicAnswer(answer, tokenErrorCode).status >= 500 && answer.reason !== 'overload')
      options.report(describe(answer), { requestId: request.id });
    if (pages.has(request)) return sendPage(reply, refusalPage(answer, request.id));
    return sendRefusal(reply, answer, tokenErrorCode);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { statusCode: status, elapsedTime } = reply;
    const event = events.get(request) ?? {};
    options.answered({
      requestId: request.id,
      endpoint: request.routeOptions.url,
      status,
      seconds: elapsedTime / 1000,
      event,
    });
    done();
  });
  const begin = (request: FastifyRequest, action: AuditEvent['action']): AuditEvent => {
    const callerRequestId = request.headers['x-request-id'];
    return beginEvent({
      time: current().clock(),
      requestId: request.id,
      address: request.ip,
      action,
      ...(typeof callerRequestId === 'string' && CALLER_REQUEST_ID.test(callerRequestId) && { callerRequestId }),
    });
  };

  server.register(adminRoutes, {
    prefix: adminPrefix,
    current,
    begin,
    report: (refusal, request) => {
      if (publicAnswer(refusal, 'invalid_grant').status >= 500)
        options.report(describe(refusal), { requestId: request.id });
    },
  });

  /** Whoever asks how the server is gets an answer, however often. */
  const limit = (endpoint: Endpoint, request: FastifyRequest): void => {
    if (endpoint.place !== 'root') current().requests.ofAddress(request.ip);
  };

  /** Before anything is done for the request. */
  const waitForTurn = (request: FastifyRequest, _reply: FastifyReply, done: (refusal?: Error) => void): void => {
    if (turns.take(done)) return;
    // No row and no line for each: there are thousands of them, and metrics count them.
    events.set(request, begin(request, 'none'));
    done(OVERLOAD);
  };

  for (const endpoint of endpoints) {
    const answering = endpoint.methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    const url = pathOf(endpoint, current().issuer);
    const meet = (request: FastifyRequest, reply: FastifyReply): void => {
      if (endpoint.isThere?.(current()) === false) throw new Refusal('path_unknown');
      if (endpoint.page) pages.add(request);
      if (endpoint.cors) allowAnyOrigin(reply);
      events.set(request, begin(request, endpoint.audit ?? 'none'));
    };
    const prepare = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      meet(request, reply);
      limit(endpoint, request);
      const encoding = request.headers['content-encoding'];
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new Refusal('body_encoded');
      done();
    };
    server.route({
      method: answering,
      url,
      exposeHeadRoute: false,
      onRequest: endpoint.place === 'root' ? prepare : [waitForTurn, prepare],
      handler: async (request, reply) => {
        const event = events.get(request) ?? begin(request, 'none');
        const body = await inTrace(request, { route: url, event }, () =>
          endpoint.answer({ request, reply, services: current(), event, endpoints }),
        );
        if (endpoint.cacheFor !== undefined) {
          reply.removeHeader('Pragma').header('Cache-Control', `public, max-age=${endpoint.cacheFor}`);
        }
        return body;
      },
    });
    otherMethods.set(url, (request, reply) => {
      meet(request, reply);
      if (request.method === 'OPTIONS') return answerPreflight(endpoint, reply);
      limit(endpoint, request);
      throw new Refusal('method_not_allowed', { headers: { Allow: answering.join(', ') } });
    });
  }
  return { server, connections: connections.open };
}

/**
 * Whoever has no certificate is served all the same; what one is worth, the client's method says. Without authorities none is
 * trusted, those of the system least of all.
 */
const askForCertificate = ({ asked, authorities }: HttpOptions['clientCertificates']) =>
  asked && { requestCert: true, rejectUnauthorized: false, ca: [...authorities], allowPartialTrustChain: true };

/** One for all: making an error costs more than the answer. */
const OVERLOAD = new Refusal('overload');

const pathIn = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';
const isBelow = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

/** What every answer has; RFC 6749 section 5.1: nothing keeps it. */
function prepareAnswer(reply: FastifyReply): void {
  reply.headers({
    'X-Request-Id': reply.request.id,
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
}

const describe = (refusal: Refusal): string => {
  const cause = refusal.cause instanceof Error ? (refusal.cause.stack ?? refusal.cause.message) : '';
  return refusal.reason === 'server_error' ? `${refusal.message}\n${cause}` : refusal.message;
};

function allowAnyOrigin(reply: FastifyReply): void {
  reply.header('Access-Control-Allow-Origin', '*');
  reply.header('Access-Control-Expose-Headers', 'DPoP-Nonce, WWW-Authenticate, X-Request-Id');
}

function answerPreflight(endpoint: Endpoint, reply: FastifyReply): FastifyReply {
  const methods = endpoint.methods.join(', ');
  reply.header('Allow', methods);
  if (endpoint.cors) {
    allowAnyOrigin(reply);
    reply.header('Access-Control-Allow-Methods', methods);
    reply.header('Access-Control-Allow-Headers', 'Authorization, Content-Type, DPoP, X-Request-Id');
    reply.header('Access-Control-Max-Age', '600');
  }
  return reply.code(204).send();
}

/** Bytes that never became a request. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  sendBytes(socket, new Refusal(byteReasons[error.code ?? ''] ?? 'http_malformed'));
}

const byteReasons: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'http_slow',
};

/** An answer where there is no request, and the end of the connection. */
function sendBytes(socket: Socket, refusal: Refusal): void {
  const { status, error: code, description } = publicAnswer(refusal, 'invalid_grant');
  const body = JSON.stringify({ error: code, error_description: description });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Pragma: no-cache',
    ...(status === 503 ? [`Retry-After: ${RETRY_AFTER}`] : []),
    `X-Request-Id: ${newId()}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
