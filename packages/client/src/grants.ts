// Gets tokens from one server: cached, shared by concurrent callers, or neither, as the grant allows.
import { alone, type TokenCache } from './cache.ts';
import type { Answer, Connection, Pairs } from './connection.ts';
import { ExchangeError } from './errors.ts';
import type { ClientEvent, Listener } from './events.ts';
import { EXCHANGE_GRANT, nameOf, valuesOf } from './request.ts';
import { scrub } from './scrub.ts';
import { expiryOf, readTokenAnswer, Token } from './token.ts';
import { tokenTypeName } from './token-types.ts';

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
    const parties: string[] = [];
    for (const [, text] of tokens) {
      const one = digest(text);
      parties.push(typeof one === 'string' ? one : await one);
    }
    // The key is made of the form itself, so that no parameter can be missing from it.
    const key = ask.name + nameOf(tokens.map(([name], i) => [name, parties[i] ?? '']));
    const kept = ask.keep === 'yes' ? cache.get(key) : undefined;
    if (kept !== undefined) {
      report(ask, 'hit');
      return { token: kept, key };
    }
    const work = (controller: AbortController) => request(getting, ask, tokens, controller, report);
    if (ask.keep === 'no') return { token: await alone(work, signal), key };
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
    const token = readAnswer(answer, { asked, isBound, pairs: ask.pairs });
    report(ask, 'issued', { duration: performance.now() - begun, requestId: token.requestId });
    return token;
  } catch (error) {
    const cause = controller.signal.aborted ? 'aborted' : 'credentials';
    const { code = cause, requestId } = error instanceof ExchangeError ? error : {};
    report(ask, 'refused', { duration: performance.now() - begun, code, requestId });
    throw error;
  }
}

interface Asked {
  readonly asked: number;
  readonly isBound: boolean;
  readonly pairs: Pairs;
}

/** An access token may be a JWT (RFC 8693 section 3). Servers use both names for it. */
const kindOf = (uri: string): string => tokenTypeName(uri).replace(/^jwt$/, 'access_token');

/** A shorter text may be a word. */
const MIN_TOKEN_CHARACTERS = 16;
/** A shorter id may be a part of a secret by chance. */
const MIN_PART = 8;

/** Whether it repeats a secret, or a part of one. It is asked for each token, and `scrub` is slow. */
const isPartOf = (text: string, secrets: readonly string[]): boolean =>
  secrets.some(
    (secret) => secret !== '' && (text.includes(secret) || (text.length >= MIN_PART && secret.includes(text))),
  );

/** @throws ExchangeError invalid_answer */
function readAnswer({ text, headers, secrets }: Answer, { asked, isBound, pairs }: Asked): Token {
  const answer = readTokenAnswer(text);
  // Programs log the id, the type and the scope.
  const unseen = [...secrets(), answer?.access_token ?? '', answer?.refresh_token ?? ''];
  const repeats = (shown = ''): boolean =>
    unseen.some((secret) => secret.length >= MIN_TOKEN_CHARACTERS && shown.includes(secret));
  const header = headers.get('x-request-id') ?? '';
  const requestId = header === '' || isPartOf(header, unseen) ? undefined : header;
  const fault = (what: string, action?: string): ExchangeError =>
    new ExchangeError('invalid_answer', 'server', what, { status: 200, requestId, action });
  const isExchange = valuesOf(pairs, 'grant_type')[0] === EXCHANGE_GRANT;
  // Only an exchange may issue what is not an access token (RFC 8693 section 2.2.1).
  if (answer === undefined || (answer.token_type === 'n_a' && !isExchange))
    throw fault('the answer of the token endpoint is not valid (RFC 6749 section 5.1)');
  const { token_type: scheme, issued_token_type: type, scope } = answer;
  if (repeats(type) || repeats(scope)) throw fault('its type or its scope repeats a token');
  if (isExchange && type === undefined)
    throw fault(
      'the answer lacks issued_token_type (RFC 8693 section 2.2.1)',
      'Check that the server implements RFC 8693.',
    );
  const [wanted] = valuesOf(pairs, 'requested_token_type');
  if (wanted !== undefined && type !== undefined && kindOf(wanted) !== kindOf(type))
    throw fault(`the answer has the type ${scrub(tokenTypeName(type), [])}, not ${tokenTypeName(wanted)}`);
  if (isBound && scheme === 'bearer')
    throw fault(
      'a proof was sent, and the token is not bound to the key',
      'Leave out dpop, or use a server with DPoP.',
    );
  if (!isBound && scheme === 'dpop') throw fault('the token is bound to a key, and no proof was sent', 'Set dpop.');
  return new Token(answer, asked, requestId);
}
