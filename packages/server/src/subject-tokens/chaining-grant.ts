// Validates chaining_grant, a JWT by which the authorization server of another domain asserts its subject here
// (draft-ietf-oauth-identity-chaining section 2.4).
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { checkSubjectId } from './asserted-person.ts';
import { describeOtherClient, redeemedType, refuseOtherAssertions } from './redeemed.ts';
import { refuseOtherThanGrants } from './weigh.ts';

/** The draft names no type. */
const HEADER_TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'authorization-grant+jwt']);

export const chainingGrant = redeemedType({
  name: 'chaining_grant',
  hasHeader: ({ typ }) => HEADER_TYPES.has(typ),
  audiences: ({ issuer, tokenEndpoint }) => [issuer, tokenEndpoint],
  refuseOthers: (jws, issuer) => {
    const { typ, payload } = jws;
    const isStated = typ === 'authorization-grant+jwt';
    refuseOtherAssertions({ ...jws, typ: isStated ? 'jwt' : typ });
    if (!isStated) refuseOtherThanGrants(payload, issuer);
  },
  check: (facts, entry, context) => {
    const { jti, client_id: clientId } = facts.claims;
    if (jti === undefined) throw new TokenRefusal('claims', 'jti is missing');
    // The draft needs no client_id. One that is there names the client that may redeem it, unless the entry says otherwise.
    if (entry.clientId === 'ours' && clientId !== undefined && clientId !== context.client.id)
      throw new Refusal('assertion_client', { detail: describeOtherClient(facts.claims, context.client.id) });
    checkSubjectId(facts, context);
    return facts;
  },
});
