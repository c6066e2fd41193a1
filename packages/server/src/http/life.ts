// What becomes of every request to an endpoint, by whichever way it came? It is begun, met, limited, and where it is refused
// that is recorded and reported.
import { type AuditEvent, beginEvent } from '../audit/event.ts';
import type { Report } from '../primitives/log.ts';
import { newRequestId } from '../primitives/random.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { recordRefusal, toRefusal } from './answer.ts';
import type { Call, Reply } from './call.ts';
import type { Endpoint, HttpServices } from './endpoint.ts';

/** What is known of an answer that has left. */
export interface Answered {
  readonly requestId: string;
  /** The path of the endpoint; undefined where there is none. */
  readonly endpoint: string | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly event: Partial<AuditEvent>;
}

export interface LifeOptions {
  /** Is told of every answer that has left. */
  readonly answered: (answer: Answered) => void;
  /** Is the server about to stop? Then every answer closes its connection. */
  readonly stopping: () => boolean;
  /** About what went wrong on our side. */
  readonly report: Report;
}

export interface Life {
  readonly newId: () => string;
  /** Headers that every answer has. */
  readonly prepare: (reply: Reply, requestId: string) => void;
  /** The record of a request. */
  readonly begin: (call: Call, action: AuditEvent['action']) => AuditEvent;
  /** @throws Refusal path_unknown */
  readonly meet: (endpoint: Endpoint, call: Call, reply: Reply) => AuditEvent;
  /** @throws Refusal address_rate */
  readonly limit: (endpoint: Endpoint, call: Call) => void;
  /** @returns the refusal to answer with; `event` tells of it */
  readonly refuse: (error: unknown, call: Call, event: AuditEvent | undefined) => Promise<Refusal>;
  readonly report: (refusal: Refusal, call: Call) => void;
}

/** A caller's own request id is kept when it is visible ASCII and short. */
const CALLER_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** @param current the services of the configuration that is in force now */
export function createLife(current: () => HttpServices, { stopping, report }: LifeOptions): Life {
  const begin: Life['begin'] = ({ id, ip, headers }, action) => {
    const callerRequestId = headers['x-request-id'];
    return beginEvent({
      time: current().clock(),
      requestId: id,
      address: ip,
      action,
      ...(typeof callerRequestId === 'string' && CALLER_REQUEST_ID.test(callerRequestId) && { callerRequestId }),
    });
  };
  const tell: Life['report'] = (refusal, { id }) => {
    // Of those there are thousands at once, and metrics count them.
    if (refusal.reason === 'overload') return;
    if (publicAnswer(refusal, 'invalid_grant').status >= 500) report(describe(refusal), { requestId: id });
  };
  return {
    newId: () => newRequestId(current().clock()),
    prepare: (reply, requestId) => {
      // RFC 6749 section 5.1: nothing keeps it.
      reply.header('X-Request-Id', requestId);
      reply.header('Cache-Control', 'no-store');
      reply.header('Pragma', 'no-cache');
      reply.header('X-Content-Type-Options', 'nosniff');
      if (stopping()) reply.header('Connection', 'close');
    },
    begin,
    meet: (endpoint, call, reply) => {
      if (endpoint.isThere?.(current()) === false) throw new Refusal('path_unknown');
      if (endpoint.cors) allowAnyOrigin(reply);
      return begin(call, endpoint.audit ?? 'none');
    },
    // Whoever asks how the server is gets an answer, however often.
    limit: ({ place }, { ip }) => {
      if (place !== 'root') current().requests.ofAddress(ip);
    },
    refuse: async (error, call, event) => {
      const refusal = toRefusal(error);
      const audited = event !== undefined && event.action !== 'none';
      const answer = audited ? await recordRefusal(refusal, event, current()) : refusal;
      if (event !== undefined) event.reason = answer.reason;
      tell(answer, call);
      return answer;
    },
    report: tell,
  };
}

/** One for all: making an error costs more than the answer. */
export const OVERLOAD = new Refusal('overload');

/** Before a body is read: none of ours is compressed. @throws Refusal body_encoded */
export function refuseEncoded({ headers }: Call): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new Refusal('body_encoded');
}

export function allowAnyOrigin(reply: Reply): void {
  reply.header('Access-Control-Allow-Origin', '*');
  reply.header('Access-Control-Expose-Headers', 'DPoP-Nonce, WWW-Authenticate, X-Request-Id');
}

const describe = (refusal: Refusal): string => {
  const cause = refusal.cause instanceof Error ? (refusal.cause.stack ?? refusal.cause.message) : '';
  return refusal.reason === 'server_error' ? `${refusal.message}\n${cause}` : refusal.message;
};
