// Calls APIs with a token that is exchanged for a subject's, and exchanges once more if the API refuses it.
import { checkMembers, secureUrl } from './check.ts';
import type { Fetch } from './connection.ts';
import { ExchangeError } from './errors.ts';
import type { Held } from './grants.ts';
import type { Proof, Proofs } from './proofs.ts';
import type { TokenSource } from './source.ts';
import type { Token } from './token.ts';

export interface OnBehalfOf {
  /** The token for the subject of this one. */
  (subject: TokenSource, options?: { readonly signal?: AbortSignal | undefined }): Promise<Token>;
  /** `fetch` with that token. */
  readonly fetch: (
    subject: TokenSource,
    input: string | URL | Request,
    init?: Parameters<Fetch>[1],
  ) => Promise<Response>;
}

export interface Calling {
  readonly hold: (subject: TokenSource, signal: AbortSignal | undefined) => Promise<Held>;
  readonly drop: (held: Held) => void;
  readonly proofs: Proofs | undefined;
  readonly fetch: Fetch;
}

export function createOnBehalfOf(calling: Calling): OnBehalfOf {
  const token = async (subject: TokenSource, options: { readonly signal?: AbortSignal | undefined } = {}) => {
    checkMembers('options', options, ['signal']);
    return (await calling.hold(subject, options.signal)).token;
  };
  return Object.assign(token, {
    fetch: (subject: TokenSource, input: string | URL | Request, init: Parameters<Fetch>[1] = {}) =>
      call(calling, subject, input, init),
  });
}

async function call(
  { hold, drop, proofs, fetch }: Calling,
  subject: TokenSource,
  input: string | URL | Request,
  init: NonNullable<Parameters<Fetch>[1]>,
): Promise<Response> {
  const asked = input instanceof Request ? input : undefined;
  const url = secureUrl('the URL', asked?.url ?? String(input));
  const method = methodOf(init.method ?? asked?.method ?? 'GET');
  const headers = new Headers(init.headers ?? asked?.headers);
  if (headers.has('authorization'))
    throw new TypeError('the request has an Authorization header already: leave it out');
  const signal = init.signal ?? asked?.signal;
  const canRepeat = asked?.body == null && isRepeatable(init.body);
  // It may lead to another party, so the caller decides.
  const redirect = (init.redirect ?? asked?.redirect) === 'error' ? 'error' : 'manual';
  // The caller may change its URL and its options while the token is exchanged.
  const [target, sent] = [asked ?? url.href, { ...init, method, headers, redirect } as const];
  let held = await hold(subject, signal);
  for (let nonceTried = false, renewed = false; ; ) {
    const proof = await present(held.token, headers, url, method, proofs);
    const response = await fetch(target, sent);
    const isNewNonce = proof !== undefined && proofs?.note(url, response.headers, proof) === true;
    if (response.status !== 401) return response;
    const asksForNonce = isNewNonce && /use_dpop_nonce/.test(response.headers.get('www-authenticate') ?? '');
    if (!asksForNonce) drop(held);
    if (!canRepeat || (asksForNonce ? nonceTried : renewed)) return response;
    await response.body?.cancel();
    if (asksForNonce) {
      nonceTried = true;
    } else {
      renewed = true;
      held = await hold(subject, signal);
    }
  }
}

/** `fetch` writes these names in capitals, and no others. The proof must have what is sent. */
const CAPITALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

function methodOf(method: string): string {
  const capital = method.toUpperCase();
  return CAPITALIZED.includes(capital) ? capital : method;
}

/** A stream is gone once it was sent. */
const isRepeatable = (body: unknown): boolean =>
  body == null ||
  typeof body === 'string' ||
  body instanceof URLSearchParams ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body) ||
  body instanceof Blob ||
  body instanceof FormData;

/** @throws ExchangeError for a refresh token or an assertion: no API must see it */
export function textForApi({ token, issuedType, opensApis }: Token): string {
  if (opensApis) return token;
  throw new ExchangeError('invalid_answer', 'server', `a token of the type ${issuedType} does not open an API`, {
    action: 'Ask for an access token: leave out “as”.',
  });
}

/** Puts the token into the headers. @returns the proof that goes with it, if it is bound to a key */
async function present(
  token: Token,
  headers: Headers,
  url: URL,
  method: string,
  proofs: Proofs | undefined,
): Promise<Proof | undefined> {
  const text = textForApi(token);
  headers.set('authorization', `${token.tokenType} ${text}`);
  if (token.tokenType !== 'DPoP' || proofs === undefined) return undefined;
  const proof = await proofs.prove(url, method, text);
  headers.set('dpop', proof.text);
  return proof;
}
