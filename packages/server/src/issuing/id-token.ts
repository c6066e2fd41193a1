// Signs ID tokens, which identify to a client the person who signed in (OpenID Connect Core section 2).
import { hash } from 'node:crypto';
import { algorithms } from '../keys/algorithms.ts';
import { signCompact } from '../keys/jws.ts';
import { type Delegation, formatDelegation } from '../model/delegation.ts';
import { formatOrigin, type Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TokenSigner } from './signer.ts';

/** What a client learns about the person who signed in. */
export interface Identity {
  readonly nonce: string | undefined;
  readonly claims: JsonObject;
}

export function signIdToken(
  { nonce, claims }: Identity,
  about: {
    readonly id: string;
    readonly sub: string;
    /** The person's identity at the upstream provider. */
    readonly origin: Principal | undefined;
    readonly clientId: string;
    readonly authentication: JsonObject;
    readonly lineage: readonly string[];
    /** The agreement, for the access token issued with it: scope, audiences, actor and key. */
    readonly agreed: JsonObject;
    readonly delegation: Delegation | undefined;
    readonly accessToken: string;
    readonly now: number;
    readonly expiresAt: number;
  },
  by: TokenSigner,
): string {
  // For algorithms that include their digest, no hash for at_hash is defined. The claim is optional in this flow.
  const { digest } = algorithms[by.defaultAlgorithm];
  return signCompact(
    'JWT',
    {
      ...claims,
      iss: by.issuer,
      sub: about.sub,
      ...(about.origin && { sub_id: formatOrigin(about.origin) }),
      aud: about.clientId,
      iat: about.now,
      exp: about.expiresAt,
      jti: about.id,
      ...(nonce !== undefined && { nonce }),
      ...about.authentication,
      ...(digest !== null && { at_hash: leftHalf(hash(digest, about.accessToken, 'buffer')) }),
      agreed: about.agreed,
      lineage: about.lineage,
      ...(about.delegation && formatDelegation(about.delegation)),
    },
    by.keys.signing(by.defaultAlgorithm),
  );
}

const leftHalf = (digest: Buffer): string => digest.subarray(0, digest.length / 2).toString('base64url');
