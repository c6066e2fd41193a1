// Authorizes a caller of the admin API: it needs an access token of ours for the admin API, with the scope of the operation.

import { adminAudience } from '../../model/resource.ts';
import { listedNames } from '../../primitives/scope.ts';
import type { Exchange } from '../endpoint.ts';
import { readPresentedToken, refuseScope, refuseToken } from '../presented-token.ts';
import type { Operation } from './operation.ts';

/** Records the caller in the event. @throws Refusal access_token_…, store_unavailable */
export async function authorizeAdmin(
  asked: Pick<Exchange, 'request' | 'services' | 'event'>,
  scope: Operation['scope'],
): Promise<void> {
  const { services, event } = asked;
  const token = await readPresentedToken(asked);
  const { audiences, clientId, principal, chain, scope: held } = token;
  if (!audiences.includes(adminAudience(services.issuer)))
    throw refuseToken('access_token_invalid', 'Bearer error="invalid_token"');
  event.client = clientId;
  event.principal = principal;
  event.chain = chain;
  if (!listedNames(held).has(scope)) throw refuseScope(token, scope);
}
