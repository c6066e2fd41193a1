// Validates id_jag, an Identity Assertion Authorization Grant (draft-ietf-oauth-identity-assertion-authz-grant section 4.4), as the
// enterprise-managed authorization of MCP profiles it.
import { redactValue } from '../primitives/redact.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { IdJagEntry } from '../trust/issuer.ts';
import { resolvePerson } from './asserted-person.ts';
import { describeOtherClient, redeemedType } from './redeemed.ts';

/** Section 3.1. The type is in the header alone, so that no other JWT of the issuer can be taken for a grant. */
const HEADER_TYPE = 'oauth-id-jag+jwt';

export const idJag = redeemedType({
  name: 'id_jag',
  hasHeader: ({ typ }) => typ === HEADER_TYPE,
  audiences: ({ issuer }) => [issuer],
  refuseOthers: () => {},
  check: (facts, entry, context) => {
    const { claims } = facts;
    if (claims.jti === undefined) throw new TokenRefusal('claims', 'jti is missing');
    if (claims.client_id !== context.client.id)
      throw new Refusal('assertion_client', { detail: describeOtherClient(claims, context.client.id) });
    checkTenants(claims, entry);
    return resolvePerson(facts, entry, context);
  },
});

/** A `sub` is unique within its tenant, so an unexpected one is refused, and so is a missing one. @throws TokenRefusal claims */
function checkTenants({ tenant, aud_tenant }: JsonObject, entry: IdJagEntry): void {
  if (tenant !== entry.tenant) throw new TokenRefusal('claims', describeTenant('tenant', tenant, entry.tenant));
  if (aud_tenant !== entry.audTenant)
    throw new TokenRefusal('claims', describeTenant('aud_tenant', aud_tenant, entry.audTenant));
}

const describeTenant = (name: string, given: unknown, wanted: string | undefined): string =>
  `its ${name} is ${given === undefined ? 'missing' : JSON.stringify(redactValue(given))}, and its issuer entry has ${wanted === undefined ? 'none' : JSON.stringify(wanted)} (${name === 'tenant' ? 'tenant' : 'audTenant'})`;
