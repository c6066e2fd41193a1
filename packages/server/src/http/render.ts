// One refusal, three faces: JSON for programs (RFC 6749 section 5.2), a page for people, a problem for operators (RFC 9457).
import { publicAnswer, Refusal, type TokenErrorCode } from '../primitives/refusal.ts';
import { errorPage } from '../sign-in/pages/message.ts';
import { pageHeaders } from '../sign-in/pages/page.ts';
import { problemOf } from './admin/problem.ts';
import type { Face } from './endpoint.ts';
import type { Answer, Headers } from './request.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** What every answer has; nothing keeps it (RFC 6749 section 5.1). */
export const commonHeaders = (requestId: string): Record<string, string> => ({
  'X-Request-Id': requestId,
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
});

/** Seconds after which a caller may ask again when something of ours failed. */
export const RETRY_AFTER = '1';

export interface Told {
  readonly requestId: string;
  readonly tokenErrorCode: TokenErrorCode;
}

export const renderRefusal = (refusal: Refusal, face: Face, told: Told): Answer => faces[face](refusal, told);

const faces: Readonly<Record<Face, (refusal: Refusal, told: Told) => Answer>> = {
  json: (refusal, { tokenErrorCode }) => {
    const { status, error, description } = publicAnswer(refusal, tokenErrorCode);
    // RFC 9110 section 15.5.2 wants a challenge with every 401.
    const challenge = status === 401 && { 'WWW-Authenticate': 'Basic realm="cambio", charset="UTF-8"' };
    return {
      status,
      headers: { ...challenge, ...retry(status), ...refusal.headers },
      body: { error, error_description: description },
    };
  },
  page: (refusal, { requestId }) => {
    const { status, description } = publicAnswer(refusal, 'invalid_grant');
    return {
      status,
      headers: { ...retry(status), ...refusal.headers, ...pageHeaders },
      body: errorPage({ message: description, requestId }),
    };
  },
  problem: (refusal, { requestId }) => {
    const { status } = publicAnswer(refusal, 'invalid_grant');
    return {
      status,
      headers: { ...retry(status), ...refusal.headers, 'Content-Type': 'application/problem+json; charset=utf-8' },
      body: problemOf(refusal, requestId),
    };
  },
};

/** With every 503. */
export const retry = (status: number): Headers => (status === 503 ? { 'Retry-After': RETRY_AFTER } : {});

/** Whatever was thrown, as a refusal: what is not one is a fault of ours, and tells nothing outside. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal('server_error', { detail: (error as Error | undefined)?.message, cause: error });
}
