// Implements the jwt-bearer grant (RFC 7523 section 2.1): redeems an ID-JAG, a grant of another domain, or a workload's own JWT. The
// rules decide, as in an exchange.
import type { ExchangeServices } from '../exchange/exchange.ts';
import { noteTrace, noteWorkload } from '../exchange/exchange.ts';
import { judge } from '../exchange/judge.ts';
import { type Authorization, authorize } from '../issuing/authorization.ts';
import { presentedClaims } from '../keys/presented.ts';
import { parseResourceUri, type Targeting } from '../narrowing/targets.ts';
import { noteWanted, readScope, readTargets, resolveTargets, type Wanted } from '../narrowing/wanted.ts';
import { stringList } from '../primitives/claims.ts';
import { describeKey, sameKey } from '../primitives/confirmation.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { step } from '../primitives/tracing.ts';
import { validateAssertion } from '../subject-tokens/assertion.ts';
import { traceOf, type ValidatedToken } from '../subject-tokens/validated-token.ts';
import type { Grant, GrantRequest } from './grant.ts';

const grantType = (name: string): string => `urn:ietf:params:oauth:grant-type:${name}`;

const redeeming = {
  parameters: ['assertion', 'audience', 'resource', 'scope'],
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
  const text = parameters.get('assertion');
  if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'assertion' });
  const wanted = { ...readTargets(parameters), scope: readScope(parameters) };
  noteWanted(event, wanted, services.targeting);
  event.requestedType = 'access_token';
  const subject = await step('subject', () => validate(text, request, services));
  noteWorkload(event);
  refuseUnproven(subject, request);
  const targeted = withinAssertion(subject, wanted, services.targeting);
  noteWanted(event, targeted, services.targeting);
  const presented = { request: { ...targeted, requestedType: 'access_token' }, subject, actor: undefined } as const;
  const { result, trace } = step('decide', () => judge({ ...presented, client }, { ...services, now, confirmation }));
  noteTrace(event, trace);
  if (result instanceof Refusal) throw result;
  return authorize({ ...result, uses: result.uses.map((use) => ({ ...use, replayed: 'assertion_replayed' })) });
}

/** @throws Refusal assertion_…, issuer_unavailable */
async function validate(text: string, request: GrantRequest, services: ExchangeServices): Promise<ValidatedToken> {
  const { client, event, now } = request;
  try {
    const token = await validateAssertion(text, { ...services, client, now, role: 'subject' });
    event.subject = traceOf(token, token.type);
    // The client that a token identifies is that of a workload. Any other assertion needs one that authenticates.
    if ((event.clientClaimed !== undefined) !== (token.type === 'workload')) throw new Refusal('assertion_client');
    const refused = services.revocations.whyRefused(token);
    if (refused !== undefined) throw new TokenRefusal(refused);
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal
      ? error.asRedeemed(error.fault === 'malformed' ? {} : presentedClaims(text))
      : error;
  }
}

/** No rule accepts a bound assertion without its key. @throws Refusal assertion_bound */
function refuseUnproven({ confirmation: bound }: ValidatedToken, { confirmation }: GrantRequest): void {
  if (bound !== undefined && !sameKey(bound, confirmation))
    throw new Refusal('assertion_bound', {
      detail: `it is bound to ${describeKey(bound)}: the request does not prove it`,
    });
}

/**
 * The targets that the assertion was issued for, or those among them that the request asks for.
 * @throws Refusal assertion_resource, target_unknown, target_not_in_assertion
 */
function withinAssertion({ claims, type }: ValidatedToken, wanted: Wanted, targeting: Targeting): Wanted {
  const { resource } = claims;
  if (resource === undefined && type !== 'id_jag') return wanted;
  const issued = stringList(resource)?.map((name) => {
    const uri = parseResourceUri(name);
    return (uri && targeting.byUri(uri)) ?? targeting.byAudience(name);
  });
  if (issued === undefined || issued.includes(undefined))
    throw new Refusal('assertion_resource', {
      detail: resource === undefined ? 'resource is missing' : 'resource names what is not registered',
    });
  const asked = resolveTargets(wanted, targeting);
  if (asked === 'unknown') throw new Refusal('target_unknown');
  if (!asked.every((target) => issued.includes(target))) throw new Refusal('target_not_in_assertion');
  const targets = asked.length === 0 ? issued : asked;
  const audiences = [...new Set(targets.flatMap((target) => target?.audience ?? []))];
  return { audiences, resources: [], scope: wanted.scope };
}
