// GET and POST /oauth/userinfo (OpenID Connect Core section 5.3): who somebody is, for whoever holds their access token with
// the scope openid.
import { identityClaims } from '../../issuing/identity-claims.ts';
import { seconds } from '../../primitives/clock.ts';
import { type Reason, Refusal } from '../../primitives/refusal.ts';
import { findOwnAccessToken } from '../../subject-tokens/own-token.ts';
import type { Endpoint } from '../endpoint.ts';

export const userinfo = {
  place: 'below',
  path: '/oauth/userinfo',
  methods: ['GET', 'POST'],
  isThere: ({ people }) => people !== undefined,
  cors: true,
  audit: undefined,
  metadata: 'userinfo_endpoint',
  answer: async ({ request, services }) => {
    const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) throw refuse('access_token_missing', 'Bearer');
    const found = await findOwnAccessToken(token, { ...services, now: seconds(services.clock) });
    // A token that is bound to a key is no bearer token.
    if (found === undefined || 'cnf' in found.claims)
      throw refuse('access_token_invalid', 'Bearer error="invalid_token"');
    const { sub, scope = new Set() } = found;
    if (!scope.has('openid')) throw refuse('access_token_scope', 'Bearer error="insufficient_scope", scope="openid"');
    const account = await services.people?.context.accounts.find(sub);
    if (account === undefined) throw refuse('access_token_invalid', 'Bearer error="invalid_token"');
    return { sub, ...identityClaims(account.claims, scope) };
  },
} as const satisfies Endpoint;

/** RFC 6750 section 3: without credentials the challenge says no more than how. */
const refuse = (reason: Reason, challenge: string): Refusal =>
  new Refusal(reason, { headers: { 'WWW-Authenticate': challenge } });
