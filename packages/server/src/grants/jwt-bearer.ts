// Implements the jwt-bearer grant (RFC 7523 section 2.1): redeems an ID-JAG, a grant of another domain, or a workload's own JWT.
import { hideFromStrangers } from '../client-auth/stranger.ts';
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
    await hideFromStrangers(request.identified, async () => requireProof(request));
    return redeem(request, services);
  },
} as const satisfies Grant;

function requireProof({ confirmation }: GrantRequest): void {
  if (confirmation === undefined || !('jkt' in confirmation)) throw new Refusal('dpop_missing');
}

async function redeem(request: GrantRequest, services: ExchangeServices): Promise<Authorization> {
  const { parameters, client, identified, event, now, confirmation } = request;
  const context = { ...services, now, confirmation };
  const { result } = await judgeAssertion({ parameters, client, identified }, event, context);
  if (result instanceof Refusal) throw result;
  return authorize(result);
}
