// Gets tokens from one server: cached, shared by concurrent callers, or neither, as the grant allows.
import { alone, type TokenCache } from './cache.ts';
import type { Answer, Connection, Pairs } from './connection.ts';
import { ExchangeError } from './errors.ts';
import type { ClientEvent, Listener } from './events.ts';
import { EXCHANGE_GRANT, nameOf, valuesOf } from './request.ts';
import { expiryOf, Token } from './token.ts';

export type Digest = (text: string) => string | Promise<string>;

export interface Getting {
  readonly cache: TokenCache;
  readonly connection: Connection;
  readonly digest: Digest;
  readonly on: Listener | undefined;
  readonly now: () => number;
  /** Whether a key is proven: then a bearer token is not what was asked for. */
  readonly isBound: boolean;
}

/** A request without the texts of its tokens. It is read once, and used for many subjects. */
export interface Ask {
  readonly pairs: Pairs;
  readonly name: string;
  /** `no`: what is issued is for one caller, and used once. */
  readonly keep: 'yes' | 'no';
}

export const askFor = (pairs: Pairs, keep: Ask['keep']): Ask => ({ pairs, name: nameOf(pairs), keep });

/** A token, and its name in the cache. */
export interface Held {
  readonly token: Token;
  readonly key: string;
}

export type Get = (ask: Ask, tokens: Pairs, signal?: AbortSignal) => Promise<Held>;

export function createGet(getting: Getting): Get {
  const { cache, on, digest } = getting;
  const report = (ask: Ask, type: ClientEvent['type'], more?: Partial<ClientEvent>): void =>
    on?.({
      type,
      grant: valuesOf(ask.pairs, 'grant_type')[0] ?? '',
      audience: valuesOf(ask.pairs, 'audience'),
      ...more,
    });
  return async (ask, tokens, signal) => {
    signal?.throwIfAborted();
    // The name is made of the form itself, so that no parameter can be missing from it.
    const name = digest(ask.name + nameOf(tokens));
    const key = typeof name === 'string' ? name : await name;
    const kept = ask.keep === 'yes' ? cache.get(key) : undefined;
    if (kept !== undefined) {
      report(ask, 'hit');
      return { token: kept, key };
    }
    const work = (controller: AbortController) => request(getting, ask, tokens, controller, report);
    if (ask.keep === 'no') return { token: await alone(work, signal), key };
    const parties = await Promise.all(tokens.map(([, text]) => digest(text)));
    const ends = tokens.flatMap(([, text]) => expiryOf(text) ?? []);
    return {
      token: await cache.share({ key, parties, ends, onShared: () => report(ask, 'shared') }, work, signal),
      key,
    };
  };
}

async function request(
  { connection, now, isBound }: Getting,
  ask: Ask,
  tokens: Pairs,
  controller: AbortController,
  report: (ask: Ask, type: ClientEvent['type'], more?: Partial<ClientEvent>) => void,
): Promise<Token> {
  const begun = performance.now();
  const asked = now();
  try {
    const answer = await connection.send([...ask.pairs, ...tokens], {
      endpoint: 'token_endpoint',
      repeatable: ask.keep === 'yes',
      controller,
      onRetry: () => report(ask, 'retry'),
    });
    const token = readAnswer(answer, { asked, isBound, isExchange: ask.pairs[0]?.[1] === EXCHANGE_GRANT });
    report(ask, 'issued', { duration: performance.now() - begun, requestId: token.requestId });
    return token;
  } catch (error) {
    const { code = 'aborted', requestId } = error instanceof ExchangeError ? error : {};
    report(ask, 'refused', { duration: performance.now() - begun, code, requestId });
    throw error;
  }
}

/** @throws ExchangeError invalid_answer */
function readAnswer(
  { issued: answer, headers }: Answer,
  { asked, isBound, isExchange }: { asked: number; isBound: boolean; isExchange: boolean },
): Token {
  const requestId = headers.get('x-request-id') ?? undefined;
  const fault = (what: string, action?: string): ExchangeError =>
    new ExchangeError('invalid_answer', 'server', what, { status: 200, requestId, action });
  // Only an exchange may issue what is not an access token (RFC 8693 section 2.2.1).
  if (answer === undefined || (answer.token_type === 'n_a' && !isExchange))
    throw fault('the answer of the token endpoint is not valid (RFC 6749 section 5.1)');
  if (isExchange && typeof answer.issued_token_type !== 'string')
    throw fault(
      'the answer lacks issued_token_type (RFC 8693 section 2.2.1)',
      'Check that the server implements RFC 8693.',
    );
  if (isBound && answer.token_type === 'bearer')
    throw fault(
      'a proof was sent, and the token is not bound to the key',
      'Leave out dpop, or use a server with DPoP.',
    );
  if (!isBound && answer.token_type === 'dpop')
    throw fault('the token is bound to a key, and no proof was sent', 'Set dpop.');
  return new Token(answer, asked, requestId);
}
