// Renders pages and refusals. A refusal is JSON for programs (RFC 6749 section 5.2), a page for people, or a problem for operators (RFC 9457).
import { publicAnswer, Refusal, reasons, type TokenErrorCode } from '../primitives/refusal.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import { chooseLook, type Drawing, type Look } from '../sign-in/pages/look.ts';
import { errorPage } from '../sign-in/pages/message.ts';
import { pageHeaders } from '../sign-in/pages/page.ts';
import { problemOf } from './admin/problem.ts';
import type { Face } from './endpoint.ts';
import type { DeveloperError } from './explain-services.ts';
import type { Answer, Headers, Request } from './request.ts';

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
  /** Where the configuration has `developerErrors: true`: only a server on loopback may say so much. */
  readonly developer: DeveloperError | undefined;
  /** For refusals that are pages. */
  readonly look: () => Look;
}

export const renderRefusal = (refusal: Refusal, face: Face, told: Told): Answer => faces[face](refusal, told);

type ToldInJson = Omit<Told, 'look'>;

/** RFC 6749 section 5.2. */
export function renderJson(refusal: Refusal, told: ToldInJson): Answer {
  const { status, error, description } = publicAnswer(refusal, told.tokenErrorCode);
  // RFC 9110 section 15.5.2 wants a challenge with every 401.
  const challenge = status === 401 && { 'WWW-Authenticate': 'Basic realm="cambio", charset="UTF-8"' };
  return {
    status,
    headers: { ...challenge, ...retry(status), ...refusal.headers },
    body: { error, error_description: description, request_id: told.requestId, ...told.developer },
  };
}

const faces: Readonly<Record<Face, (refusal: Refusal, told: Told) => Answer>> = {
  json: renderJson,
  page: (refusal, told) => {
    const { status, description } = publicAnswer(refusal, 'invalid_grant');
    const { headers, body } = drawPage(
      errorPage({
        answer: reasons[refusal.reason].answer,
        message: description,
        parameter: refusal.parameter,
        requestId: told.requestId,
        ...told.developer,
      }),
      told.look(),
    );
    return { status, headers: { ...retry(status), ...refusal.headers, ...headers }, body };
  },
  problem: (refusal, told) => {
    const { status } = publicAnswer(refusal, 'invalid_grant');
    return {
      status,
      headers: { ...retry(status), ...refusal.headers, 'Content-Type': 'application/problem+json; charset=utf-8' },
      body: { ...problemOf(refusal, told.requestId), ...told.developer },
    };
  },
};

export const drawPage = (drawing: Drawing, look: Look) => ({ headers: pageHeaders(look), body: drawing(look) });

/** @param uiLocales what the client asked for earlier, where the request itself does not say */
export const lookFor = ({ query, headers }: Request, branding: Branding, uiLocales?: string): Look =>
  chooseLook(branding, {
    uiLocales: new URLSearchParams(query).get('ui_locales') ?? uiLocales,
    acceptLanguage: headers['accept-language'],
  });

/** With every 503. */
export const retry = (status: number): Headers => (status === 503 ? { 'Retry-After': RETRY_AFTER } : {});

/** Whatever was thrown, as a refusal: what is not one is a fault of ours, and tells nothing outside. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal('server_error', { detail: (error as Error | undefined)?.message, cause: error });
}
