// Which rules of a client can match at all? One that names issuers, clients or targets matches no others: where a client has
// many rules, those that name somebody else are passed over unread.
import type { Resource } from '../model/resource.ts';
import type { Rule } from './rule.ts';

/** What a rule may name and a request brings; undefined passes no rule over. */
export interface IndexedNames {
  /** The `iss` of the subject. */
  readonly issuer?: string | undefined;
  /** The client of ours that the subject token was issued to; empty where there is none. */
  readonly client?: string | undefined;
  readonly target?: Resource | undefined;
}

/** The rules of one client, in the order of the file. */
export interface ClientRules {
  readonly all: readonly Rule[];
  /** Those that may match, in the same order; all of them where they are few. */
  readonly naming: (named: IndexedNames) => Iterable<Rule>;
}

/** So many rules are read faster than looked up, and each that does not match is told in the audit row. */
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
    /** Places in `all`: of the rules that name nobody in this part, and of those that name somebody. */
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

/** Both lists of places are ascending, and have none in common. */
function* merge(all: readonly Rule[], one: readonly number[], other: readonly number[]): Generator<Rule> {
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const place = (one[i] ?? Infinity) < (other[j] ?? Infinity) ? one[i++] : other[j++];
    const rule = place === undefined ? undefined : all[place];
    if (rule !== undefined) yield rule;
  }
}
