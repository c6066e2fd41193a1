// Fastify, and nothing of it beyond this folder: routes made from the list of endpoints, and before it the short way of those
// that need none.
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { compile, default as proxyAddress } from '@fastify/proxy-addr';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AuditEvent } from '../audit/event.ts';
import { Refusal } from '../primitives/refusal.ts';
import { ADMIN_PATH } from './admin/openapi.ts';
import { adminRoutes } from './admin/routes.ts';
import { sendRefusal, toRefusal } from './answer.ts';
import { refusalPage, sendPage } from './browser.ts';
import { refuseBytes, sendBytes } from './bytes.ts';
import { limitConnections } from './connections.ts';
import { directWay, type Listener } from './direct.ts';
import { type Endpoint, type HttpServices, isPlain, pathOf } from './endpoint.ts';
import { endpoints } from './endpoints/index.ts';
import { allowAnyOrigin, createLife, type Life, type LifeOptions, OVERLOAD, refuseEncoded } from './life.ts';
import { createNodeServer, type NodeServerOptions } from './node-server.ts';
import { inTrace } from './trace.ts';
import { createTurns, type Turns } from './turns.ts';

export interface HttpOptions extends NodeServerOptions, LifeOptions {
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  readonly limits: {
    /** Bytes of a request body. */
    readonly body: number;
    readonly connections: number;
    /** Requests that have arrived and are not begun. */
    readonly waiting: number;
  };
}

export interface HttpServer {
  readonly server: FastifyInstance;
  /** How many are open now. */
  readonly connections: () => number;
}

/** @param current the services of the configuration that is in force now. */
export function createHttpServer(current: () => HttpServices, options: HttpOptions): HttpServer {
  const life = createLife(current, options);
  const turns = createTurns(options.limits.waiting);
  const isProxy = options.trustProxy.length > 0 && compile([...options.trustProxy]);
  const direct = directWays(current, life, {
    ...options,
    turns,
    addressOf: isProxy ? (request) => proxyAddress(request, isProxy) : ({ socket }) => socket.remoteAddress ?? '',
  });
  const server = Fastify({
    serverFactory: (framework: RequestListener): Server =>
      createNodeServer(options, (request, response) => {
        const way = request.method === 'POST' ? direct.get(request.url ?? '') : undefined;
        if (way === undefined) framework(request, response);
        else way(request, response);
      }),
    bodyLimit: options.limits.body,
    trustProxy: isProxy,
    genReqId: life.newId,
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while the server stops is answered, and the connection closed.
    return503OnClosing: false,
    clientErrorHandler: refuseBytes,
    // Before any hook has run: a path that cannot be read.
    frameworkErrors: (error, { id }, reply) => {
      life.prepare(reply, id);
      return sendRefusal(reply as FastifyReply, toRefusal(error), current().tokenErrorCode);
    },
  }) as FastifyInstance;
  const connections = limitConnections(server.server, options.limits.connections, (socket) =>
    options.tls ? socket.destroy() : sendBytes(socket, new Refusal('connections')),
  );
  const events = new WeakMap<FastifyRequest, AuditEvent>();
  const pages = new WeakSet<FastifyRequest>();

  // One reader for bodies: what they are is the form parser's to say.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  /** By path: what becomes of a method that the endpoint does not answer. A route for each would double the start. */
  const otherMethods = new Map<string, (request: FastifyRequest, reply: FastifyReply) => FastifyReply>();
  const adminPrefix = pathOf({ place: 'below', path: ADMIN_PATH }, current().issuer);
  server.addHook('onRequest', (request, reply, done) => {
    life.prepare(reply, request.id);
    if (!request.is404) return done();
    const path = pathIn(request);
    if (isBelow(path, adminPrefix)) return done();
    // Before a body is read.
    const answer = otherMethods.get(path);
    if (answer === undefined) throw new Refusal('path_unknown');
    answer(request, reply);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const refusal = await life.refuse(error, request, events.get(request));
    if (pages.has(request)) return sendPage(reply, refusalPage(refusal, request.id));
    return sendRefusal(reply, refusal, current().tokenErrorCode);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { statusCode: status, elapsedTime } = reply;
    const event = events.get(request) ?? {};
    const { url: endpoint } = request.routeOptions;
    options.answered({ requestId: request.id, endpoint, status, seconds: elapsedTime / 1000, event });
    done();
  });

  server.register(adminRoutes, { prefix: adminPrefix, current, begin: life.begin, report: life.report });

  /** Before anything is done for the request. */
  const waitForTurn = (request: FastifyRequest, _reply: FastifyReply, done: (refusal?: Error) => void): void => {
    if (turns.take(done)) return;
    // No row and no line for each: there are thousands of them, and metrics count them.
    events.set(request, life.begin(request, 'none'));
    done(OVERLOAD);
  };

  for (const endpoint of endpoints as readonly Endpoint[]) {
    const answering = endpoint.methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    const url = pathOf(endpoint, current().issuer);
    const meet = (request: FastifyRequest, reply: FastifyReply): void => {
      const event = life.meet(endpoint, request, reply);
      if (endpoint.page) pages.add(request);
      events.set(request, event);
    };
    const prepare = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      meet(request, reply);
      life.limit(endpoint, request);
      refuseEncoded(request);
      done();
    };
    server.route({
      method: answering,
      url,
      exposeHeadRoute: false,
      onRequest: endpoint.place === 'root' ? prepare : [waitForTurn, prepare],
      handler: async (request, reply) => {
        const event = events.get(request) ?? life.begin(request, 'none');
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
      life.limit(endpoint, request);
      throw new Refusal('method_not_allowed', { headers: { Allow: answering.join(', ') } });
    });
  }
  return { server, connections: connections.open };
}

/** By the path that a POST names, character for character. */
function directWays(
  current: () => HttpServices,
  life: Life,
  options: HttpOptions & { readonly addressOf: (request: IncomingMessage) => string; readonly turns: Turns },
): ReadonlyMap<string, Listener> {
  const { answered, addressOf, turns } = options;
  const common = { endpoints, current, life, turns, addressOf, answered, bodyLimit: options.limits.body };
  return new Map(
    endpoints.filter(isPlain).map((endpoint) => {
      const url = pathOf(endpoint, current().issuer);
      return [url, directWay({ endpoint, url, ...common })];
    }),
  );
}

const pathIn = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';
const isBelow = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

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
