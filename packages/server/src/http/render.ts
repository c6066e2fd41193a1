// Renders pages and refusals. A refusal is JSON (RFC 6749 section 5.2), a page for people, or a problem for operators (RFC 9457).
import { publicAnswer, Refusal, reasons, type TokenErrorCode } from '../primitives/refusal.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import { chooseLook, type Look, type PageRenderer } from '../sign-in/pages/look.ts';
import { errorPage } from '../sign-in/pages/message.ts';
import { pageHeaders } from '../sign-in/pages/page.ts';
import { problemOf } from './admin/problem.ts';
import type { Face } from './endpoint.ts';
import type { DeveloperError } from './explain-services.ts';
import type { Answer, Headers, Request } from './request.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** The headers of every answer. Answers are not cached (RFC 6749 section 5.1). */
export const commonHeaders = (requestId: string): Record<string, string> => ({
  'X-Request-Id': requestId,
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
});

/** When a caller may try again after a failure of this server. */
const RETRY_AFTER_SECONDS = '1';

export interface RefusalContext {
  readonly requestId: string;
  readonly tokenErrorCode: TokenErrorCode;
  /** The short name of the grant of a token request. */
  readonly grant?: string | undefined;
  /** Present if the configuration has `developerErrors: true`, which only a server on loopback may have. */
  readonly developer: DeveloperError | undefined;
  /** For refusals that are pages. */
  readonly look: () => Look;
}

export const renderRefusal = (refusal: Refusal, face: Face, context: RefusalContext): Answer =>
  faces[face](refusal, context);

type JsonContext = Omit<RefusalContext, 'look'>;

/** RFC 6749 section 5.2. */
export function renderJson(refusal: Refusal, context: JsonContext): Answer {
  const { status, error, description } = publicAnswer(refusal, context.tokenErrorCode, context.grant);
  // RFC 9110 section 15.5.2 requires a challenge with every 401.
  const challenge = status === 401 && { 'WWW-Authenticate': 'Basic realm="cambio", charset="UTF-8"' };
  return {
    status,
    headers: { ...challenge, ...retry(status), ...refusal.headers },
    body: {
      error,
      error_description: description,
      ...refusal.members,
      request_id: context.requestId,
      ...context.developer,
    },
  };
}

const faces: Readonly<Record<Face, (refusal: Refusal, context: RefusalContext) => Answer>> = {
  json: renderJson,
  page: (refusal, context) => {
    const { status, description } = publicAnswer(refusal, 'invalid_grant');
    const { headers, body } = drawPage(
      errorPage({
        answer: reasons[refusal.reason].answer,
        message: description,
        parameter: refusal.parameter,
        requestId: context.requestId,
        ...context.developer,
      }),
      context.look(),
    );
    return { status, headers: { ...retry(status), ...refusal.headers, ...headers }, body };
  },
  problem: (refusal, context) => {
    const { status } = publicAnswer(refusal, 'invalid_grant');
    return {
      status,
      headers: { ...retry(status), ...refusal.headers, 'Content-Type': 'application/problem+json; charset=utf-8' },
      body: { ...problemOf(refusal, context.requestId), ...context.developer },
    };
  },
};

export const drawPage = (drawing: PageRenderer, look: Look) => ({ headers: pageHeaders(look), body: drawing(look) });

/** @param uiLocales from an earlier request of the client, if this one has none */
export const lookFor = ({ query, headers }: Request, branding: Branding, uiLocales?: string): Look =>
  chooseLook(branding, {
    uiLocales: new URLSearchParams(query).get('ui_locales') ?? uiLocales,
    acceptLanguage: headers['accept-language'],
  });

/** Every 503 has Retry-After. */
export const retry = (status: number): Headers => (status === 503 ? { 'Retry-After': RETRY_AFTER_SECONDS } : {});

/** Turns any error into a refusal. An error that is not one is a fault of this server, and is not shown to the caller. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal('server_error', { detail: (error as Error | undefined)?.message, cause: error });
}
