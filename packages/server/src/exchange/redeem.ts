// Judges a request of the jwt-bearer grant (RFC 7523 section 2.1): the steps from an assertion to a decision. The rules decide, as in an
// exchange.
import { hideFromStrangers, type Identified } from '../client-auth/stranger.ts';
import { presentedClaims } from '../keys/presented.ts';
import type { Client } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { parseResourceUri, type Targeting } from '../narrowing/targets.ts';
import { noteWanted, readScope, readTargets, resolveTargets, type Wanted } from '../narrowing/wanted.ts';
import { stringList } from '../primitives/claims.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { step } from '../primitives/tracing.ts';
import { validateAssertion } from '../subject-tokens/assertion.ts';
import { traceOf, type ValidatedToken } from '../subject-tokens/validated-token.ts';
import { type ExchangeContext, noteTrace, noteWorkload, type PartialEvent } from './exchange.ts';
import { type Judgement, judge, type Presented } from './judge.ts';

/** The short names of the grants that redeem. */
export const REDEEMING_GRANTS: ReadonlySet<string> = new Set(['jwt_bearer', 'jwt_dpop']);

export const isRedeeming = (grant: string | undefined): boolean => REDEEMING_GRANTS.has(grant ?? '');

/** Do the rules decide about requests of this grant? */
export const isJudged = (grant: string | undefined): boolean => grant === 'token_exchange' || isRedeeming(grant);

export const redemptionParameters = ['assertion', 'audience', 'resource', 'scope'] as const;

export interface RedemptionRequest {
  readonly parameters: Parameters;
  readonly client: Client;
  /** Only the assertion of a workload identifies its client. `either`: in an explanation, as the assertion needs it. */
  readonly identified: Identified | 'either';
}

/** @param event filled as facts become known @throws Refusal if the assertion is not valid, or is for other targets */
export async function judgeAssertion(
  request: RedemptionRequest,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<Judgement> {
  const presented = await presentAssertion(request, event, context);
  const judgement = step('decide', () => judge({ ...presented, client: request.client }, context));
  noteTrace(event, judgement.trace);
  return judgement;
}

/** @throws Refusal if the assertion is not valid, or is for other targets */
export async function presentAssertion(
  request: RedemptionRequest,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<Presented> {
  const { identified } = request;
  const read = () => readRedemption(request, event, context);
  const { wanted, subject } = await (identified === 'either' ? read() : hideFromStrangers(identified, read));
  noteWorkload(event);
  return targetAssertion(subject, wanted, event, context);
}

/** Limits the request to the targets that the assertion was issued for. @throws Refusal assertion_resource, target_… */
export function targetAssertion(
  subject: TokenFacts,
  wanted: Wanted,
  event: PartialEvent,
  { targeting }: Pick<ExchangeContext, 'targeting'>,
): Presented {
  const targeted = withinAssertion(subject, wanted, targeting);
  if (targeted !== wanted) noteWanted(event, targeted, targeting);
  return { request: { ...targeted, requestedType: 'access_token' }, subject, actor: undefined };
}

async function readRedemption(
  request: RedemptionRequest,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<{ readonly wanted: Wanted; readonly subject: ValidatedToken }> {
  const { parameters } = request;
  const text = parameters.get('assertion');
  if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'assertion' });
  const wanted = { ...readTargets(parameters), scope: readScope(parameters) };
  noteWanted(event, wanted, context.targeting);
  event.requestedType = 'access_token';
  return { wanted, subject: await step('subject', () => validate(text, request, event, context)) };
}

/** @throws Refusal assertion_…, issuer_unavailable */
async function validate(
  text: string,
  { client, identified }: RedemptionRequest,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<ValidatedToken> {
  try {
    const token = await validateAssertion(text, { ...context, client, role: 'subject' });
    event.subject = traceOf(token, token.type);
    const isIdentified = (identified === 'by the token') === (token.type === 'workload');
    if (identified !== 'either' && !isIdentified)
      throw new Refusal('assertion_client', { detail: describeIdentified(token, client) });
    const refused = context.revocations.whyRefused(token);
    if (refused !== undefined) throw new TokenRefusal(refused);
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal
      ? error.asRedeemed(error.fault === 'malformed' ? {} : presentedClaims(text))
      : error;
  }
}

const describeIdentified = ({ type }: TokenFacts, { id }: Client): string =>
  type === 'workload'
    ? `it is the JWT of a workload, which is sent without client_id and credentials, and the request names ${id}`
    : `it is ${type}, and no client authenticated: only the JWT of a workload (workload) identifies a client`;

/**
 * The targets that the assertion was issued for, or those among them that the request asks for.
 * @throws Refusal assertion_resource, target_unknown, target_not_in_assertion
 */
export function withinAssertion({ claims, type }: TokenFacts, wanted: Wanted, targeting: Targeting): Wanted {
  const { resource } = claims;
  if (resource === undefined && type !== 'id_jag') return wanted;
  const issued = stringList(resource)?.map((name) => {
    const uri = parseResourceUri(name);
    return (uri && targeting.byUri(uri)) ?? targeting.byAudience(name);
  });
  if (issued === undefined || issued.includes(undefined))
    throw new Refusal('assertion_resource', {
      detail:
        resource === undefined
          ? 'resource is missing'
          : `resource is ${JSON.stringify(redactValue(resource))}, and not all of it is registered`,
    });
  const asked = resolveTargets(wanted, targeting);
  if (asked === 'unknown') throw new Refusal('target_unknown');
  if (!asked.every((target) => issued.includes(target))) throw new Refusal('target_not_in_assertion');
  const targets = asked.length === 0 ? issued : asked;
  const audiences = [...new Set(targets.flatMap((target) => target?.audience ?? []))];
  return { audiences, resources: [], scope: wanted.scope };
}
