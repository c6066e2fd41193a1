// Decides whether a request is allowed: reads the token, checks its binding, then the requirements.
import { type AccessToken, checkRequirements, readAccessToken } from './access-token.ts';
import { checkBinding } from './binding.ts';
import { checkOptions, checkRequirementsForm } from './check-options.ts';
import { createClaimsReader } from './claims.ts';
import { type Credentials, type ProtectedRequest, readCredentials } from './credentials.ts';
import type { ProofSettings } from './dpop.ts';
import { createNonces } from './nonce.ts';
import { PROOF_ALGORITHMS, type VerifierOptions } from './options.ts';
import { AccessRefusal, type Attributes, Denial, isForbidden, type Scheme } from './refusal.ts';
import { createMemoryReplayStore } from './replay.ts';
import type { Requirements } from './requirements.ts';

export interface Verifier {
  /** @throws AccessRefusal with status (503 if a dependency failed) and response headers */
  readonly authenticate: (request: ProtectedRequest, requirements?: Requirements) => Promise<AccessToken>;
  /** Checks more requirements for an accepted token. Its proof is not checked again: it is valid once. @throws AccessRefusal */
  readonly check: (token: AccessToken, requirements: Requirements) => void;
}

/** @throws TypeError if an option is undefined, empty or unknown */
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
    // A client that must get a new token learns which scope to ask for.
    const again = code === 'missing' || code === 'invalid_token' ? { scope } : {};
    const about = { error: code === 'missing' ? undefined : code, ...again, ...details.attributes };
    const challenges = offers
      // After a valid token, challenge only in the scheme that was used.
      .filter(([scheme]) => !isForbidden(code) || scheme === attempted)
      .map(([scheme, attributes]) => {
        const told = attempted === undefined || scheme === attempted ? about : {};
        return [scheme, { ...told, resource_metadata: options.metadata?.url, ...attributes }] as const;
      });
    return new AccessRefusal(denial, challenges);
  };

  return {
    authenticate: async (asked, requirements = {}) => {
      checkRequirementsForm(requirements);
      // Headers are read twice, and an iterable may allow only one pass.
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
