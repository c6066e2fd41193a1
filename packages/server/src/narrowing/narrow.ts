// Narrows scope, targets, lifetime and lineage: a new token is never wider than any of its limits. Every grant calls `narrow`,
// so that no grant can omit a check.

import type { Narrowed } from '../model/narrowed.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import {
  actingName,
  actingPrincipal,
  asActorEntry,
  digestOf,
  isAccountEntry,
  isActorAccountEntry,
  isVoucherEntry,
  looksLikeDigest,
  type Principal,
  voucherEntry,
} from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type Bound, listedNames, type Scope, type ScopeMap } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** All limits of a new token. `by` names the source: `subject`, `actor`, `client`, `rule`, `family`, `operator`, or the audience of a target. */
export interface Limits {
  readonly scope: readonly { readonly by: string; readonly scope: Scope }[];
  readonly lifetime: readonly { readonly by: string; readonly seconds: number }[];
  /** The audiences that a person agreed to. */
  readonly audiences: Bound<readonly string[]>;
  /** Scopes of OpenID Connect that a person agreed to at sign-in. */
  readonly signIn: Scope;
}

/** The bounds that a presented token or an agreement sets for its descendants. */
export interface SubjectBounds {
  readonly scope: Bound<Scope>;
  readonly claims: JsonObject;
  /** Of the token. */
  readonly audiences: readonly string[];
  readonly agreedAudiences: Bound<readonly string[]>;
  /** Seconds since 1970. */
  readonly expiresAt: Bound<number>;
}

interface Scoped {
  readonly scopes: Bound<Scope>;
}

/** The sources of limits. Every member is required, so that a grant states where it has no limit. */
export interface Bounds {
  readonly subject: Bound<SubjectBounds>;
  readonly actor: Bound<{ readonly expiresAt: number }>;
  readonly client: Scoped;
  readonly rule: Bound<{
    readonly grant: { readonly scopes: Scope; readonly scopeMap: ScopeMap; readonly lifetime: number | undefined };
  }>;
  /** Lifetime in seconds of the refresh family that starts with the token. The token must not outlive it. */
  readonly family: Bound<number>;
  /** The end of the delegation, in seconds since 1970. */
  readonly delegation: Bound<number>;
  /** The scope of the refresh family that is renewed. */
  readonly renewed: Bound<Scope>;
  /** What a person may do with the admin API, where that is asked now. The admin API asks again for each request. */
  readonly operator: Bound<Scope>;
  readonly targets: readonly Resource[];
  readonly signIn: Scope;
  readonly now: number;
}

export function limitsOf(bounds: Bounds): Limits {
  const { subject, actor, client, rule, family, delegation, renewed, operator, signIn, targets, now } = bounds;
  const scope: Limits['scope'][number][] = [];
  const lifetime: Limits['lifetime'][number][] = [];
  const limitScope = (by: string, names: Bound<Scope>): void => {
    if (names !== 'unbounded') scope.push({ by, scope: names });
  };
  const limitEnd = (by: string, end: Bound<number>): void => {
    if (end !== 'unbounded') lifetime.push({ by, seconds: end - now });
  };
  if (subject !== 'unbounded') limitScope('subject', subjectScope(subject, rule, targets));
  limitScope('family', renewed);
  limitScope('operator', operator);
  limitScope('client', client.scopes);
  if (rule !== 'unbounded') {
    limitScope('rule', rule.grant.scopes);
    limitEnd('rule', rule.grant.lifetime === undefined ? 'unbounded' : now + rule.grant.lifetime);
  }
  if (subject !== 'unbounded') limitEnd('subject', subject.expiresAt);
  if (actor !== 'unbounded') limitEnd('actor', actor.expiresAt);
  if (family !== 'unbounded') limitEnd('family', now + family);
  limitEnd('delegation', delegation);
  for (const { audience, scopes, token } of targets) {
    limitScope(audience, scopes);
    limitEnd(audience, now + token.lifetime);
  }
  return { scope, lifetime, audiences: subject === 'unbounded' ? subject : subject.agreedAudiences, signIn };
}

const NO_SCOPE: Scope = new Set();

/** The limits that a grant without a person's agreement does not have. The admin API asks what a person may do at each request. */
export const NOT_AGREED = { renewed: 'unbounded', operator: 'unbounded', signIn: NO_SCOPE } as const;

/**
 * The scope of the subject in the names of the targets: as the rule maps it, or unchanged if the rule does not. At an API that the
 * token is for already, or that a person agreed to, its names mean what they say: there the map adds none.
 */
