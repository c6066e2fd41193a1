// jwt: a format, not an origin (RFC 8693 section 3). A trusted issuer's JWT, or an access token of ours, which frameworks
// send under this name and which goes through the access_token validator whole.
import { type CompactJws, readCompact } from '../keys/jws.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { validateOwnJwt } from './access-token.ts';
import { issuerOf, validateForeign } from './foreign.ts';
import { refuseStatedOther } from './stated-kind.ts';
import type { SubjectTokenType } from './validated-token.ts';

/** Types that say nothing but "a JWT", and the one of access tokens. Any other says that it is for something else. */
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

/** RFC 8725 section 3.12: one kind of JWT must not be taken for another. */
export function refuseOtherPurposes({ typ, payload }: CompactJws, kind: 'jwt' | 'id_token'): void {
  if (!PLAIN_TYPES.has(typ)) throw new TokenRefusal('wrong_type', 'its typ says that it is for something else');
  refuseStatedOther(payload, kind);
  if ('events' in payload) throw new TokenRefusal('wrong_type', 'it is a logout token or another security event');
}
