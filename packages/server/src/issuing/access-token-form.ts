// How a JWT of this server shows that it is an access token: by `typ` in its header (RFC 9068), or for verifiers that know no
// `typ` but JWT, by a claim of that name. No mapping and no rule can set the claim, and no ID token has it.
import type { CompactJws } from '../keys/jws.ts';
import type { Resource } from '../model/resource.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

const ACCESS_TOKEN = 'at+jwt';

/** The `typ` of the header. */
export const headerTypeOf = ({ token: { typ } }: Resource): string => typ ?? ACCESS_TOKEN;

/** The claim that a token with another `typ` in its header needs. */
export const typeClaim = ({ token: { typ } }: Resource): JsonObject => (typ === undefined ? {} : { typ: ACCESS_TOKEN });

export const isAccessToken = ({ typ, payload }: Pick<CompactJws, 'typ' | 'payload'>): boolean =>
  typ === ACCESS_TOKEN || (typ === 'jwt' && payload.typ === ACCESS_TOKEN);

/** @throws TokenRefusal wrong_type */
export function requireAccessToken(jws: CompactJws): void {
  if (!isAccessToken(jws)) throw new TokenRefusal('wrong_type', 'its typ is not at+jwt');
}
