// Lists the token types that can be exchanged. The declared type selects the validator; nothing is guessed from the token.
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
