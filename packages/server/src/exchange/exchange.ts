// Implements token exchange (RFC 8693). Start reading here: the steps from a subject token to a decision.

import type { AuditEvent } from '../audit/event.ts';
import { type Authorization, authorize, type Decision } from '../issuing/authorization.ts';
import type { Derived } from '../issuing/family.ts';
import type { Revocations } from '../issuing/revocations.ts';
import { presentedClaims } from '../keys/presented.ts';
import type { Client } from '../model/client.ts';
import { noteWanted } from '../narrowing/wanted.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal, type Role, TokenRefusal } from '../primitives/refusal.ts';
import type { Bound } from '../primitives/scope.ts';
import { step } from '../primitives/tracing.ts';
import { traceOf, type ValidatedToken, type ValidationServices } from '../subject-tokens/validated-token.ts';
import { endBy, type Judgement, type JudgeServices, judge, type Moment, type Presented, type Trace } from './judge.ts';
import { checkServerNamed } from './other-server.ts';
import { type PresentedToken, readExchangeRequest, type WantedToken } from './request.ts';

/** What an exchange needs: one version of the configuration, and state of the process. */
export interface ExchangeServices extends ValidationServices, JudgeServices {
  /** Short names of the token types that may be presented. */
  readonly enabledTypes: ReadonlySet<string>;
  readonly revocations: Revocations;
  /** The earliest end, in seconds since 1970, of the families and sessions that the tokens derive from. */
  readonly endOf: (tokens: readonly Derived[]) => Promise<Bound<number>>;
}

export interface ExchangeContext extends ExchangeServices, Moment {}

/** @param event filled as facts become known, so that a refusal records them @throws Refusal */
export async function exchange(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<Authorization> {
  const { result } = await judgeRequest(parameters, client, event, context);
  if (result instanceof Refusal) throw result;
  return authorize(result);
}

/** Judges a request after its tokens are validated. @throws Refusal if one is not valid */
export async function judgeRequest(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<Judgement> {
  return judgePresented(await presentTokens(parameters, client, event, context), client, event, context);
}

export async function judgePresented(
  presented: Presented,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<Judgement> {
  const { result, trace } = step('decide', () => judge({ ...presented, client }, context));
  noteTrace(event, trace);
  if (result instanceof Refusal) return { result, trace };
  return { result: await endWithAncestors(result, presented, event, context), trace };
}

/** A refresh token may outlive its subject token, but not a family or session that it derives from. */
async function endWithAncestors(
  decision: Decision,
  { subject, actor }: Presented,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<Decision> {
  if (decision.refresh?.kind !== 'new') return decision;
  const end = await context.endOf(actor === undefined ? [subject] : [subject, actor]);
  if (end === 'unbounded') return decision;
  event.ancestorsEnd = end;
  return endBy(decision, end, context.now);
}

/** Without the limits, which are only for explanations. */
export function noteTrace(event: PartialEvent, { limits: _limits, ...noted }: Readonly<Trace>): void {
  Object.assign(event, noted);
}

/** The facts about a request known so far. */
export type PartialEvent = Partial<AuditEvent>;

/** Reads the request and validates its tokens as their declared types. @throws Refusal */
export async function presentTokens(
  parameters: Parameters,
  client: Client,
  event: PartialEvent,
  context: ExchangeContext,
): Promise<Presented> {
  const request = readExchangeRequest(parameters, context.enabledTypes);
  noteRequest(request, client, event, context);
  const validation = { event, client, context };
  const subject = await step('subject', () => validate('subject', request.subject, validation));
  noteWorkload(event);
  const { actor: presented } = request;
  const actor = presented && (await step('actor', () => validate('actor', presented, validation)));
  return { request, subject, actor };
}

/** Records what the request asks for, and refuses what needs no token to be refused. @throws Refusal target_… */
export function noteRequest(
  request: WantedToken,
  client: Client,
  event: PartialEvent,
  { targeting }: Pick<ExchangeContext, 'targeting'>,
): void {
  noteWanted(event, request, targeting);
  event.requestedType = request.requestedType;
  checkServerNamed(request, client, targeting);
}

/** A client named only by the token of its workload is authenticated once the token is validated. */
export function noteWorkload(event: PartialEvent): void {
  if (event.clientClaimed === undefined) return;
  event.client = event.clientClaimed;
  event.clientAuthentication = 'workload';
  delete event.clientClaimed;
}

/** Used ids are stored until they expire. An issuer must not fill the database with ids that expire too late. */
const MAX_USE_SECONDS = 30 * 86_400;

/** @throws Refusal subject_token_…, actor_token_… */
export async function validate(
  role: Role,
  { text, type }: PresentedToken,
  { event, client, context }: { event: PartialEvent; client: Client; context: ExchangeContext },
): Promise<ValidatedToken> {
  try {
    const token = await type.validate(text, { ...context, client, role });
    event[role] = traceOf(token, type.name);
    const refused = context.revocations.whyRefused(token);
    if (refused !== undefined) throw new TokenRefusal(refused);
    if (token.singleUse !== undefined && token.singleUse.expiresAt - context.now > MAX_USE_SECONDS)
      throw new TokenRefusal(
        'claims',
        `it expires too late for a single-use token: ${MAX_USE_SECONDS / 86_400} days are allowed`,
      );
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal
      ? error.as(role, error.fault === 'malformed' ? {} : presentedClaims(text))
      : error;
  }
}
