// Token exchange, RFC 8693. Start reading here: what a subject token goes through until something may be issued for it.

import type { AuditEvent } from '../audit/event.ts';
import { type Authorization, authorize } from '../issuing/authorization.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { SignInCodes } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import { noteWanted } from '../narrowing/wanted.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal, type Role, TokenRefusal } from '../primitives/refusal.ts';
import { step } from '../primitives/tracing.ts';
import { traceOf, type ValidatedToken, type ValidationContext } from '../subject-tokens/validated-token.ts';
import { type Case, type JudgeContext, type Judgement, judge, type Trace } from './judge.ts';
import { type PresentedToken, readExchangeRequest } from './request.ts';

export interface ExchangeContext extends ValidationContext, JudgeContext {
  /** Short names of the types of token that may be presented. */
  readonly enabledTypes: ReadonlySet<string>;
  readonly revocations: Revocations;
  /** Codes that people's agreements gave; undefined where nobody signs in. */
  readonly signIn: SignInCodes | undefined;
}

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
  const presented = await presentTokens(parameters, event, context);
  const judgement = step('decide', () => judge({ ...presented, client }, context));
  noteTrace(event, judgement.trace);
  return judgement;
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
  event: Known,
  context: ExchangeContext,
): Promise<Omit<Case, 'client'>> {
  const request = readExchangeRequest(parameters, context.enabledTypes);
  noteWanted(event, request, context.targeting);
  event.requestedType = request.requestedType;
  const subject = await step('subject', () => validate('subject', request.subject, event, context));
  noteWorkload(event);
  const { actor: presented } = request;
  const actor = presented && (await step('actor', () => validate('actor', presented, event, context)));
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
  context: ExchangeContext,
): Promise<ValidatedToken> {
  try {
    const token = await type.validate(text, context);
    event[role] = traceOf(token, type.name);
    if (context.revocations.covers(token)) throw new TokenRefusal('revoked');
    if (token.singleUse !== undefined && token.singleUse.expiresAt - context.now > LONGEST_USE)
      throw new TokenRefusal('claims', 'it ends too late for a token that is good once');
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal ? error.as(role) : error;
  }
}
