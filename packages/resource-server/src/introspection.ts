// Introspects tokens at the issuer (RFC 7662) with the credentials of this API, and caches answers for as long as the API allows.
import { createHash } from 'node:crypto';
import { parseJson } from './json.ts';
import { Denial } from './refusal.ts';
import type { Claims } from './requirements.ts';
import { readText } from './utf8.ts';

export interface IntrospectionOptions {
  /** Default `<issuer>/oauth/introspect`. */
  readonly endpoint?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** As in the client's entry at the server. Default `client_secret_basic`. */
  readonly method?: 'client_secret_basic' | 'client_secret_post';
  /** `all`: JWTs too, so that a revoked JWT is refused at once. Default `opaque`. */
  readonly tokens?: 'opaque' | 'all';
  /** Seconds to cache an answer. A token that is revoked meanwhile is still accepted. Default 0. */
  readonly cacheFor?: number;
}

/** Returns the claims of an active token. @throws Denial invalid_token, temporarily_unavailable */
export type Introspect = (token: string) => Promise<Claims>;

/** Maximum number of cached answers. */
const MAX_REMEMBERED = 10_000;
const TIMEOUT_MS = 3000;

export function createIntrospection(
  { endpoint, clientId, clientSecret, method = 'client_secret_basic', cacheFor = 0 }: IntrospectionOptions,
  issuer: string,
  clock: () => number,
): Introspect {
  const url = endpoint ?? `${issuer.replace(/\/$/, '')}/oauth/introspect`;
  const basic = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
  const remembered = new Map<string, { readonly claims: Claims; readonly until: number }>();

  const ask = async (token: string): Promise<Claims> => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          Accept: 'application/json',
          ...(method === 'client_secret_basic' && { Authorization: `Basic ${basic}` }),
        },
        body: new URLSearchParams({
          token,
          ...(method === 'client_secret_post' && { client_id: clientId, client_secret: clientSecret }),
        }),
      });
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
      const answer = parseJson(await readText(response)) as Claims | null;
      if (typeof answer?.active !== 'boolean') throw new Error(`${url} does not say whether the token is active`);
      return answer;
    } catch (cause) {
      throw new Denial('temporarily_unavailable', { cause });
    }
  };
  return async (token) => {
    const name = createHash('sha256').update(token).digest('base64url');
    const known = remembered.get(name);
    if (known !== undefined && clock() < known.until) return known.claims;
    remembered.delete(name);
    const claims = await ask(token);
    const { active, exp, token_type: type } = claims;
    // The issuer also knows refresh tokens. An API does not accept them.
    if (!active || (type !== 'Bearer' && type !== 'DPoP') || typeof exp !== 'number' || exp * 1000 <= clock()) {
      throw new Denial('invalid_token');
    }
    if (cacheFor > 0) {
      const [oldest] = remembered.size < MAX_REMEMBERED ? [] : remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(name, { claims, until: Math.min(clock() + cacheFor * 1000, exp * 1000) });
    }
    return claims;
  };
}

/** RFC 6749 section 2.3.1 and appendix B. */
const formEncode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
