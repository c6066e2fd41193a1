// Validates workload: the JWT of a platform's own workload, addressed to this server. No client is registered for the workload: the
// entry of a client names the workloads that it stands for, by issuer, subject and claims.
import { workloadMisses } from '../client-auth/workloads.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { type RedeemedType, readRedeemed, refuseOtherAssertions } from './redeemed.ts';

const HEADER_TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'jose']);

export const workload = {
  name: 'workload',
  hasHeader: ({ typ }) => HEADER_TYPES.has(typ),
  validate: async (jws, issuer, context): Promise<TokenFacts> => {
    const entry = issuer.grants.workload;
    if (entry === undefined) throw new TokenRefusal('not_accepted');
    refuseOtherAssertions(jws);
    const names = [context.issuer, context.tokenEndpoint];
    const facts = await readRedeemed(jws, issuer, { name: 'workload', entry }, names, context);
    const { client } = context;
    if (client.workload?.issuer !== issuer.issuer || workloadMisses(client, jws.payload).length > 0)
      throw new Refusal('assertion_client', { detail: `it is not of a workload of ${client.id}` });
    return facts;
  },
} as const satisfies RedeemedType;
