// Implements the jwt-bearer grant (RFC 7523 section 2.1): redeems an ID-JAG, a grant of another domain, or a workload's own JWT.
import type { ExchangeServices } from '../exchange/exchange.ts';
import { judgeAssertion, redemptionParameters } from '../exchange/redeem.ts';
import { type Authorization, authorize } from '../issuing/authorization.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Grant, GrantRequest } from './grant.ts';

const grantType = (name: string): string => `urn:ietf:params:oauth:grant-type:${name}`;

const redeeming = {
  parameters: redemptionParameters,
  publicClients: 'publicExchange',
  standsForClient: 'assertion',
} as const;

export const jwtBearer = {
  ...redeeming,
  name: 'jwt_bearer',
  grantType: grantType('jwt-bearer'),
  authorize: (request: GrantRequest, services: ExchangeServices) => redeem(request, services),
} as const satisfies Grant;

/** The same, with a DPoP proof (draft-ietf-oauth-identity-assertion-authz-grant). */
export const jwtDpop = {
  ...redeeming,
  name: 'jwt_dpop',
  grantType: grantType('jwt-dpop'),
  impliedBy: 'jwt_bearer',
  authorize: async (request: GrantRequest, services: ExchangeServices) => {
    if (request.confirmation === undefined || !('jkt' in request.confirmation)) throw new Refusal('dpop_missing');
    return redeem(request, services);
  },
} as const satisfies Grant;

async function redeem(request: GrantRequest, services: ExchangeServices): Promise<Authorization> {
  const { parameters, client, event, now, confirmation } = request;
  // The client that a token identifies is claimed until the token is validated.
  const identified = event.clientClaimed === undefined ? 'by credentials' : 'by the assertion';
  const context = { ...services, now, confirmation };
  const { result } = await judgeAssertion({ parameters, client, identified }, event, context);
  if (result instanceof Refusal) throw result;
  return authorize(result);
}
