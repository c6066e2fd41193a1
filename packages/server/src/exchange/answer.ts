// Describes the answer of the token endpoint to an exchange that was decided (RFC 8693 section 2.2.1), apart from its tokens.
import type { Decision } from '../issuing/authorization.ts';
import { tokenTypeUri } from '../primitives/token-type.ts';

/** `token_type` does not show the key for every type, so `cnf` does (draft-mcguinness-oauth-token-exchange-cnf). */
export const exchangeMembers = ({ type, confirmation }: Pick<Decision, 'type' | 'confirmation'>) => ({
  issued_token_type: tokenTypeUri(type),
  ...(confirmation && { cnf: confirmation }),
});
