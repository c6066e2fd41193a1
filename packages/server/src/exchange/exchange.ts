// Token exchange, RFC 8693. Start reading here: what a subject token goes through until something may be issued for it.

import type { AuditEvent } from '../audit/event.ts';
import { type Authorization, authorize, type Decision } from '../issuing/authorization.ts';
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
import { type PresentedToken, readExchangeRequest } from './request.ts';

/** What an exchange uses of the server: one reading of the configuration, and what the process keeps. */
export interface ExchangeServices extends ValidationServices, JudgeServices {
  /** Short names of the types of token that may be presented. */
  readonly enabledTypes: ReadonlySet<string>;
  readonly revocations: Revocations;
  /** The first end, in seconds since 1970, of the families and sessions among these ids. */
  readonly endOf: (ids: readonly string[]) => Promise<Bound<number>>;
}

export interface ExchangeContext extends ExchangeServices, Moment {}

/** The event is filled as facts become known, so that a refusal half-way tells what was known. @throws Refusal */
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

/** The judgement of a request whose tokens have proven themselves. @throws Refusal where they have not */
export async function judgeRequest(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<Judgement> {
  const presented = await presentTokens(parameters, client, event, context);
  const { result, trace } = step('decide', () => judge({ ...presented, client }, context));
  noteTrace(event, trace);
  return { result: result instanceof Refusal ? result : await endWithAncestors(result, event, context), trace };
}

/** A refresh token lives on without its subject token, but not beyond the family or the session that this one comes from. */
async function endWithAncestors(decision: Decision, event: Known, context: ExchangeContext): Promise<Decision> {
  const { refresh, lineage, actorLineage } = decision;
  if (refresh?.kind !== 'new') return decision;
  const end = await context.endOf([...lineage, ...actorLineage]);
  if (end === 'unbounded') return decision;
  event.ancestorsEnd = end;
  return endBy(decision, end, context.now);
}

/** Limits are for explanations. */
export function noteTrace(event: Known, { limits: _limits, ...noted }: Readonly<Trace>): void {
  Object.assign(event, noted);
}

/** What is known of a request so far. */
export type Known = Partial<AuditEvent>;

/** What is asked for, and whose tokens were presented for it, each proven as what it was declared to be. @throws Refusal */
export async function presentTokens(
  parameters: Parameters,
  client: Client,
  event: Known,
  context: ExchangeContext,
): Promise<Presented> {
  const request = readExchangeRequest(parameters, context.enabledTypes);
  noteWanted(event, request, context.targeting);
  event.requestedType = request.requestedType;
  const validation = { ...context, client };
  const subject = await step('subject', () => validate('subject', request.subject, event, validation));
  noteWorkload(event);
  const { actor: presented } = request;
  const actor = presented && (await step('actor', () => validate('actor', presented, event, validation)));
  return { request, subject, actor };
}

/** A caller that only its subject token names is that client once the token has proven itself. */
function noteWorkload(event: Known): void {
  if (event.clientClaimed === undefined) return;
  event.client = event.clientClaimed;
  event.clientAuthentication = 'workload';
  delete event.clientClaimed;
}

/** Seconds: what is used up is remembered until its end, and an issuer must not fill our database with ends that never come. */
const LONGEST_USE = 30 * 86_400;

async function validate(
  role: Role,
  { text, type }: PresentedToken,
  event: Known,
  context: ExchangeContext & { readonly client: Client },
): Promise<ValidatedToken> {
  try {
    const token = await type.validate(text, { ...context, role });
    event[role] = traceOf(token, type.name);
    if (context.revocations.covers(token)) throw new TokenRefusal('revoked');
    if (token.singleUse !== undefined && token.singleUse.expiresAt - context.now > LONGEST_USE)
      throw new TokenRefusal('claims', 'it ends too late for a token that is good once');
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal
      ? error.as(role, error.fault === 'malformed' ? {} : presentedClaims(text))
      : error;
  }
}
