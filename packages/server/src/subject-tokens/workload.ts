// Validates workload: the JWT of a platform's own workload, addressed to this server. No client is registered for the workload: the
// entry of a client names the workloads that it stands for, by issuer, subject and claims.
import { workloadMisses } from '../client-auth/workloads.ts';
import { Refusal } from '../primitives/refusal.ts';
import { redeemedType, refuseOtherAssertions } from './redeemed.ts';

/** JWT-SVID section 2.3 allows `JOSE`, too. */
const HEADER_TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'jose']);

export const workload = redeemedType({
  name: 'workload',
  hasHeader: ({ typ }) => HEADER_TYPES.has(typ),
  audiences: ({ issuer, tokenEndpoint }) => [issuer, tokenEndpoint],
  refuseOthers: refuseOtherAssertions,
  check: (facts, _entry, { client }) => {
    if (client.workload?.issuer !== facts.principal.iss || workloadMisses(client, facts.claims).length > 0)
      throw new Refusal('assertion_client', { detail: `it is not of a workload of ${client.id}` });
    return facts;
  },
});
