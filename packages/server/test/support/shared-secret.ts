// Resources that share a secret with the server (HS256), and tokens that one of them forges with it.
import { createHmac } from 'node:crypto';
import { withOperators } from './admin-api.ts';
import { API, client } from './basics.ts';
import { canaries } from './canaries.ts';
import { added, type Configuration, changed } from './configuration.ts';
import { base64url } from './harness.ts';
import { introspecting } from './life.ts';
import { configuration } from './people.ts';

export const MINE = 'https://mine.example';
export const OTHER = 'https://other-hs.example';
const SECRET = 'the secret of mine, which is long enough';
export const OTHER_SECRET = 'the secret of the other, long enough too';
export const sharedSecret = (plain = SECRET): Configuration => ({ alg: 'HS256', secret: { plain } });

/** Two resources with their own secrets, their clients, people, and operators. */
export const withSecrets: Configuration = changed(withOperators(configuration), {
  resources: added(
    { audience: MINE, scopes: ['read'], token: sharedSecret() },
    { audience: OTHER, scopes: ['read'], token: sharedSecret(OTHER_SECRET) },
  ),
  clients: added(
    client('gateway', { grants: ['client_credentials', 'token_exchange'], audiences: [API, MINE, OTHER] }),
    introspecting('api', API),
    introspecting('mine', MINE),
    introspecting('theirs', OTHER),
  ),
  rules: added({ client: 'gateway', grant: { audiences: [API, MINE], scopes: ['read'] } }),
});

/** A JWT with this HMAC, by default with the secret of the first resource. */
export function signWithSecret(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>>,
  secret = SECRET,
): string {
  const head = { alg: 'HS256', typ: 'at+jwt', ...header };
  const input = [head, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  const text = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  canaries.plant(text);
  return text;
}

export const headerOf = (text: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString());
