// Implements spiffe_jwt: the JWT-SVID of a workload (draft-ietf-oauth-spiffe-client-auth section 3.1, JWT-SVID sections 2 to 4).
// Workloads send an SVID many times, so it is not single-use.
import { TokenRefusal } from '../primitives/refusal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import { assertionParameters, checkAssertion, readClientAssertion } from './client-assertion.ts';
import type { ClientAuthMethod } from './method.ts';

const TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'jose']);
/** JWT-SVID section 2: the only members of the header, and the only signatures. */
const HEADER: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
const SIGNATURE = /^(?:RS|ES|PS)(?:256|384|512)$/;

export const spiffeJwt = {
  name: 'spiffe_jwt',
  parameters: assertionParameters,
  keys: { oneOf: ['spiffeId'] },
  recognizedBy: 'credentials',
  read: ({ parameters }, { clientIndex }) => {
    const jws = readClientAssertion(parameters, 'jwt-spiffe');
    if (jws === undefined) return undefined;
    const { sub } = jws.payload;
    const domain = trustDomainOf(sub);
    const client = domain === undefined ? undefined : clientIndex.bySpiffeId(String(sub));
    return {
      clientIds: [client?.id ?? (domain === undefined ? '' : String(sub))],
      prove: async ({ id }, context) => {
        const trusted = context.issuers.byTrustDomain(domain ?? '');
        if (trusted === undefined) throw new TokenRefusal('unknown_issuer');
        if (!TYPES.has(jws.typ) || !Object.keys(jws.header).every((name) => HEADER.has(name)))
          throw new TokenRefusal('wrong_type', 'its header is not that of a JWT-SVID');
        if (!SIGNATURE.test(jws.alg) || ![...trusted.algorithms].some((name) => name === jws.alg))
          throw new TokenRefusal('algorithm');
        await checkAssertion(jws, trusted.keySource, [[context.issuer]], { ...context, leeway: trusted.leeway });
        // Checked last, so that a workload that is not a client takes as long. A SPIFFE ID is not a client id, even if it reads like one.
        if (client?.id !== id) throw new TokenRefusal('unknown_issuer');
        return {};
      },
    };
  },
} as const satisfies ClientAuthMethod;