function subjectScope(
  { scope, claims, audiences, agreedAudiences }: SubjectBounds,
  rule: Bounds['rule'],
  targets: Bounds['targets'],
): Bound<Scope> {
  if (rule === 'unbounded' || rule.grant.scopeMap === 'same') return scope;
  const map = rule.grant.scopeMap;
  const own = scope === 'unbounded' ? claimedScope(claims) : scope;
  const mapped = new Set([...own].flatMap((name) => map.get(name) ?? []));
  const known = agreedAudiences === 'unbounded' ? audiences : [...audiences, ...agreedAudiences];
  return targets.some(({ audience }) => known.includes(audience)) ? mapped.intersection(own) : mapped;
}

/** The scope that a foreign token claims: `scope` (RFC 8693 section 4.2), or `scp` as some issuers write it. */
function claimedScope({ scope, scp }: JsonObject): Scope {
  const claimed = scope ?? scp;
  const texts: readonly unknown[] = Array.isArray(claimed) ? claimed : [claimed];
  if (!texts.every((text) => typeof text === 'string')) return NO_SCOPE;
  const names = texts.flatMap((text) => text.split(' '));
  return new Set(names.filter((name) => name !== ''));
}

/** Returns the scopes of a client for a grant without rules: a client without `scopes` gets none. */
export const listedScopes = ({ scopes }: Scoped): { readonly scopes: Scope } => ({
  scopes: listedNames(scopes),
});

/** Scopes that concern sign-in only (OpenID Connect Core section 5.4). No API uses them. */
export const SIGN_IN_SCOPES: Scope = new Set(['openid', 'profile', 'email', 'offline_access']);

export interface Wish {
  readonly targets: Targets;
  /** Undefined: the intersection of the limits. */
  readonly asked: Scope | undefined;
  readonly limits: Limits;
  readonly authentication: JsonObject;
  /** The key that the caller proved to hold. */
  readonly confirmation: Confirmation | undefined;
}

/** @throws Refusal targets_disagree, target_not_agreed, target_needs_proof, target_needs_acr, scope_exceeded, scope_empty */
export function narrow({ targets, asked, limits, authentication, confirmation }: Wish): Narrowed {
  checkTargetsAgree(targets);
  checkAgreed(targets, limits);
  checkProofNeeded(targets, confirmation);
  checkAcr(targets, authentication);
  const scope = narrowScope(asked, limits, targets);
  return { targets, scope, lifetime: narrowLifetime(limits), authentication, confirmation } as Narrowed;
}

/** Returns the API scopes that every limit allows, out of those requested, or out of all if none are requested. */
export function possibleScope(asked: Scope | undefined, { scope: limits }: Limits): Scope {
  const names = [...(asked ?? limits[0]?.scope ?? [])];
  return new Set(names.filter((name) => !SIGN_IN_SCOPES.has(name) && limits.every(({ scope }) => scope.has(name))));
}

/**
 * Returns the requested scope if every limit allows it, or the intersection of the limits if none is requested. A request
 * for more is refused, never reduced silently (RFC 8693 section 2.2.2, RFC 6749 section 5.2).
 * @throws Refusal scope_exceeded, scope_empty
 */
export function narrowScope(asked: Scope | undefined, limits: Limits, targets: readonly Resource[]): Scope {
  const possible = possibleScope(asked, limits);
  if (asked !== undefined) {
    const beyond = [...asked].filter((name) => !possible.has(name) && !limits.signIn.has(name));
    if (beyond.length > 0)
      throw new Refusal('scope_exceeded', {
        detail: `not allowed: ${beyond.map((name) => describeBeyond(name, limits)).join(', ')}`,
      });
    return asked;
  }
  if (possible.size === 0 && targets.some(({ scopes }) => scopes.size > 0)) throw new Refusal('scope_empty');
  return new Set([...limits.signIn, ...possible]);
}

/** Describes a scope name that is not allowed, and the limits that lack it. */
function describeBeyond(name: string, { scope: limits }: Limits): string {
  const lacking = limits.filter(({ scope }) => !scope.has(name)).map(({ by }) => (PARTIES.has(by) ? `the ${by}` : by));
  const where = lacking.length === 0 ? '' : ` (missing in ${lacking.slice(0, 5).join(', ')})`;
  return `${redactValue(name)}${where}`;
}

const PARTIES: ReadonlySet<string> = new Set(['subject', 'actor', 'client', 'rule', 'family', 'operator']);

/** Returns the shortest of the limits in seconds, at least one. */
const narrowLifetime = ({ lifetime }: Limits): number =>
  Math.max(1, Math.min(...lifetime.map(({ seconds }) => seconds)));

