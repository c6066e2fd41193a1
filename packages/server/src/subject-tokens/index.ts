// Which tokens may be exchanged? The list: each name picks exactly one validator, and nothing looks at a token to guess.
import { accessToken } from './access-token.ts';
import { idToken } from './id-token.ts';
import { jwt } from './jwt.ts';
import { refreshToken } from './refresh-token.ts';
import { saml1, saml2 } from './saml.ts';
import type { SubjectTokenType } from './validated-token.ts';

export const subjectTokenTypes = [
  accessToken,
  refreshToken,
  idToken,
  jwt,
  saml1,
  saml2,
] as const satisfies readonly SubjectTokenType[];
