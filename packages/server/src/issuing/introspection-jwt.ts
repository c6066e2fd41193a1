// A signed introspection answer (RFC 9701 section 5): for the asker, and of no use as a token.

import { signCompact } from '../keys/jws.ts';
import { seconds } from '../primitives/clock.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Issuer } from './signer.ts';

export const INTROSPECTION_MEDIA_TYPE = 'application/token-introspection+jwt';

export const signIntrospection = (answer: JsonObject, asker: string, by: Issuer): string =>
  signCompact(
    'token-introspection+jwt',
    { iss: by.issuer, aud: asker, iat: seconds(by.clock), token_introspection: answer },
    by.keys.signing(by.defaultAlgorithm),
  );
