// Decides the tokens for a person's agreement. No rule is evaluated: the client's entry limits them, at first and at each refresh.
import { isDeepStrictEqual } from 'node:util';
import type { Decision, TokenDecision } from '../issuing/authorization.ts';
import { identityClaimNames, identityClaims } from '../issuing/identity-claims.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { Agreement, Code, SignInCodes } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import type { Delegation } from '../model/delegation.ts';
import type { Narrowed } from '../model/narrowed.ts';
import type { RememberedGrant } from '../model/refresh-family.ts';
import { adminAudience, type Resource, type Targets } from '../model/resource.ts';
import { endWith, type FoundLimits, findLimits, signInOf } from '../narrowing/delegation-limit.ts';
import type { Leashes } from '../narrowing/leashes.ts';
import { limitsOf, listedScopes, narrow, SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { resolveTargets, type TargetRequest, type Wanted } from '../narrowing/wanted.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type Bound, formatScope, type Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { requireKey } from '../proof/holder.ts';
import type { Elsewhere } from '../regions/elsewhere.ts';
import type { GrantRequest } from './grant.ts';

/** An agreement, or what a refresh family remembers of it. */
interface Agreed {
  readonly scope: readonly string[];
  /** Audiences. */
  readonly targets: readonly string[];
  readonly authentication: JsonObject;
  /** Seconds since 1970. */
  readonly expiresAt: Bound<number>;
}

export interface AgreedServices {
  readonly issuer: string;
  readonly targeting: Targeting;
  readonly leashes: Leashes;
  readonly signIn: SignInCodes | undefined;
}

/** What the grants of codes need from the server. */
export interface CodeServices extends AgreedServices {
  /** Which codes do other regions have? */
  readonly elsewhere: Elsewhere;
  readonly revocations: Revocations;
}

interface OtherLimits {
  readonly family: Bound<number>;
  readonly delegation: Bound<number>;
  /** What the person may do with the admin API, if the agreement is for it. */
  readonly operator: Bound<Scope>;
}

/** Narrows the agreement to the request. Without a requested scope or target, the client gets all that it may still have. */
export function narrowAgreed(
  { scope, targets: audiences, authentication, expiresAt }: Agreed,
  wanted: Wanted,
  client: Client,
  moment: { readonly now: number; readonly confirmation: Confirmation | undefined },
  services: AgreedServices,
  { family, delegation, operator }: OtherLimits,
): Narrowed {
  const targets = chooseTargets(audiences, wanted, client, services);
  const listed = listedScopes(client);
  const limits = limitsOf({
    subject: { scope: new Set(scope), claims: {}, audiences, agreedAudiences: audiences, expiresAt },
    actor: 'unbounded',
    rule: 'unbounded',
    family,
    delegation,
    renewed: 'unbounded',
    operator,
    client: listed,
    targets,
    signIn: new Set(scope.filter((name) => SIGN_IN_SCOPES.has(name) && listed.scopes.has(name))),
    now: moment.now,
  });
  return narrow({ targets, asked: wanted.scope, limits, authentication, confirmation: moment.confirmation });
}

/** What the person may have at the admin API, asked again at each grant. @throws Refusal operator_unknown, store_unavailable */
export async function limitOperator(
  { sub, targets }: { readonly sub: string; readonly targets: readonly string[] },
  { issuer, signIn }: AgreedServices,
): Promise<Bound<Scope>> {
  if (signIn?.operators === undefined || !targets.includes(adminAudience(issuer))) return 'unbounded';
  const rights = await signIn.operators(sub);
  if (rights !== 'unbounded' && rights.size === 0)
    throw new Refusal('operator_unknown', { detail: 'no entry of console.operators gives this person a right' });
  return rights;
}

/** @returns the limits of the client and of the person @throws Refusal delegation_over, delegation_cannot_be_told */
export function limitAgreed(
  { sub, origin }: { readonly sub: string; readonly origin?: Principal | undefined },
  before: Delegation,
  client: Client,
  { issuer, leashes }: AgreedServices,
  now: number,
): FoundLimits {
  const parties = () => [
    { iss: issuer, sub: client.id },
    { iss: issuer, sub, origin },
  ];
  return findLimits(parties, before, leashes, now);
}

/** RFC 8707 section 2.2: the requested part of the agreed targets, or all of them. */
function chooseTargets(
  agreed: readonly string[],
  wanted: TargetRequest,
  client: Client,
  services: AgreedServices,
): Targets {
  const asked = resolveTargets(wanted, services.targeting);
  const granted = agreed.map((name) => findTarget(name, client, services));
  if (asked === 'unknown' || services.signIn === undefined) throw new Refusal('target_unknown');
  if (!asked.every((target) => granted.includes(target))) throw new Refusal('target_not_granted');
  const [first, ...others] = asked.length === 0 ? granted : asked;
  if (first === undefined) throw new Refusal('target_missing');
  return [first, ...others];
}

function findTarget(name: string, { audiences }: Client, { targeting, signIn }: AgreedServices): Resource {
  if (name === signIn?.own.audience) return signIn.own;
  const target = targeting.byAudience(name);
  if (target === undefined || !audiences.some((audience) => targeting.byAudience(audience) === target))
    throw new Refusal('target_not_granted');
  return target;
}

/** @throws Refusal code_revoked, code_suspended, code_account, if the agreement was revoked or its account was removed */
async function refuseEnded(
  { id, sub, origin, clientId, session }: Agreement,
  { issuedAt, epoch }: Code,
  { revocations, signIn, issuer }: CodeServices,
): Promise<void> {
  const principal = { iss: issuer, sub };
  const derived = { lineage: [session.id], actorLineage: [], chain: [] };
  const refused = revocations.whyRefused({ id, sub, principal, origin, clientId, issuedAt, epoch, ...derived });
  if (refused !== undefined) throw new Refusal(`code_${refused}`);
  if (!(await signIn?.hasAccount({ sub, origin }))) throw new Refusal('code_account');
}

/**
 * The client by the document that the person saw. Another node may have read a later one than this: then it is read again, and must
 * have the keys with which the client proved itself.
 * @param seen the digest; undefined if the client has an entry
 * @returns undefined if there is another document now @throws Refusal client_document_…
 */
export async function asAgreed(
  client: Client,
  seen: string | undefined,
  { signIn }: AgreedServices,
): Promise<Client | undefined> {
  if (client.document?.digest === seen) return client;
  if (client.document === undefined || seen === undefined) return undefined;
  const now = await signIn?.findClient(client.id, seen);
  return now?.document?.digest === seen && isDeepStrictEqual(now.keys, client.keys) ? now : undefined;
}

/** Decides the first tokens for an agreement. */
export async function decideAgreed(
  agreement: Agreement,
  code: Code,
  targets: TargetRequest,
  request: GrantRequest,
  services: CodeServices,
): Promise<Decision> {
  const { event, now } = request;
  const { id, sub, origin, session, actor, claims, nonce } = agreement;
  event.agreement = id;
  const client = await asAgreed(request.client, agreement.document, services);
  if (client === undefined) throw new Refusal('code_document');
  await refuseEnded(agreement, code, services);
  requireKey(agreement.confirmation, request.confirmation);
  const offline = agreement.scope.includes('offline_access');
  if (!offline && session.expiresAt <= now) throw new Refusal('code_revoked', { detail: 'the session has ended' });
  const agreed = { ...agreement, expiresAt: offline ? 'unbounded' : session.expiresAt } as const;
  const { end, ...limited } = limitCode(agreement, client, services, now);
  const sessionLeft = offline ? client.refreshLifetime : Math.min(client.refreshLifetime, session.expiresAt - now);
  const left = endWith(sessionLeft, end, now);
  const family = client.grants.has('refresh_token') ? left : 'unbounded';
  // All of the agreed scope or nothing: if the client's entry or a target does not allow it any more, the code is refused.
  // What an operator may do is not agreed to: the entry alone says it.
  const operator = await limitOperator(agreement, services);
  const scope = new Set(agreement.scope);
  const wanted = { ...targets, scope: operator === 'unbounded' ? scope : scope.intersection(operator) };
  const narrowed = narrowAgreed(agreed, wanted, client, request, services, { family, delegation: end, operator });
  const decision = {
    ...narrowed,
    ...limited,
    type: 'access_token' as const,
    clientId: client.id,
    sub,
    origin,
    chain: [],
    mayAct: actor === undefined ? undefined : { iss: services.issuer, sub: actor },
    rebound: undefined,
    // Without offline_access, the tokens end with the session.
    lineage: offline ? [id] : [id, session.id],
    actorLineage: [],
    extraClaims: withoutIdentity(claims),
    uses: [],
    redeems: { artifact: code.artifact, id },
    ...(narrowed.scope.has('openid') && { identity: { nonce, claims: identityClaims(claims, narrowed.scope) } }),
  };
  if (family === 'unbounded') return { ...decision, refresh: undefined };
  // A right that an operator gets later needs another sign-in (RFC 6749 section 6).
  const grant = rememberAgreed({ ...agreement, scope: [...wanted.scope] }, decision, services);
  return { ...decision, refresh: { kind: 'new', lifetime: family, grant } };
}

/** The delegation begins with the sign-in of the person. @throws Refusal code_delegation */
function limitCode(agreement: Agreement, client: Client, services: AgreedServices, now: number): FoundLimits {
  const began = Math.min(signInOf(agreement.authentication) ?? now, now);
  const before: Delegation = { began, ends: 'unbounded', leashes: [] };
  try {
    return limitAgreed(agreement, before, client, services, now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal('code_delegation', { detail: error.detail, cause: error });
  }
}

/** Remembers the whole agreement, even if the first token is for a part of it. */
function rememberAgreed(
  { scope, targets, document }: Agreement,
  { clientId, sub, origin, mayAct, lineage, authentication, delegation, extraClaims }: TokenDecision,
  { issuer }: AgreedServices,
): RememberedGrant {
  const principal = { iss: issuer, sub };
  const claims = { ...principal, client_id: clientId, scope: formatScope(new Set(scope)), ...authentication };
  const subject = { principal, type: 'authorization', clientId, audiences: targets, chain: [], claims };
  return {
    ...{
      type: 'access_token',
      sub,
      ...(origin && { origin }),
      scope,
      targets,
      chain: [],
      mayAct,
      lineage,
      actorLineage: [],
      authentication,
      delegation,
    },
    extraClaims,
    ...(document !== undefined && { document }),
    agreed: true,
    subject,
  };
}

/** Removes the claims that a scope covers: clients get those by scope. The others (a tenant, groups) are for rules and APIs. */
const withoutIdentity = (claims: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !identityClaimNames.includes(name)));
