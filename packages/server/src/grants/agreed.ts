// A person agreed: what may be issued for that now? No rule is asked; the client's entry bounds it, then and at each refresh.

import type { AuditEvent } from '../audit/event.ts';
import type { ExchangeContext } from '../exchange/exchange.ts';
import { checkAcr } from '../exchange/judge.ts';
import type { Decision } from '../issuing/authorization.ts';
import { identityClaimNames, identityClaims } from '../issuing/identity-claims.ts';
import type { Agreement } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import type { Resource, Targets } from '../model/resource.ts';
import { checkTargetsAgree, limitsOf, narrowLifetime, narrowScope, SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import { resolveTargets, type TargetRequest } from '../narrowing/wanted.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope, type Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { requireKey } from '../proof/holder.ts';

/** What was agreed to, or remembered of it. */
interface Bounds {
  readonly scope: readonly string[];
  /** Audiences. */
  readonly targets: readonly string[];
  readonly authentication: JsonObject;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** What is asked for of it now; with nothing asked, all that the client may still have. */
export function narrowAgreed(
  agreed: Bounds,
  request: TargetRequest & { readonly scope: Scope | undefined },
  client: Client,
  context: ExchangeContext,
): Pick<Decision, 'targets' | 'scope' | 'lifetime'> {
  const targets = chooseTargets(agreed, request, client, context);
  checkTargetsAgree(targets);
  checkAcr(targets, agreed);
  const granted = new Set(agreed.scope);
  const subject = { scope: granted, expiresAt: agreed.expiresAt };
  const limits = limitsOf({ subject, client: { scopes: client.scopes ?? NONE }, targets, now: context.now });
  const asked = request.scope ?? granted;
  const ofSignIn = [...asked].filter((name) => SIGN_IN_SCOPES.has(name));
  if (!ofSignIn.every((name) => granted.has(name) && client.scopes?.has(name))) throw new Refusal('scope_exceeded');
  const ofTargets = request.scope && new Set([...asked].filter((name) => !SIGN_IN_SCOPES.has(name)));
  return {
    targets,
    scope: new Set([...ofSignIn, ...narrowScope(ofTargets, limits, targets)]),
    lifetime: narrowLifetime(limits),
  };
}

const NONE: Scope = new Set();

/** RFC 8707 section 2.2: a part of what was agreed to, or all of it. */
function chooseTargets(agreed: Bounds, request: TargetRequest, client: Client, context: ExchangeContext): Targets {
  const { targeting, signIn } = context;
  const asked = resolveTargets(request, targeting);
  const granted = agreed.targets.map((name) => findTarget(name, client, context));
  if (asked === 'unknown' || signIn === undefined) throw new Refusal('target_unknown');
  if (!asked.every((target) => granted.includes(target))) throw new Refusal('target_not_granted');
  const [first, ...others] = asked.length === 0 ? granted : asked;
  if (first === undefined) throw new Refusal('target_missing');
  return [first, ...others];
}

function findTarget(name: string, { audiences }: Client, { targeting, signIn }: ExchangeContext): Resource {
  if (name === signIn?.own.audience) return signIn.own;
  const target = targeting.byAudience(name);
  if (target === undefined || !audiences.some((audience) => targeting.byAudience(audience) === target))
    throw new Refusal('target_not_granted');
  return target;
}

/** The first tokens for it. */
export function decideAgreed(
  agreement: Agreement,
  artifact: string,
  request: TargetRequest,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Decision {
  const { id, sub, session, actor, claims, nonce, authentication } = agreement;
  event.agreement = id;
  requireKey(agreement.confirmation, context.confirmation);
  const agreed = { ...agreement, expiresAt: Number.POSITIVE_INFINITY };
  const narrowed = narrowAgreed(agreed, { ...request, scope: undefined }, client, context);
  const offline = agreement.scope.includes('offline_access');
  const decision = {
    type: 'access_token' as const,
    clientId: client.id,
    sub,
    ...narrowed,
    chain: [],
    ...(actor !== undefined && { mayAct: { iss: context.issuer, sub: actor } }),
    // Without offline_access what was issued ends with the session.
    lineage: offline ? [id] : [id, session.id],
    actorLineage: [],
    authentication,
    extraClaims: withoutIdentity(claims),
    uses: [],
    redeems: { artifact, id },
    ...(narrowed.scope.has('openid') && { identity: { nonce, claims: identityClaims(claims, narrowed.scope) } }),
  };
  if (!client.grants.has('refresh_token')) return { ...decision, refresh: undefined };
  const left = offline ? client.refreshLifetime : Math.min(client.refreshLifetime, session.expiresAt - context.now);
  if (left < 1) throw new Refusal('code_revoked', { detail: 'the session has ended' });
  const { scope, targets } = agreement;
  const principal = { iss: context.issuer, sub };
  const said = { ...principal, client_id: client.id, scope: formatScope(new Set(scope)), ...authentication };
  const subject = {
    principal,
    type: 'authorization',
    clientId: client.id,
    audiences: targets,
    chain: [],
    claims: said,
  };
  const { type, mayAct, lineage, extraClaims } = decision;
  const grant = {
    ...{ type, sub, scope, targets, chain: [], mayAct, lineage, actorLineage: [], authentication, extraClaims },
    agreed: true as const,
    subject,
  };
  return { ...decision, refresh: { kind: 'new', lifetime: left, grant } };
}

/** What no scope covers (a tenant, groups) is for rules and APIs; who the person is, for those alone who asked by scope. */
const withoutIdentity = (claims: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !identityClaimNames.includes(name)));
