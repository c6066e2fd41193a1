// Validates jwt, which names a format and not an origin (RFC 8693 section 3). It is a JWT of a trusted issuer, or an access token
// of this server, which frameworks send under this name and which is validated as access_token.
import { type CompactJws, readCompact } from '../keys/jws.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { validateOwnJwt } from './access-token.ts';
import { issuerOf, validateForeign } from './foreign.ts';
import { refuseStatedOther } from './stated-kind.ts';
import type { SubjectTokenType } from './validated-token.ts';

/** The types that mean only "a JWT", and that of access tokens. Any other names another purpose. */
const PLAIN_TYPES = new Set([undefined, 'jwt', 'jose', 'at+jwt']);

export const jwt = {
  name: 'jwt',
  validate: async (token, context) => {
    const jws = readCompact(token);
    if (jws.payload.iss === context.issuer) return validateOwnJwt(jws, context);
    refuseOtherPurposes(jws, 'jwt');
    return validateForeign(jws, issuerOf(jws.payload, context.issuers), 'jwt', context);
  },
} as const satisfies SubjectTokenType;

/** RFC 8725 section 3.12: a JWT of one kind must not be accepted as another. */
export function refuseOtherPurposes({ typ, payload }: CompactJws, kind: 'jwt' | 'id_token'): void {
  if (!PLAIN_TYPES.has(typ)) throw new TokenRefusal('wrong_type', 'its typ names another purpose');
  refuseStatedOther(payload, kind);
  if ('events' in payload) throw new TokenRefusal('wrong_type', 'it is a logout token or another security event');
}
