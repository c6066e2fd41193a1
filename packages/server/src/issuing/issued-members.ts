// Describes an issued token as the answer of the token endpoint does (RFC 6749 section 5.1), before or after it is issued.
import { scopeThere } from '../model/authorization-server.ts';
import { tokenTypeOf } from '../primitives/confirmation.ts';
import { formatScope } from '../primitives/scope.ts';
import type { Decision } from './authorization.ts';

export type IssuedType = 'Bearer' | 'DPoP' | 'N_A';

export const describeIssued = ({
  type,
  confirmation,
  scope,
  grantFor,
}: Pick<Decision, 'type' | 'confirmation' | 'scope' | 'grantFor'>): {
  readonly tokenType: IssuedType;
  readonly scope: string;
} => ({
  tokenType: type === 'refresh_token' || grantFor !== undefined ? 'N_A' : tokenTypeOf(confirmation),
  scope: formatScope(grantFor === undefined ? scope : scopeThere(scope, grantFor.server)),
});
