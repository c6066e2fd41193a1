// Signs an introspection response (RFC 9701 section 5). Its type keeps it from being used as a token.

import { signCompact } from '../keys/jws.ts';
import { seconds } from '../primitives/clock.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TokenSigner } from './signer.ts';

export const INTROSPECTION_MEDIA_TYPE = 'application/token-introspection+jwt';

export const signIntrospection = (answer: JsonObject, audience: string, by: TokenSigner): string =>
  signCompact(
    'token-introspection+jwt',
    { iss: by.issuer, aud: audience, iat: seconds(by.clock), token_introspection: answer },
    by.keys.signing(by.defaultAlgorithm),
  );
