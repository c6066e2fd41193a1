// Never wider: scope, lifetime and ancestry are computed here and nowhere else.

import type { Client } from '../model/client.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import { withhold } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Scope } from '../primitives/scope.ts';

/** Everything that bounds a token, and who bounds it: `subject`, `actor`, `client`, `rule`, or a target's audience. */
export interface Limits {
  readonly scope: readonly { readonly by: string; readonly scope: Scope }[];
  readonly lifetime: readonly { readonly by: string; readonly seconds: number }[];
}

export function limitsOf(bounds: {
  readonly subject?: Pick<TokenFacts, 'scope' | 'expiresAt'>;
  readonly actor?: Pick<TokenFacts, 'expiresAt'>;
  readonly client: Pick<Client, 'scopes'>;
  readonly rule?: { readonly grant: { readonly scopes: Scope; readonly lifetime: number | undefined } };
  readonly targets: readonly Resource[];
  readonly now: number;
}): Limits {
  const { subject, actor, client, rule, targets, now } = bounds;
  const scope: Limits['scope'][number][] = [];
  const lifetime: Limits['lifetime'][number][] = [];
  const limitScope = (by: string, names: Scope | undefined): void => {
    if (names !== undefined) scope.push({ by, scope: names });
  };
  const limitLifetime = (by: string, seconds: number | undefined): void => {
    if (seconds !== undefined) lifetime.push({ by, seconds });
  };
  limitScope('subject', subject?.scope);
  limitScope('client', client.scopes);
  limitScope('rule', rule?.grant.scopes);
  limitLifetime('rule', rule?.grant.lifetime);
  limitLifetime('subject', subject && subject.expiresAt - now);
  limitLifetime('actor', actor && actor.expiresAt - now);
  for (const { audience, scopes, token } of targets) {
    limitScope(audience, scopes);
    limitLifetime(audience, token.lifetime);
  }
  return { scope, lifetime };
}

/** What a person grants when signing in (OpenID Connect Core section 5.4) is no business of an API. */
export const SIGN_IN_SCOPES: Scope = new Set(['openid', 'profile', 'email', 'offline_access']);

/**
 * What is asked for, where every limit allows it; with nothing asked, all that the limits have in common. More is refused,
 * never cut off in silence (RFC 8693 section 2.2.2, RFC 6749 section 5.2).
 * @throws Refusal scope_exceeded, scope_empty
 */
export function narrowScope(asked: Scope | undefined, { scope: limits }: Limits, targets: readonly Resource[]): Scope {
  const isAllowed = (name: string): boolean =>
    !SIGN_IN_SCOPES.has(name) && limits.every(({ scope }) => scope.has(name));
  if (asked !== undefined) {
    const beyond = [...asked].filter((name) => !isAllowed(name));
    if (beyond.length > 0)
      throw new Refusal('scope_exceeded', { detail: `not allowed: ${beyond.map(withhold).join(' ')}` });
    return asked;
  }
  const allowed = new Set([...(limits[0]?.scope ?? [])].filter(isAllowed));
  if (allowed.size === 0 && targets.some(({ scopes }) => scopes.size > 0)) throw new Refusal('scope_empty');
  return allowed;
}

/** Seconds: the least of the limits, and at least one. */
export const narrowLifetime = ({ lifetime }: Limits): number =>
  Math.max(1, Math.min(...lifetime.map(({ seconds }) => seconds)));

/** Several targets share one token, so what it looks like must be the same for all. @throws Refusal targets_disagree */
export function checkTargetsAgree([first, ...others]: Targets): void {
  const agrees = ({ token: { format, alg, secret } }: Resource): boolean =>
    format === first.token.format && alg === first.token.alg && secret?.kid === first.token.secret?.kid;
  if (!others.every(agrees)) throw new Refusal('targets_disagree');
}

/** @throws Refusal target_needs_proof */
export function checkProofNeeded(targets: readonly Resource[], confirmation: Confirmation | undefined): void {
  const strict = targets.find(({ requireSenderConstraint }) => requireSenderConstraint);
  if (strict !== undefined && confirmation === undefined)
    throw new Refusal('target_needs_proof', { detail: `${strict.audience} takes no bearer tokens` });
}

/** Ids that a token names, at most. */
const MAX_ANCESTORS = 16;

/**
 * Ancestors, nearest first: the new token dies with each of them.
 * @param families of refresh tokens that will stand before them
 * @throws Refusal lineage_too_long
 */
export function extendLineage(
  subject: TokenFacts,
  actor: TokenFacts | undefined,
  families: 0 | 1,
): { readonly lineage: readonly string[]; readonly actorLineage: readonly string[] } {
  const lineage = [subject.id, ...subject.lineage];
  const acting = actor === undefined ? [] : [actor.id, ...actor.lineage, ...actor.actorLineage];
  const actorLineage = [...new Set([...acting, ...subject.actorLineage])];
  if (lineage.length + families > MAX_ANCESTORS || actorLineage.length > MAX_ANCESTORS)
    throw new Refusal('lineage_too_long');
  return { lineage, actorLineage };
}