/** Targets that share one token must agree on its format, algorithm and secret. @throws Refusal targets_disagree */
export function checkTargetsAgree([first, ...others]: Targets): void {
  const agrees = ({ token: { format, alg, typ, secret } }: Resource): boolean =>
    format === first.token.format &&
    alg === first.token.alg &&
    typ === first.token.typ &&
    secret?.kid === first.token.secret?.kid;
  const other = others.find((target) => !agrees(target));
  if (other === undefined) return;
  const formatOf = ({ audience, token: { format, alg, typ } }: Resource): string =>
    `${audience} (${[format, alg, ...(typ === undefined ? [] : [`typ ${typ}`])].join(', ')})`;
  throw new Refusal('targets_disagree', { detail: `${formatOf(first)} and ${formatOf(other)}` });
}

/** People agree to resources of this server. For another server, the rule alone decides (ID-JAG section 1: the enterprise manages). */
function checkAgreed(targets: Targets, { audiences }: Limits): void {
  const beyond =
    audiences === 'unbounded'
      ? undefined
      : targets.find(({ audience, server }) => server === undefined && !audiences.includes(audience));
  if (beyond !== undefined)
    throw new Refusal('target_not_agreed', { detail: `the person did not agree to ${beyond.audience}` });
}

function checkProofNeeded(targets: Targets, confirmation: Confirmation | undefined): void {
  const strict = targets.find(({ requireSenderConstraint }) => requireSenderConstraint);
  if (strict !== undefined && confirmation === undefined)
    throw new Refusal('target_needs_proof', { detail: `${strict.audience} takes no bearer tokens` });
}

/** Refuses a subject whose `acr` a target does not accept. A client that acts for itself has no `acr`. */
function checkAcr(targets: Targets, { acr }: JsonObject): void {
  for (const { audience, requiredAcr } of targets) {
    if (requiredAcr.size > 0 && !(typeof acr === 'string' && requiredAcr.has(acr))) {
      const has = typeof acr === 'string' ? `acr is ${redactValue(acr)}` : 'the subject has no acr';
      throw new Refusal('target_needs_acr', { detail: `${audience} needs ${[...requiredAcr].join(' or ')}; ${has}` });
    }
  }
}

/** Maximum number of ids in each list of a token, of names of actors, and of issuers that vouched for them. */
const MAX_ANCESTORS = 16;

/**
 * Returns the ancestors of a new token, nearest first. The token is revoked with each ancestor and with each actor, present
 * or past.
 * @param families number of refresh families that will be added in front
 * @throws Refusal lineage_too_long
 */
export function extendLineage(
  subject: TokenFacts,
  actor: TokenFacts | undefined,
  { issuer, families }: { readonly issuer: string; readonly families: 0 | 1 },
): { readonly lineage: readonly string[]; readonly actorLineage: readonly string[] } {
  const lineage = [subject.id, ...subject.lineage];
  const acting =
    actor === undefined
      ? []
      : [actor.id, ...namesBehind(actor, issuer), ...actor.lineage, ...actor.actorLineage.map(asActorEntry)];
  const actorLineage = [...new Set([...acting, ...subject.actorLineage])];
  const names = actorLineage.filter(looksLikeDigest).length;
  const isOfIssuer = (entry: string) => isVoucherEntry(entry) || isAccountEntry(entry) || isActorAccountEntry(entry);
  const vouchers = actorLineage.filter(isOfIssuer).length;
  if (Math.max(lineage.length + families, names, vouchers, actorLineage.length - names - vouchers) > MAX_ANCESTORS)
    throw new Refusal('lineage_too_long', { detail: `${MAX_ANCESTORS} are allowed` });
  return { lineage, actorLineage };
}

/** Digests of what `act` will not contain: the actor's other names, the actors of its own token, and the issuers of those. */
function namesBehind({ principal, sub, origin, chain }: TokenFacts, issuer: string): readonly string[] {
  const nameOf = (one: Principal): string =>
    one.iss === issuer ? actingName(one.sub) : actingPrincipal(digestOf(one));
  const own = nameOf(principal);
  const others = [actingName(sub), ...(origin === undefined ? [] : [nameOf(origin)]), ...chain.map(nameOf)];
  const vouchers = chain.flatMap(({ iss, origin: from }) =>
    iss === issuer ? (from ? voucherEntry(from.iss) : []) : voucherEntry(iss),
  );
  return [...others.filter((name) => name !== own), ...vouchers];
}
