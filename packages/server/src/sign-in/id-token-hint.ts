// Reads `id_token_hint` (OpenID Connect Core section 3.1.2.1).
import { isAccessToken } from '../issuing/access-token-form.ts';
import { readCompact, verifyCompact } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { TokenRefusal } from '../primitives/refusal.ts';

export interface Hinted {
  readonly sub: string;
  readonly clientId: string;
}

/** Accepts expired ID tokens if their key is still published. @returns undefined if it is not an ID token of this server */
export function readHint(
  hint: string | undefined,
  { keys, issuer }: { readonly keys: KeyRing; readonly issuer: string },
): Hinted | undefined {
  if (hint === undefined) return undefined;
  try {
    const jws = readCompact(hint);
    const key = jws.kid === undefined ? undefined : keys.verifying(jws.kid);
    const { iss, sub, aud } = jws.payload;
    if (key === undefined || jws.typ !== 'jwt' || isAccessToken(jws) || iss !== issuer) return undefined;
    verifyCompact(jws, key);
    return typeof sub === 'string' && typeof aud === 'string' ? { sub, clientId: aud } : undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}
