// Validates jwt, which names a format and not an origin (RFC 8693 section 3). It is a JWT of a trusted issuer, or an access token
// of this server, which frameworks send under this name and which is validated as access_token.
import { readCompact } from '../keys/jws.ts';
import { validateOwnJwt } from './access-token.ts';
import { issuerOf, validateForeign } from './foreign.ts';
import type { SubjectTokenType } from './validated-token.ts';

export const jwt = {
  name: 'jwt',
  validate: async (token, context) => {
    const jws = readCompact(token);
    if (jws.payload.iss === context.issuer) return validateOwnJwt(jws, context);
    return validateForeign(jws, issuerOf(jws.payload, context.issuers), 'jwt', context);
  },
} as const satisfies SubjectTokenType;
