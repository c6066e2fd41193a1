// Decides what a person may do with the admin API: what the entries of `console` give them now, and nothing without an entry.
import { Budget, type CompiledExpression, holds } from '../expression/condition.ts';
import { markElsewhere, UNREADABLE } from '../expression/elsewhere.ts';
import type { PersonRights } from '../model/agreement.ts';
import { prefixOf } from '../primitives/principal.ts';
import type { Scope } from '../primitives/scope.ts';
import type { Accounts } from './accounts.ts';
import type { Person } from './person.ts';

export interface OperatorEntry {
  /** The subject of a person, or a condition on their claims. */
  readonly who: string | CompiledExpression;
  readonly scopes: Scope;
}

/** The variables of the condition of an entry. */
export const operatorVariables = { subject: { iss: 'string', sub: 'string', claims: 'map' } } as const;

export interface KnownPeople {
  readonly issuer: string;
  /** The subjects of accounts. */
  readonly accounts: readonly { readonly sub: string }[];
  readonly upstream: { readonly name: string } | undefined;
  /** Is it the id of a client? */
  readonly isClient: (sub: string) => boolean;
}

const NO_RIGHT: Scope = new Set();

/** A condition cannot tell anything about claims that are not known: a person whom it excludes would look like one without claims. */
const factsOf = ({ sub, claims }: Person, iss: string) =>
  claims === 'unknown'
    ? markElsewhere({ iss, sub, [UNREADABLE]: { claims: 'person' } }, 'subject')
    : { iss, sub, claims: markElsewhere(claims, 'subject') };

/** A client has the rights of its token. A subject that is neither a person nor a client has none: an entry would have to name it. */
export function createOperators(
  entries: readonly OperatorEntry[],
  { issuer, accounts, upstream, isClient }: KnownPeople,
  { find }: Pick<Accounts, 'find'>,
): PersonRights {
  const local = new Set(accounts.map(({ sub }) => sub));
  const rightsOf = async (sub: string): Promise<Scope> => {
    const person = await find(sub);
    if (person === undefined) return NO_RIGHT;
    const facts = { subject: factsOf(person, issuer) };
    const budget = new Budget();
    // A condition that cannot be told gives nothing.
    const given = entries.filter(({ who }) =>
      typeof who === 'string' ? who === sub : holds(who, facts, budget).kind === 'yes',
    );
    return new Set(given.flatMap(({ scopes }) => [...scopes]));
  };
  const isPerson = (sub: string): boolean =>
    local.has(sub) || (upstream !== undefined && prefixOf(sub) === upstream.name);
  return async (sub) => (isPerson(sub) ? rightsOf(sub) : isClient(sub) ? 'unbounded' : NO_RIGHT);
}
