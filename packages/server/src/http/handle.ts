// Handles a request in eight phases, in this order, for every endpoint. Nothing else answers a request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AuditEvent, beginEvent } from '../audit/event.ts';
import type { Report } from '../primitives/log.ts';
import { newRequestId } from '../primitives/random.ts';
import { redactTokens } from '../primitives/redact.ts';
import { answeredAs, publicAnswer, type Refusal } from '../primitives/refusal.ts';
import type { Admission } from './admission.ts';
import { type Bodies, NO_BODY } from './body.ts';
import type { Connections } from './connections.ts';
import type { Endpoint, HttpServices } from './endpoint.ts';
import { describeForDeveloper, isSentFromHere } from './explain-services.ts';
import type { Proxies } from './proxies.ts';
import { recordRefusal } from './record.ts';
import { commonHeaders, JSON_TYPE, lookFor, renderRefusal, toRefusal } from './render.ts';
import type { Answer, Request } from './request.ts';
import type { Route, Router } from './router.ts';
import { inTrace } from './trace.ts';

/** Facts about an answer that has left. */
export interface Answered {
  readonly requestId: string;
  /** The path of the endpoint; undefined for an unknown path. */
  readonly endpoint: string | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly event: AuditEvent;
}

export interface HandlerOptions {
  readonly endpoints: readonly Endpoint[];
  /** Returns the services of the configuration in force. */
  readonly current: () => HttpServices;
  readonly router: Router;
  readonly proxies: Proxies;
  readonly admission: Admission;
  readonly bodies: Bodies;
  readonly connections: Connections;
  /** The time within which the caller must read the answer. */
  readonly answerDeadlineMs: number;
  /** Called for every answer that has left. */
  readonly answered: (answer: Answered) => void;
  /** Is the server about to stop? Then every answer closes its connection. */
  readonly stopping: () => boolean;
  /** Reports failures of this server. */
  readonly report: Report;
}

export type Handler = (incoming: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createHandler(options: HandlerOptions): Handler {
  const { endpoints, current, router, proxies, admission, bodies, connections, answered, report } = options;

  return async (incoming, response) => {
    const since = performance.now();
    connections.works(incoming.socket);
    const body = bodies.open(incoming);
    // 1. The endpoint. Every path has one, if only to refuse it.
    const route = router.find(incoming, current());
    const { endpoint, label, verdict } = route;
    // 2. Its id, the caller's address, and the headers that every answer has.
    const id = newRequestId(current().clock());
    const request = readHead(incoming, id, route, proxies.callerOf(incoming));
    const headers = headersOf(id, endpoint, options.stopping());
    // 3. The record: facts about the request are noted here, for metrics, trace and audit row.
    const event = begin(request, endpoint.audit ?? 'other', current());
    let answer: Answer;
    try {
      // 4. Admission: its turn, and the rate limit of its address. Health checks wait for neither.
      const turn = endpoint.urgent ? undefined : admission.enter();
      if (turn !== undefined) await turn;
      answer = await inTrace(request, { route: label, event }, async () => {
        if (!endpoint.urgent) current().requests.ofAddress(request.address);
        if (verdict === 'preflight') return answerPreflight(route);
        if (verdict !== 'answer') throw verdict;
        // 5. The body: uncompressed, within the limits, in time.
        const read = body.read();
        request.body = read instanceof Promise ? await read : read;
        // 6. The endpoint, with what other nodes wrote.
        const late = endpoint.urgent ? undefined : current().freshness.catchUp();
        if (late !== undefined) await late;
        const services = current();
        event.configuration = services.configuration;
        if (endpoint.nonces && services.nonces) headers['DPoP-Nonce'] = services.nonces.current();
        const exchange = { request, services, event, endpoints };
        await endpoint.authorize?.(exchange);
        return await endpoint.answer(exchange);
      });
      if (endpoint.cacheFor !== undefined && verdict === 'answer') allowKeeping(headers, endpoint.cacheFor);
    } catch (error) {
      // 7. The refusal: its record is completed and committed, and it is rendered in the form of the endpoint.
      const refusal = await recordRefusal(toRefusal(error), event, current());
      reportFault(report, refusal, id);
      const { tokenErrorCode, developerErrors, branding } = current();
      const developer =
        developerErrors && isSentFromHere(request)
          ? describeForDeveloper(refusal, event, { services: current(), endpoints, path: request.path })
          : undefined;
      const look = () => lookFor(request, branding);
      answer = renderRefusal(refusal, endpoint.face, {
        requestId: id,
        tokenErrorCode,
        developer,
        look,
        grant: answeredAs(event),
      });
    } finally {
      if (!body.release()) headers.Connection = 'close';
    }
    // 8. The answer, and the report on it when it has left.
    send(response, answer, headers);
    connections.waits(incoming.socket);
    const { status } = answer;
    whenLeft(response, options.answerDeadlineMs, () =>
      answered({ requestId: id, endpoint: label, status, seconds: (performance.now() - since) / 1000, event }),
    );
  };
}

function reportFault(report: Report, refusal: Refusal, requestId: string): void {
  // There are thousands of overload refusals at once, and metrics count them.
  if (refusal.reason === 'overload') return;
  if (publicAnswer(refusal, 'invalid_grant').status >= 500) report(describe(refusal), { requestId });
}

function readHead(
  { method = '', headers, socket }: IncomingMessage,
  id: string,
  route: Route,
  address: string,
): { -readonly [K in keyof Request]: Request[K] } {
  const { path, query, parameters } = route;
  return { id, method, path, query, parameters, headers, body: NO_BODY, address, socket };
}

const ANY_ORIGIN = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id',
};

