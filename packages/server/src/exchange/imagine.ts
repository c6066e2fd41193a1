// What would come of a request that nobody makes? Tokens as tests of rules imagine them and as audit rows remember them, in
// the shape that the judge takes. Nothing here is verified, and nothing of it can be signed.
import type { AuditEvent, TokenTrace } from '../audit/event.ts';
import type { Client, Clients } from '../client-auth/client.ts';
import { type Principal, parseAct } from '../primitives/principal.ts';
import { type Reason, Refusal } from '../primitives/refusal.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { authenticationClaims, mayActClaim } from '../subject-tokens/claims.ts';
import type { TokenFacts } from '../subject-tokens/validated-token.ts';
import { type Case, type JudgeContext, judge } from './judge.ts';
import { type RequestedTokenType, requestedTokenTypes } from './request.ts';

export interface ImaginedFacts {
  readonly principal: Principal;
  /** The name in our tokens. */
  readonly sub: string;
  readonly type: string;
  readonly clientId: string | undefined;
  readonly audiences: readonly string[];
  readonly scope: Scope | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly claims: JsonObject;
  readonly extraClaims?: JsonObject;
}

/** @throws TokenRefusal claims, where `act` or `may_act` is malformed */
export const imagineToken = (facts: ImaginedFacts, self: string): TokenFacts => ({
  ...facts,
  origin: facts.principal.iss === self ? undefined : facts.principal,
  chain: parseAct(facts.claims.act, facts.principal.iss) ?? [],
  id: 'imagined',
  lineage: [],
  actorLineage: [],
  mayAct: mayActClaim(facts.claims, facts.principal.iss),
  authentication: authenticationClaims(facts.claims),
  extraClaims: facts.extraClaims ?? {},
});

/** What the judge says, as data. */
export interface Judgement {
  readonly reason: Reason | undefined;
  readonly rule: string | undefined;
  readonly scope: readonly string[];
  readonly targets: readonly string[];
}

export function judgeImagined(judged: Case, context: JudgeContext, event: AuditEvent): Judgement {
  try {
    const { scope, targets } = judge(judged, event, context);
    return { reason: undefined, rule: event.rule, scope: [...scope], targets: targets.map(({ audience }) => audience) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { reason: error.reason, rule: event.rule, scope: [], targets: [] };
  }
}

/**
 * The case that an audit row remembers: its tokens with those claims that conditions read then.
 * @returns undefined where the row is of no exchange that came as far as its rules, or its client is gone
 */
export function recall(event: AuditEvent, clients: Clients, self: string): Case | undefined {
  const {
    grant,
    subject,
    actor,
    requestedType,
    audiencesAsked,
    resourcesAsked,
    scopeAsked,
    mismatches,
    facts = {},
  } = event;
  const client: Client | undefined = event.client === undefined ? undefined : clients.get(event.client);
  const type = requestedTokenTypes.find((name): name is RequestedTokenType => name === requestedType);
  if (grant !== 'token_exchange' || !subject || !client || !type || mismatches === undefined) return undefined;
  return {
    client,
    subject: remembered(subject, 'subject', facts, self),
    actor: actor && remembered(actor, 'actor', facts, self),
    request: {
      audiences: audiencesAsked ?? [],
      resources: (resourcesAsked ?? []).map((uri) => new URL(uri)),
      requestedType: type,
      scope: scopeAsked && new Set(scopeAsked),
    },
  };
}

function remembered(
  trace: TokenTrace,
  role: 'subject' | 'actor',
  facts: Readonly<Record<string, unknown>>,
  self: string,
): TokenFacts {
  const prefix = `${role}.claims.`;
  const claims = Object.entries(facts).flatMap(([path, value]) =>
    path.startsWith(prefix) ? [[path.slice(prefix.length), value]] : [],
  );
  const principal = { iss: trace.iss, sub: trace.sub };
  const token = imagineToken(
    {
      principal,
      sub: trace.sub,
      type: trace.type,
      clientId: trace.clientId,
      audiences: trace.audiences,
      scope: trace.scope && new Set(trace.scope),
      expiresAt: trace.expiresAt,
      claims: Object.fromEntries(claims),
    },
    self,
  );
  return { ...token, chain: trace.chain, authentication: trace.acr === undefined ? {} : { acr: trace.acr } };
}
