// The common part of the framework adapters: takes the token of the incoming request as the subject of an exchange.
import { ExchangeError } from './errors.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';
import type { Token } from './token.ts';

/** `Request` is the request type of the framework, `Middleware` its type of a handler that runs before the route. */
export interface Forwarder<Request, Middleware> {
  /** Exchanges before the handler runs, and answers 401, 403 or 503 if that fails because of the caller or the server. */
  readonly require: () => Middleware;
  /** The token for the API. @throws ExchangeError */
  readonly token: (request: Request) => Promise<Token>;
  /** Calls the API with it. @throws ExchangeError */
  readonly fetch: (request: Request, ...call: Tail<Parameters<OnBehalfOf['fetch']>>) => Promise<Response>;
}

type Tail<List extends unknown[]> = List extends [unknown, ...infer Rest] ? Rest : never;

/** An answer to the caller instead of the handler's. */
export interface Denied {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly request_id?: string };
}

/**
 * @param read returns the values of the Authorization headers
 * @param build makes a middleware from a function that returns an answer, or undefined if the handler may run
 */
export function createForwarderOf<Request extends object, Middleware>(
  onBehalfOf: OnBehalfOf,
  read: (request: Request) => readonly string[],
  build: (admit: (request: Request) => Promise<Denied | undefined>) => Middleware,
): Forwarder<Request, Middleware> {
  const subjectOf = (request: Request): string => {
    const [value = '', ...more] = read(request);
    const [, token] = /^(?:Bearer|DPoP) +(\S+)$/i.exec(value) ?? [];
    if (token !== undefined && more.length === 0) return token;
    throw new ExchangeError(
      'invalid_token',
      'subject',
      'the request does not have one token in its Authorization header',
      {
        action: 'Send Authorization: Bearer TOKEN.',
      },
    );
  };
  return {
    require: () =>
      build(async (request) => {
        try {
          await onBehalfOf(subjectOf(request));
          return undefined;
        } catch (error) {
          const denied = error instanceof ExchangeError ? denialOf(error, read(request).length > 0) : undefined;
          if (denied === undefined) throw error;
          return denied;
        }
      }),
    token: async (request) => onBehalfOf(subjectOf(request)),
    fetch: async (request, ...call) => onBehalfOf.fetch(subjectOf(request), ...call),
  };
}

/** Undefined for a fault of this program, which is not the caller's: its credentials, its issuer, or its actor token. */
function denialOf(error: ExchangeError, hasToken: boolean): Denied | undefined {
  const { code, about, retryable, retryAfter, requestId } = error;
  const answer = (status: number, error: string, headers: Denied['headers'] = {}): Denied => ({
    status,
    headers: { 'Cache-Control': 'no-store', ...headers },
    body: { error, ...(requestId !== undefined && { request_id: requestId }) },
  });
  // RFC 6750 section 3.1: without a token the challenge has no code.
  if (about === 'subject')
    return hasToken
      ? answer(401, 'invalid_token', { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
      : answer(401, 'missing', { 'WWW-Authenticate': 'Bearer' });
  if (about === 'target' || about === 'scope' || about === 'policy')
    return answer(403, 'insufficient_scope', { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' });
  // A wrong issuer: a later request would fail alike, and nobody would see why.
  if (code === 'invalid_answer' && !retryable) return undefined;
  if (about === 'server') return answer(503, 'temporarily_unavailable', { 'Retry-After': String(retryAfter ?? 1) });
  return undefined;
}

/** The values of the Authorization headers of a request of node:http, with duplicates. */
export const authorizationsOf = (rawHeaders: readonly string[]): readonly string[] =>
  rawHeaders.filter((_value, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization');
