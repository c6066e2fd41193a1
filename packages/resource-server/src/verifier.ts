// Is this request allowed? The token is read, its holder proves itself, and only then is asked what the token may do.
import { type AccessToken, checkRequirements, readAccessToken } from './access-token.ts';
import { checkBinding } from './binding.ts';
import { checkOptions, checkRequirementsForm } from './check-options.ts';
import { createClaimsReader } from './claims.ts';
import { type Credentials, type ProtectedRequest, readCredentials } from './credentials.ts';
import type { ProofSettings } from './dpop.ts';
import { createNonces } from './nonce.ts';
import { PROOF_ALGORITHMS, type VerifierOptions } from './options.ts';
import { AccessRefusal, type Attributes, Denial, type Scheme } from './refusal.ts';
import { createMemoryReplayStore } from './replay.ts';
import type { Requirements } from './requirements.ts';

export interface Verifier {
  /** @throws AccessRefusal with the status, 503 where what decides cannot be had, and the headers of the answer */
  readonly authenticate: (request: ProtectedRequest, requirements?: Requirements) => Promise<AccessToken>;
  /** Asks more of a token that was accepted: its proof is good but once. @throws AccessRefusal */
  readonly check: (token: AccessToken, requirements: Requirements) => void;
}

/** @throws TypeError where an option is undefined, empty or unknown */
export function createVerifier(options: VerifierOptions): Verifier {
  checkOptions(options);
  const { clock = Date.now, senderConstraint = 'optional' } = options;
  const readClaims = createClaimsReader(options, clock);
  const proofs = proofSettings(options, clock);
  const offers: readonly (readonly [Scheme, Attributes])[] = [
    ['Bearer', {}],
    ...(proofs === undefined ? [] : [['DPoP', { algs: proofs.algorithms.join(' ') }] as const]),
  ];
  const schemes = offers.map(([scheme]) => scheme);

  const refuse = (denial: Denial, attempted: Scheme | undefined, { scope }: Requirements): AccessRefusal => {
    const { code, details } = denial;
    const about = code === 'missing' ? { scope } : { error: code, ...details.attributes };
    const challenges = offers
      // Who presented a good token need not hear of other schemes.
      .filter(([scheme]) => code !== 'insufficient_scope' || scheme === attempted)
      .map(([scheme, attributes]) => {
        const told = attempted === undefined || scheme === attempted ? about : {};
        return [scheme, { ...told, resource_metadata: options.metadata?.url, ...attributes }] as const;
      });
    return new AccessRefusal(denial, challenges);
  };

  return {
    authenticate: async (asked, requirements = {}) => {
      checkRequirementsForm(requirements);
      // Read twice, and what is iterable may be read but once.
      const request = { ...asked, headers: [...asked.headers] };
      let credentials: Credentials | undefined;
      try {
        credentials = readCredentials(request.headers, schemes);
        const token = readAccessToken(await readClaims(credentials.token), options, credentials.scheme);
        await checkBinding(request, credentials, token.claims, { proofs, senderConstraint });
        checkRequirements(token, requirements, clock());
        return token;
      } catch (error) {
        throw error instanceof Denial ? refuse(error, credentials?.scheme, requirements) : error;
      }
    },
    check: (token, requirements) => {
      checkRequirementsForm(requirements);
      try {
        checkRequirements(token, requirements, clock());
      } catch (error) {
        throw error instanceof Denial ? refuse(error, token.scheme, requirements) : error;
      }
    },
  };
}

function proofSettings(
  { audience, baseUrl, proofAlgorithms: algorithms = PROOF_ALGORITHMS, replay, nonceSecret }: VerifierOptions,
  clock: () => number,
): ProofSettings | undefined {
  const base = baseUrl ?? (/^https?:\/\//.test(audience) ? audience : undefined);
  return base === undefined
    ? undefined
    : {
        baseUrl: base,
        algorithms,
        clock,
        replay: replay ?? createMemoryReplayStore(clock),
        nonces: nonceSecret === undefined ? undefined : createNonces(nonceSecret, clock),
      };
}
