// GET and POST /oauth/userinfo (OpenID Connect Core section 5.3): claims about a person, for an access token of theirs with the
// scope openid.
import { identityClaims } from '../../issuing/identity-claims.ts';
import { listedNames } from '../../primitives/scope.ts';
import { shownClaims } from '../../sign-in/person.ts';
import type { Endpoint } from '../endpoint.ts';
import { readPresentedToken, refuseScope, refuseToken } from '../presented-token.ts';

export const userinfo = {
  place: 'below',
  path: '/oauth/userinfo',
  methods: ['GET', 'POST'],
  isThere: ({ people }) => people !== undefined,
  face: 'json',
  cors: true,
  nonces: true,
  audit: 'userinfo',
  metadata: 'userinfo_endpoint',
  answer: async ({ request, services, event }) => {
    const found = await readPresentedToken({ request, services });
    event.client = found.clientId;
    const { sub } = found;
    const scope = listedNames(found.scope);
    if (!scope.has('openid')) throw refuseScope(found, 'openid');
    const accounts = services.people?.context.accounts;
    const account = await accounts?.find(sub);
    if (account === undefined || accounts?.originOf(sub)?.iss !== found.origin?.iss)
      throw refuseToken('access_token_invalid', 'Bearer error="invalid_token"');
    return { status: 200, body: { sub, ...identityClaims(shownClaims(account), scope) } };
  },
} as const satisfies Endpoint;
