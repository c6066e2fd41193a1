// id_token: who signed in, told by a trusted OpenID provider to a client (OpenID Connect Core sections 2 and 3.1.3.7).
import { readCompact } from '../keys/jws.ts';
import { stringList } from '../primitives/claims.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { issuerOf, validateForeign } from './foreign.ts';
import { refuseOtherPurposes } from './jwt.ts';
import type { SubjectTokenType } from './validated-token.ts';

export const idToken = {
  name: 'id_token',
  validate: async (token, context) => {
    const jws = readCompact(token);
    refuseOtherPurposes(jws);
    const { payload } = jws;
    // An access token is no proof that somebody signed in: its header, or Keycloak's `typ` claim, or what only it has, tells.
    if (
      jws.typ === 'at+jwt' ||
      (payload.typ !== undefined && payload.typ !== 'ID') ||
      'scope' in payload ||
      'client_id' in payload
    ) {
      throw new TokenRefusal('wrong_type', 'it is an access token');
    }
    const issuer = issuerOf(payload, context.issuers);
    const { iat, azp } = payload;
    if (typeof iat !== 'number') throw new TokenRefusal('claims', 'iat is missing');
    if (azp === undefined && (stringList(payload.aud)?.length ?? 0) > 1) {
      throw new TokenRefusal('audience', 'it has several audiences, and no azp says for which it was made');
    }
    if (azp !== undefined && azp !== context.client.id && !(typeof azp === 'string' && issuer.audiences.has(azp))) {
      throw new TokenRefusal('audience', 'it was made for another client (azp)');
    }
    return validateForeign(jws, issuer, 'id_token', context);
  },
} as const satisfies SubjectTokenType;