function headersOf(id: string, { cors }: Endpoint, closing: boolean): Record<string, string> {
  const headers = commonHeaders(id);
  if (cors) Object.assign(headers, ANY_ORIGIN);
  if (closing) headers.Connection = 'close';
  return headers;
}

function allowKeeping(headers: Record<string, string>, seconds: number): void {
  headers['Cache-Control'] = `public, max-age=${seconds}`;
  delete headers.Pragma;
}

/** The request id of the caller is recorded if it is visible ASCII and short. */
const CALLER_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

function begin(
  { id, address, headers }: Request,
  action: AuditEvent['action'],
  { clock, configuration }: HttpServices,
): AuditEvent {
  const callerRequestId = headers['x-request-id'];
  return beginEvent({
    time: clock(),
    requestId: id,
    address,
    action,
    configuration,
    ...(typeof callerRequestId === 'string' &&
      CALLER_REQUEST_ID.test(callerRequestId) && {
        callerRequestId: redactTokens(callerRequestId),
      }),
  });
}

function answerPreflight({ endpoint, methods }: Route): Answer {
  const asked = methods.filter((method) => method !== 'HEAD').join(', ');
  const cors = {
    'Access-Control-Allow-Methods': asked,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP, X-Request-Id',
    'Access-Control-Max-Age': '600',
  };
  return { status: 204, headers: { Allow: methods.join(', '), ...(endpoint.cors && cors) } };
}

const describe = (refusal: Refusal): string => {
  const cause = refusal.cause instanceof Error ? (refusal.cause.stack ?? refusal.cause.message) : '';
  return refusal.reason === 'server_error' ? `${refusal.message}\n${cause}` : refusal.message;
};

/** @param all the headers of every answer; those of this answer are added */
function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  all: Record<string, string | readonly string[]>,
): void {
  if (headers !== undefined) Object.assign(all, headers);
  if (body === undefined) return void response.writeHead(status, all as Record<string, string>).end();
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  all['Content-Type'] ??= JSON_TYPE;
  all['Content-Length'] = String(typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength);
  response.writeHead(status, all as Record<string, string>).end(text);
}

/** Calls `onLeft` when the answer has left. The caller may be gone by then. A caller that does not read loses its connection. */
function whenLeft(response: ServerResponse, deadlineMs: number, onLeft: () => void): void {
  if (response.destroyed) {
    onLeft();
    return;
  }
  const { socket } = response;
  const isRead = socket === null || socket.writableLength === 0;
  const timer = isRead ? undefined : setTimeout(() => socket.destroy(), deadlineMs).unref();
  // Node emits it once.
  response.on('close', () => {
    clearTimeout(timer);
    onLeft();
  });
}
