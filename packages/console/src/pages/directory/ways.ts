// Arranges what a client can reach: by target and scope, and by the way that leads there.
import type { components } from '../../api/admin-api.ts';

export type Reachable = components['answers']['list-reach']['items'][number];

/** A rule or a grant of the client's own, with the conditions that remain, and the targets to which it leads. */
export interface Way extends Omit<Reachable, 'audience'> {
  readonly audiences: readonly string[];
}

/** `always`: no condition remains. `watched`: a rule with `mode: audit` would grant it. */
export type Certainty = 'always' | 'if' | 'watched' | 'never';

/** Rules that lead to several targets on the same conditions are one way. */
export function waysOf(items: readonly Reachable[]): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const { audience, ...way } of items) {
    const key = JSON.stringify(way);
    ways.set(key, { ...way, audiences: [...(ways.get(key)?.audiences ?? []), audience] });
  }
  return [...ways.values()];
}

export const nameOf = ({ by, rule }: Pick<Reachable, 'by' | 'rule'>): string =>
  rule ?? (by === 'sign-in' ? 'people who sign in with it' : 'its own credentials (client_credentials)');

export function certaintyOf(items: readonly Reachable[], audience: string, scope: string): Certainty {
  const leading = items.filter((one) => one.audience === audience && one.scopes.some((given) => given.scope === scope));
  const enforced = leading.filter(({ mode }) => mode !== 'audit');
  if (enforced.some(({ requires, unless }) => requires.length + unless.length === 0)) return 'always';
  return enforced.length > 0 ? 'if' : leading.length > 0 ? 'watched' : 'never';
}

export const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];
