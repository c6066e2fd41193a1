// POST /oauth/introspect (RFC 7662): whether a token is active, and its claims. Only the client of the token and the APIs that it
// is for see it as active.

import { INTROSPECTION_MEDIA_TYPE, signIntrospection } from '../../issuing/introspection-jwt.ts';
import type { Client } from '../../model/client.ts';
import type { TokenFacts } from '../../model/token-facts.ts';
import { tokenTypeOf } from '../../primitives/confirmation.ts';
import { formatAct, formatOrigin } from '../../primitives/principal.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { formatScope, listedNames } from '../../primitives/scope.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import { findOwnToken, findResourceToken, type OwnTokenContext } from '../../subject-tokens/own-token.ts';
import { readTokenQuestion } from '../client-request.ts';
import type { Endpoint } from '../endpoint.ts';

export const introspect = {
  place: 'below',
  path: '/oauth/introspect',
  methods: ['POST'],
  face: 'json',
  cors: false,
  audit: 'introspect',
  metadata: 'introspection_endpoint',
  publicClients: 'never',
  answer: async ({ request, services, event }) => {
    const { client, method, token, context } = await readTokenQuestion({ request, services });
    event.client = client.id;
    // RFC 7662 section 2.1: the caller must authenticate, or anyone could guess tokens.
    if (method === 'none') throw new Refusal('client_authentication_missing');
    const facts = await findFor(client, token, context);
    // An API introspects every token that strangers send it. Invalid ones must not use up its rate limit.
    if (facts === undefined) services.requests.giveBack(client, request.address);
    const body: JsonObject = facts === undefined ? { active: false } : describe(facts, services.issuer);
    if (!request.headers.accept?.includes(INTROSPECTION_MEDIA_TYPE)) return { status: 200, body };
    return {
      status: 200,
      headers: { 'Content-Type': INTROSPECTION_MEDIA_TYPE },
      body: await signIntrospection(body, client.id, services),
    };
  },
} as const satisfies Endpoint;

/**
 * Finds a token of ours for its client, and for the APIs that it is for. A token that is signed with a resource's secret is visible
 * to that resource only: its claims about a client are the resource's own.
 */
async function findFor(
  { id, resource }: Client,
  token: string,
  context: OwnTokenContext,
): Promise<TokenFacts | undefined> {
  const found = await findOwnToken(token, context);
  if (found?.clientId === id) return found;
  if (resource === undefined) return undefined;
  // A refresh token is not for the APIs that it was granted for.
  if (found !== undefined)
    return found.type !== 'refresh_token' && found.audiences.includes(resource) ? found : undefined;
  const signed = await findResourceToken(token, context);
  return signed?.audience === resource ? signed.facts : undefined;
}

/** RFC 7662 section 2.2, RFC 8693 section 4 (`act`, `may_act`). For an access token, all of its claims except its lineage, its delegation and its kind. */
function describe({ type, claims, ...token }: TokenFacts, issuer: string): JsonObject {
  const { confirmation } = token;
  if (type === 'access_token') {
    const { lineage: _lineage, actor_lineage: _actorLineage, delegation: _delegation, typ: _typ, ...shown } = claims;
    return { ...shown, active: true, token_type: tokenTypeOf(confirmation) };
  }
  const { sub, clientId, expiresAt, origin, scope, authentication, chain, mayAct } = token;
  return {
    ...authentication,
    active: true,
    iss: issuer,
    sub,
    client_id: clientId,
    token_type: 'N_A',
    exp: expiresAt,
    ...(confirmation && { cnf: confirmation }),
    ...(origin && { sub_id: formatOrigin(origin) }),
    ...(listedNames(scope).size > 0 && { scope: formatScope(listedNames(scope)) }),
    ...(chain.length > 0 && { act: formatAct(chain) }),
    ...(mayAct && { may_act: mayAct }),
  };
}
