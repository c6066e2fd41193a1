// Authorizes a caller of the admin API: it needs an access token of ours for the admin API, with the scope of the operation.

import { adminAudience } from '../../model/resource.ts';
import { tokenTypeOf } from '../../primitives/confirmation.ts';
import { formatScope, listedNames } from '../../primitives/scope.ts';
import type { Exchange } from '../endpoint.ts';
import { readPresentedToken, refuseScope, refuseToken } from '../presented-token.ts';
import type { Operation } from './operation.ts';

/**
 * Records the caller in the event. With a console, a token about a person is worth what console.operators gives the person now,
 * whichever client got it.
 * @throws Refusal access_token_…, store_unavailable
 */
export async function authorizeAdmin(
  asked: Pick<Exchange, 'request' | 'services' | 'event'>,
  scope: Operation['scope'],
): Promise<void> {
  const { services, event } = asked;
  const token = await readPresentedToken(asked);
  const { audiences, clientId, principal, sub, chain, scope: held } = token;
  if (!audiences.includes(adminAudience(services.issuer)))
    throw refuseToken('access_token_invalid', 'Bearer error="invalid_token"');
  event.client = clientId;
  event.principal = principal;
  event.chain = chain;
  if (!listedNames(held).has(scope)) throw refuseScope(token, scope);
  const rights = await services.signIn?.operators?.(sub);
  if (rights === undefined || rights === 'unbounded' || rights.has(scope)) return;
  throw refuseToken(
    'access_token_operator',
    `${tokenTypeOf(token.confirmation)} error="insufficient_scope", scope="${scope}"`,
    {
      detail: `console.operators gives this person ${formatScope(rights) || 'no right'}, and this needs ${scope}`,
    },
  );
}
