// jwt: a format, not an origin (RFC 8693 section 3). Ours are access tokens, which frameworks send under this name.
import { accessToken } from './access-token.ts';
import type { SubjectTokenType } from './validated-token.ts';

export const jwt = {
  name: 'jwt',
  validate: (token, context) => accessToken.validate(token, context),
} as const satisfies SubjectTokenType;
