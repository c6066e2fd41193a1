// Never wider: scope, lifetime and ancestry are computed here and nowhere else.
import type { Client } from '../client-auth/client.ts';
import type { Resource } from '../issuing/resource.ts';
import type { Rule } from '../policy/rule.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope, type Scope } from '../primitives/scope.ts';
import type { TokenFacts } from '../subject-tokens/validated-token.ts';

/** Everything that bounds a token, and who bounds it. */
export interface Limits {
  readonly scope: readonly { readonly by: string; readonly scope: Scope }[];
  readonly lifetime: readonly { readonly by: string; readonly seconds: number }[];
}

export function limitsOf(bounds: {
  readonly subject?: Pick<TokenFacts, 'scope' | 'expiresAt'>;
  readonly actor?: Pick<TokenFacts, 'expiresAt'>;
  readonly client: Pick<Client, 'scopes'>;
  readonly rule?: Pick<Rule, 'grant'>;
  readonly targets: readonly Resource[];
  readonly now: number;
}): Limits {
  const { subject, actor, client, rule, targets, now } = bounds;
  const scope = [
    { by: 'subject', scope: subject?.scope },
    { by: 'client', scope: client.scopes },
    { by: 'rule', scope: rule?.grant.scopes },
    ...targets.map(({ audience, scopes }) => ({ by: audience, scope: scopes })),
  ];
  const lifetime = [
    ...targets.map(({ audience, token }) => ({ by: audience, seconds: token.lifetime })),
    { by: 'rule', seconds: rule?.grant.lifetime },
    { by: 'subject', seconds: subject && subject.expiresAt - now },
    { by: 'actor', seconds: actor && actor.expiresAt - now },
  ];
  return {
    scope: scope.flatMap((limit) => (limit.scope === undefined ? [] : [{ by: limit.by, scope: limit.scope }])),
    lifetime: lifetime.flatMap(({ by, seconds }) => (seconds === undefined ? [] : [{ by, seconds }])),
  };
}

/**
 * What is asked for, where every limit allows it; with nothing asked, all that the limits have in common. More is refused,
 * never cut off in silence (RFC 8693 section 2.2.2, RFC 6749 section 5.2).
 * @throws Refusal scope_exceeded, scope_empty
 */
export function narrowScope(asked: Scope | undefined, { scope: limits }: Limits, targets: readonly Resource[]): Scope {
  const allowed = limits.map(({ scope }) => scope).reduce((a, b) => a.intersection(b));
  if (asked !== undefined) {
    const beyond = asked.difference(allowed);
    if (beyond.size > 0) throw new Refusal('scope_exceeded', { detail: `not allowed: ${formatScope(beyond)}` });
    return asked;
  }
  if (allowed.size === 0 && targets.some(({ scopes }) => scopes.size > 0)) throw new Refusal('scope_empty');
  return allowed;
}

/** Seconds: the least of the limits, and at least one. */
export const narrowLifetime = ({ lifetime }: Limits): number =>
  Math.max(1, Math.min(...lifetime.map(({ seconds }) => seconds)));

/** Several targets share one token, so what it looks like must be the same for all. @throws Refusal targets_disagree */
export function checkTargetsAgree(targets: readonly Resource[]): void {
  if (new Set(targets.map(({ token }) => `${token.format} ${token.alg}`)).size > 1)
    throw new Refusal('targets_disagree');
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
