// Who signed in, told to the client that asked (OpenID Connect Core section 2). No access token: it opens nothing here.
import { hash } from 'node:crypto';
import { algorithms } from '../keys/algorithms.ts';
import { signCompact } from '../keys/jws.ts';
import { formatOrigin, type Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Issuer } from './signer.ts';

/** What a client is told of whoever signed in. */
export interface Identity {
  readonly nonce: string | undefined;
  readonly claims: JsonObject;
}

export function signIdToken(
  { nonce, claims }: Identity,
  about: {
    readonly id: string;
    readonly sub: string;
    /** Who they are at the provider that signed them in. */
    readonly origin: Principal | undefined;
    readonly clientId: string;
    readonly authentication: JsonObject;
    readonly lineage: readonly string[];
    /** Of the access token beside it: what the person agreed to, and for which key. */
    readonly agreed: JsonObject;
    readonly accessToken: string;
    readonly now: number;
    readonly expiresAt: number;
  },
  by: Issuer,
): string {
  // Where the algorithm has a digest of its own inside, nobody says which one this would be; in this flow the claim is optional.
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
    },
    by.keys.signing(by.defaultAlgorithm),
  );
}

const leftHalf = (digest: Buffer): string => digest.subarray(0, digest.length / 2).toString('base64url');
