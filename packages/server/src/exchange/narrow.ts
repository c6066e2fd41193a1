// Never wider: scope, lifetime and ancestry are computed here and nowhere else.
import type { Resource } from '../issuing/resource.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope, type Scope } from '../primitives/scope.ts';
import type { ValidatedToken } from '../subject-tokens/validated-token.ts';

/**
 * What is asked for, where every limit allows it; with nothing asked, all that the limits have in common. More is refused,
 * never cut off in silence (RFC 8693 section 2.2.2, RFC 6749 section 5.2).
 * @throws Refusal scope_exceeded, scope_empty
 */
export function narrowScope(
  asked: Scope | undefined,
  limits: readonly (Scope | undefined)[],
  targets: readonly Resource[],
): Scope {
  const bounds = [...limits.filter((limit) => limit !== undefined), ...targets.map(({ scopes }) => scopes)];
  const allowed = bounds.reduce((a, b) => a.intersection(b));
  if (asked !== undefined) {
    const beyond = asked.difference(allowed);
    if (beyond.size > 0) throw new Refusal('scope_exceeded', { detail: `not allowed: ${formatScope(beyond)}` });
    return asked;
  }
  if (allowed.size === 0 && targets.some(({ scopes }) => scopes.size > 0)) throw new Refusal('scope_empty');
  return allowed;
}

/** Seconds: the least of what the targets, the rule, the subject and the actor leave; at least one. */
export function narrowLifetime(
  now: number,
  targets: readonly Resource[],
  ruled: number | undefined,
  tokens: readonly (ValidatedToken | undefined)[],
): number {
  const limits = [
    ...targets.map(({ token }) => token.lifetime),
    ...(ruled === undefined ? [] : [ruled]),
    ...tokens.filter((token) => token !== undefined).map(({ expiresAt }) => expiresAt - now),
  ];
  return Math.max(1, Math.min(...limits));
}

/** Several targets share one token, so what it looks like must be the same for all. @throws Refusal targets_disagree */
export function checkTargetsAgree(targets: readonly Resource[]): void {
  if (new Set(targets.map(({ token }) => token.alg)).size > 1) throw new Refusal('targets_disagree');
}

/** Ids that a token names, at most. */
const MAX_ANCESTORS = 16;

/** Ancestors, nearest first: the new token dies with each of them. @throws Refusal lineage_too_long */
export function extendLineage(
  subject: ValidatedToken,
  actor: ValidatedToken | undefined,
): { readonly lineage: readonly string[]; readonly actorLineage: readonly string[] } {
  const lineage = [subject.id, ...subject.lineage];
  const acting = actor === undefined ? [] : [actor.id, ...actor.lineage, ...actor.actorLineage];
  const actorLineage = [...new Set([...acting, ...subject.actorLineage])];
  if (lineage.length > MAX_ANCESTORS || actorLineage.length > MAX_ANCESTORS) throw new Refusal('lineage_too_long');
  return { lineage, actorLineage };
}
