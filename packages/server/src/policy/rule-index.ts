// Indexes the rules of a client by the issuers, clients and targets that they name, to skip rules that cannot match.
import type { Resource } from '../model/resource.ts';
import type { Rule } from './rule.ts';

/** The values of a request that rules may name. Undefined: does not exclude a rule. */
export interface IndexedNames {
  /** The `iss` of the subject. */
  readonly issuer?: string | undefined;
  /** The client that our subject token was issued to, or an empty string. */
  readonly client?: string | undefined;
  readonly target?: Resource | undefined;
}

/** The rules of one client, in the order of the file. */
export interface ClientRules {
  readonly all: readonly Rule[];
  /** The rules that may match, in the order of the file; all rules if there are at most `FEW`. */
  readonly naming: (named: IndexedNames) => Iterable<Rule>;
}

/** Up to this number, evaluating every rule is faster than the index, and the audit row names each mismatch. */
export const FEW = 32;

const parts = {
  issuer: ({ subject }) => subject.issuers,
  client: ({ subject }) => subject.clients,
  target: ({ grant }) => grant.targets,
} as const satisfies Record<keyof IndexedNames, (rule: Rule) => Iterable<unknown> | 'any'>;

export function indexRules(rules: readonly Rule[]): ReadonlyMap<string, ClientRules> {
  const byClient = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const client of rule.clients) append(byClient, client, rule);
  }
  return new Map([...byClient].map(([client, own]) => [client, own.length <= FEW ? few(own) : many(own)]));
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

const few = (all: readonly Rule[]): ClientRules => ({ all, naming: () => all });

function many(all: readonly Rule[]): ClientRules {
  const lists = Object.entries(parts).map(([part, namesOf]) => {
    /** Positions in `all` of the rules that accept any name in this part. */
    const any: number[] = [];
    const byName = new Map<unknown, number[]>();
    for (const [place, rule] of all.entries()) {
      const names = namesOf(rule);
      if (names === 'any') any.push(place);
      else for (const name of names) append(byName, name, place);
    }
    return { part: part as keyof IndexedNames, any, byName };
  });
  return {
    all,
    naming: (named) => {
      let shortest: readonly [readonly number[], readonly number[]] | undefined;
      for (const { part, any, byName } of lists) {
        const name = named[part];
        if (name === undefined) continue;
        const own = byName.get(name) ?? [];
        if (shortest === undefined || own.length + any.length < shortest[0].length + shortest[1].length)
          shortest = [own, any];
      }
      return shortest === undefined ? all : merge(all, ...shortest);
    },
  };
}

/** Merges two ascending lists of positions that have no element in common. */
function* merge(all: readonly Rule[], one: readonly number[], other: readonly number[]): Generator<Rule> {
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const place = (one[i] ?? Infinity) < (other[j] ?? Infinity) ? one[i++] : other[j++];
    const rule = place === undefined ? undefined : all[place];
    if (rule !== undefined) yield rule;
  }
}
