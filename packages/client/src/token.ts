// A token that a server issued, and how long it may be used.
import { membersOf } from './json.ts';
import { isTokenText } from './source.ts';
import { ONCE, tokenTypeName } from './token-types.ts';

export type TokenScheme = 'Bearer' | 'DPoP' | 'N_A';

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly access_token: string;
  /** In lower case. */
  readonly token_type: string;
  readonly expires_in?: number | undefined;
  readonly scope?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly issued_token_type?: string | undefined;
}

const SCHEMES: Readonly<Record<string, TokenScheme>> = { bearer: 'Bearer', dpop: 'DPoP', n_a: 'N_A' };

/** Programs log the scope and the type: no text of a server may control a terminal (RFC 6749 section 3.3). */
const isPrintable = (text: unknown): boolean => typeof text === 'string' && /^[\x20-\x7e]*$/.test(text);

/** @returns undefined if it is not valid */
export function readTokenAnswer(text: string): TokenAnswer | undefined {
  const { access_token, token_type, expires_in, scope, refresh_token, issued_token_type } = membersOf(text);
  const scheme = typeof token_type === 'string' ? token_type.toLowerCase() : '';
  const seconds = typeof expires_in === 'string' && /^\d+$/.test(expires_in) ? Number(expires_in) : expires_in;
  const isValid =
    isTokenText(access_token) &&
    Object.hasOwn(SCHEMES, scheme) &&
    (seconds === undefined || (Number.isFinite(seconds) && Number(seconds) >= 0)) &&
    [scope, issued_token_type].every((member) => member === undefined || isPrintable(member)) &&
    (refresh_token === undefined || isTokenText(refresh_token));
  if (!isValid) return undefined;
  const answer = { access_token, token_type: scheme, expires_in: seconds, scope, refresh_token, issued_token_type };
  return answer as TokenAnswer;
}

/** The texts of tokens are private: `inspect`, `JSON.stringify` and logs show everything else. */
export class Token {
  readonly #token: string;
  readonly #refreshToken: string | undefined;
  /** How it is presented. `N_A`: it is not an access token. */
  readonly tokenType: TokenScheme;
  /** Milliseconds since 1970. Undefined if neither the answer nor the token says. */
  readonly expiresAt: number | undefined;
  /** What was granted. Undefined if the answer does not say: then it is what was asked for. */
  readonly scope: readonly string[] | undefined;
  /** A short name, or a URI. */
  readonly issuedType: string;
  readonly requestId: string | undefined;

  /** @param asked when the request was made, in milliseconds */
  constructor(answer: TokenAnswer, asked: number, requestId: string | undefined) {
    this.#token = answer.access_token;
    this.#refreshToken = answer.refresh_token;
    this.tokenType = SCHEMES[answer.token_type] ?? 'N_A';
    const ends = [
      answer.expires_in === undefined ? undefined : asked + answer.expires_in * 1000,
      expiryOf(answer.access_token),
    ].filter((end) => end !== undefined);
    this.expiresAt = ends.length === 0 ? undefined : Math.min(...ends);
    this.scope = answer.scope === undefined ? undefined : Object.freeze(answer.scope.split(' ').filter(Boolean));
    this.issuedType = answer.issued_token_type === undefined ? 'access_token' : tokenTypeName(answer.issued_token_type);
    this.requestId = requestId;
    // Callers share it.
    Object.freeze(this);
  }

  get token(): string {
    return this.#token;
  }

  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  get opensApis(): boolean {
    return this.tokenType !== 'N_A' && !ONCE.includes(this.issuedType);
  }

  /** Whether two callers may have the same one. Refresh tokens rotate, and tokens that open no API are often used once. */
  get shareable(): boolean {
    return this.opensApis && this.#refreshToken === undefined;
  }
}

/** The `exp` of a JWT, in milliseconds. Undefined for any other text: nothing is verified here. */
export function expiryOf(token: string): number | undefined {
  // Each byte is read as a character: faster, and the same for a number.
  const { exp } = parsePayload(token, (bytes) => bytes);
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** The claims of a JWT, unverified; empty for any other text. */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
  parsePayload(token, (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0))));

function parsePayload(token: string, decode: (bytes: string) => string): Readonly<Record<string, unknown>> {
  const [, payload, signature, ...more] = token.split('.');
  if (payload === undefined || signature === undefined || more.length > 0) return {};
  try {
    return membersOf(decode(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))));
  } catch {
    return {};
  }
}
