// Presents the tokens of a simulated exchange: the ones that were pasted, facts in place of a token, or those of an audit row.
import type { AuditEvent } from '../audit/event.ts';
import { type ExchangeContext, noteRequest, presentTokens, validate } from '../exchange/exchange.ts';
import type { Presented } from '../exchange/judge.ts';
import { presentAssertion, targetAssertion } from '../exchange/redeem.ts';
import { findType, readTokenParameter, readWantedToken } from '../exchange/request.ts';
import type { Suspensions } from '../issuing/suspensions.ts';
import type { Client } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { noteWanted } from '../narrowing/wanted.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal, type Role, TokenRefusal } from '../primitives/refusal.ts';
import { isRedeemed, tokenTypeUri } from '../primitives/token-type.ts';
import { traceOf } from '../subject-tokens/validated-token.ts';
import { readUnsignedToken, type UnsignedToken } from './unsigned-token.ts';

/**
 * `pasted`: the text of the token is a parameter. `verified`: it was validated before. `recorded`: an audit row has the facts that rules
 * read then.
 */
export type Source =
  | { readonly kind: 'pasted' }
  | { readonly kind: 'facts'; readonly token: UnsignedToken }
  | { readonly kind: 'verified' | 'recorded'; readonly token: TokenFacts };

export interface Sources {
  readonly subject: Source;
  readonly actor?: Source | undefined;
}

/** Both tokens are parameters of the request. */
export const PASTED: Sources = { subject: { kind: 'pasted' } };

export interface SourceContext extends ExchangeContext {
  readonly suspensions: Pick<Suspensions, 'find'>;
}

/** Is the request one of the jwt-bearer grant? */
export const isRedemption = (parameters: Parameters, { subject }: Sources): boolean =>
  parameters.get('assertion') !== undefined || (subject.kind !== 'pasted' && isRedeemed(subject.token.type));

/** @throws Refusal as the token endpoint does */
export async function presentSources(
  parameters: Parameters,
  sources: Sources,
  client: Client,
  event: AuditEvent,
  context: SourceContext,
): Promise<Presented> {
  const { subject, actor } = sources;
  const areAllPasted = subject.kind === 'pasted' && (actor === undefined || actor.kind === 'pasted');
  if (isRedemption(parameters, sources)) return presentRedeemed(parameters, subject, client, event, context);
  if (areAllPasted) return presentTokens(parameters, client, event, context);
  const request = readWantedToken(parameters);
  noteRequest(request, client, event, context);
  const present = (role: Role, source: Source): Promise<TokenFacts> =>
    presentSource(role, source, parameters, client, event, context);
  const subjectFacts = await present('subject', subject);
  return { request, subject: subjectFacts, actor: actor && (await present('actor', actor)) };
}

async function presentRedeemed(
  parameters: Parameters,
  source: Source,
  client: Client,
  event: AuditEvent,
  context: SourceContext,
): Promise<Presented> {
  if (source.kind === 'pasted') {
    const { workload, publicExchange } = client;
    const identified = workload === undefined ? 'by credentials' : publicExchange ? 'either' : 'by the token';
    return presentAssertion({ parameters, client, identified }, event, context);
  }
  const wanted = readWantedToken(parameters);
  noteWanted(event, wanted, context.targeting);
  event.requestedType = 'access_token';
  const subject = await presentSource('subject', source, parameters, client, event, context);
  return targetAssertion(subject, wanted, event, context);
}

/** Validates the pasted tokens, for a decision by another configuration. @throws Refusal */
export async function verifySources(
  parameters: Parameters,
  { subject, actor }: Sources,
  client: Client,
  event: AuditEvent,
  context: SourceContext,
): Promise<Sources> {
  const verify = async (role: Role, source: Source): Promise<Source> =>
    source.kind === 'pasted'
      ? { kind: 'verified', token: await presentSource(role, source, parameters, client, event, context) }
      : source;
  const verified = await verify('subject', subject);
  return { subject: verified, actor: actor && (await verify('actor', actor)) };
}

async function presentSource(
  role: Role,
  source: Source,
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: SourceContext,
): Promise<TokenFacts> {
  if (source.kind === 'pasted') {
    const presented = readTokenParameter(parameters, role, context.enabledTypes);
    if (presented === undefined) throw new Refusal('parameter_missing', { parameter: `${role}_token` });
    return validate(role, presented, { event, client, context });
  }
  if (source.kind !== 'facts') {
    event[role] = traceOf(source.token, source.token.type);
    return source.token;
  }
  const { token } = source;
  if (!isRedeemed(token.type)) findType(role, tokenTypeUri(token.type), context.enabledTypes);
  try {
    const facts = readUnsignedToken(token, { ...context, client, people: 'known' });
    event[role] = traceOf(facts, token.type);
    if (context.suspensions.find(facts) !== undefined) throw new TokenRefusal('suspended');
    return facts;
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    const { issuer, audiences } = token;
    const known = context.issuers.byName(issuer)?.issuer ?? issuer;
    const iss = issuer === 'self' ? context.issuer : known;
    const sent = { iss, ...(audiences.length > 0 && { aud: audiences }) };
    throw isRedeemed(token.type) ? error.asRedeemed(sent) : error.as(role, sent);
  }
}
