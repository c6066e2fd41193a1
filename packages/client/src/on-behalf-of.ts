// Calls APIs with a token that is exchanged for a subject's, and exchanges once more if the API refuses it.
import { secureUrl } from './check.ts';
import type { Fetch } from './connection.ts';
import { ExchangeError } from './errors.ts';
import type { Held } from './grants.ts';
import type { Proofs } from './proofs.ts';
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
  const token = async (subject: TokenSource, { signal }: { signal?: AbortSignal | undefined } = {}) =>
    (await calling.hold(subject, signal)).token;
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
  let held = await hold(subject, signal);
  for (let nonceTried = false, renewed = false; ; ) {
    const response = await fetch(input, {
      ...init,
      method,
      headers: await present(held.token, headers, url, method, proofs),
    });
    const isNewNonce = proofs?.note(url, response.headers) ?? false;
    if (response.status !== 401 || !canRepeat) return response;
    if (isNewNonce && !nonceTried && /use_dpop_nonce/.test(response.headers.get('www-authenticate') ?? '')) {
      nonceTried = true;
    } else {
      drop(held);
      if (renewed) return response;
      renewed = true;
      held = await hold(subject, signal);
    }
    await response.body?.cancel();
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

async function present(
  { token, tokenType, issuedType }: Token,
  headers: Headers,
  url: URL,
  method: string,
  proofs: Proofs | undefined,
): Promise<Headers> {
  if (tokenType === 'N_A')
    throw new ExchangeError('invalid_answer', 'server', `a token of the type ${issuedType} does not open an API`, {
      action: 'Ask for an access token: leave out “as”.',
    });
  const own = new Headers(headers);
  own.set('authorization', `${tokenType} ${token}`);
  if (tokenType === 'DPoP' && proofs) own.set('dpop', await proofs.prove(url, method, token));
  return own;
}
