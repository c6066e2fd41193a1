// The one place where an error becomes an answer, and where the audit record of a refusal is completed.
import type { FastifyReply } from 'fastify';
import type { AuditEvent } from '../audit/event.ts';
import { isName } from '../primitives/principal.ts';
import { publicAnswer, type Reason, Refusal, reasons, type TokenErrorCode } from '../primitives/refusal.ts';
import type { HttpServices } from './endpoint.ts';

/** What Fastify throws before a handler runs. */
const frameworkReasons: Readonly<Record<string, Reason>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'form_malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'http_malformed',
  FST_ERR_BAD_URL: 'path_unknown',
  // The body broke off.
  ECONNRESET: 'http_malformed',
};

/** Seconds after which a caller may ask again when something of ours failed. */
export const RETRY_AFTER = '1';

/** Whatever was thrown, as a refusal: what is not one is a fault of ours, and tells nothing outside. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, message } = error as { code?: string; message?: string };
  return new Refusal(frameworkReasons[code ?? ''] ?? 'server_error', { detail: message, cause: error });
}

/** @returns the refusal to answer with: another one where not even the record of this one could be written. */
export async function recordRefusal(
  refusal: Refusal,
  event: AuditEvent,
  { audit, throttled, clock }: Pick<HttpServices, 'audit' | 'throttled' | 'clock'>,
): Promise<Refusal> {
  const failed = publicAnswer(refusal, 'invalid_grant').status >= 500;
  Object.assign(event, {
    outcome: failed ? 'failed' : 'refused',
    reason: refusal.reason,
    ...(refusal.parameter !== undefined && { parameter: refusal.parameter }),
    ...(refusal.detail !== undefined && { detail: refusal.detail }),
    ...(refusal.client !== undefined && { client: refusal.client }),
    ...(isName(refusal.clientClaimed) && { clientClaimed: refusal.clientClaimed.slice(0, 256) }),
    duration: clock() - event.time,
  } satisfies Partial<AuditEvent>);
  if (reasons[refusal.reason].answer === 'too_many') {
    throttled.count(event);
    return refusal;
  }
  try {
    await audit.append(event);
    return refusal;
  } catch (error) {
    return failed ? refusal : toRefusal(error);
  }
}

interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

/** RFC 6749 section 5.2; RFC 9110 section 15.5.2 wants a challenge with every 401. */
export function refusalAnswer(refusal: Refusal, tokenErrorCode: TokenErrorCode): RefusalAnswer {
  const { status, error, description } = publicAnswer(refusal, tokenErrorCode);
  const headers = {
    ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="cambio", charset="UTF-8"' }),
    ...(status === 503 && { 'Retry-After': RETRY_AFTER }),
    ...refusal.headers,
  };
  return { status, headers, body: { error, error_description: description } };
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal, tokenErrorCode: TokenErrorCode): FastifyReply {
  const { status, headers, body } = refusalAnswer(refusal, tokenErrorCode);
  return reply.code(status).headers(headers).send(body);
}
