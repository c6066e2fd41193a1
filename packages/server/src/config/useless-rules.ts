// Warns of rules that no token can match, and of rules that apply if a claim is missing.
import { Budget, type CompiledExpression } from '../expression/condition.ts';
import { SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import { type AnyRule, type DenyRule, type PartyNames, type Rule, takesForeign } from '../policy/rule.ts';
import { indexRules } from '../policy/rule-index.ts';
import type { Scope } from '../primitives/scope.ts';
import { isRedeemed, redeemedTypes } from '../primitives/token-type.ts';
import type { Complain, Path } from './fault.ts';
import type { ClientSource, ConfigurationFile } from './schema.ts';
import { coversNames } from './shadowed.ts';

interface Known {
  /** The issuer of this server. */
  readonly self: string;
  readonly clients: ReadonlyMap<string, ClientSource>;
  readonly issuers: ConfigurationFile['issuers'];
  /** The scopes of all resources. */
  readonly scopes: Scope;
}

export function warnOfUselessRules(
  rules: ReadonlyMap<Rule, Path>,
  denials: ReadonlyMap<DenyRule, Path>,
  known: Known,
  complain: Complain,
): void {
  const warn = (path: Path, message: string): void => complain(path, message, 'warning');
  for (const [rule, path] of [...rules, ...denials]) {
    for (const part of ['subject', 'actor'] as const) {
      const problem = impossibleParty(rule[part], known);
      if (problem !== undefined) warn([...path, part, problem.key], problem.message);
    }
    for (const [condition, keys] of conditionsOf(rule)) {
      if (isNever(condition))
        warn(
          [...path, ...keys],
          'this condition is never true, so the rule never matches. Remove the rule, or mend the condition.',
        );
    }
  }
  for (const [rule, path] of rules) warnOfScopes(rule, path, known, warn);
  for (const [narrow, wide] of findOpened([...rules.keys()], known.self)) {
    const [claim] = claimsRead(narrow);
    warn(
      rules.get(narrow) ?? [],
      `a token without ${claim} does not match this rule, and “${wide.name}” gives it more. Write effect: deny for what must never be given.`,
    );
  }
}

/** Finds a pattern that no token can match. */
function impossibleParty(
  { issuers, types: { own, foreign }, clients }: PartyNames,
  { self, issuers: entries }: Known,
): { readonly key: string; readonly message: string } | undefined {
  if (issuers === 'any') return undefined;
  // An unknown issuer has its own warning.
  if (![...issuers].every((issuer) => issuer === self || entries.some((entry) => isOf(entry, issuer))))
    return undefined;
  if (clients !== 'any' && !issuers.has(self))
    return {
      key: 'clients',
      message:
        'clients names clients of this server, and issuer names other issuers alone: no token is of both. Remove one of them.',
    };
  const remedy = (): string => {
    const given = entries.filter((entry) => [...issuers].some((issuer) => isOf(entry, issuer))).flatMap(typesOf);
    return given.length > 0 && given.every(isRedeemed)
      ? `The entry gives ${[...new Set(given)].join(' and ')}, by grants. Write types: [${given[0]}], or change grants.`
      : 'Add the type to accepts of the issuer, or write id_jag, chaining_grant or workload under its grants.';
  };
  const accepted = [...issuers].flatMap((issuer) => {
    if (issuer === self) return own === 'accepted' ? ['access_token'] : [...own].filter((type) => !isRedeemed(type));
    const types = entries.filter((entry) => isOf(entry, issuer)).flatMap(typesOf);
    return types.filter((type) => takesForeign({ own, foreign }, type));
  });
  return accepted.length > 0
    ? undefined
    : {
        key: 'types',
        message: `no issuer that the rule names has an entry that accepts one of these types. ${remedy()}`,
      };
}

/** The types that may be exchanged, and those that may be redeemed. */
const typesOf = (entry: ConfigurationFile['issuers'][number]): readonly string[] => {
  const grants = entry.saml === undefined ? entry.grants : undefined;
  return [...entry.accepts, ...redeemedTypes.filter((type) => grants?.[type] !== undefined)];
};

const isOf = (entry: ConfigurationFile['issuers'][number], issuer: string): boolean =>
  entry.saml === undefined
    ? entry.issuer === issuer || `spiffe://${entry.trustDomain}` === issuer
    : entry.saml === issuer;

const conditionsOf = ({
  subject,
  actor,
  when,
}: AnyRule): readonly (readonly [CompiledExpression, readonly string[]])[] =>
  (
    [
      [subject.when, ['subject', 'when']],
      [actor.claims, ['actor', 'claims']],
      [actor.when, ['actor', 'when']],
      [when, ['when']],
    ] as const
  ).flatMap(([condition, keys]) => (condition === 'always' ? [] : [[condition, keys] as const]));

/** A condition that reads nothing has the same value for every request. */
function isNever({ reads, evaluate }: CompiledExpression): boolean {
  if (reads.length > 0) return false;
  const answer = evaluate({}, new Budget());
  return answer.kind === 'value' && answer.value === false;
}

function warnOfScopes(
  { clients: ids, subject, grant }: Rule,
  path: Path,
  { self, clients, scopes }: Known,
  warn: (path: Path, message: string) => void,
): void {
  const place = [...path, 'grant', 'scopes'];
  if (grant.scopeMap !== 'same') {
    const ownOnly = subject.issuers !== 'any' && [...subject.issuers].every((issuer) => issuer === self);
    const again = isOwnPossible(subject, self) ? findRepeated(grant.scopeMap) : undefined;
    if (again !== undefined)
      warn(
        place,
        `${again.join(' becomes ')} if a token of this rule is exchanged by it again. Use names that are not both given and mapped, or name the clients of the subject.`,
      );
    for (const from of grant.scopeMap.keys()) {
      if (ownOnly && !scopes.has(from) && !SIGN_IN_SCOPES.has(from))
        warn(
          [...place, from],
          `no resource has the scope ${JSON.stringify(from)}, so no token of this server has it. A map goes from the scope of the subject token to the scopes that the rule gives.`,
        );
    }
  }
  const needed = grant.targets.every((target) => target.scopes.size > 0);
  const possible = [...grant.scopes].filter((name) => grant.targets.some((target) => target.scopes.has(name)));
  const limits = [...ids].map((id) => clients.get(id)?.scopes);
  if (
    needed &&
    possible.length > 0 &&
    limits.every((limit) => limit !== undefined && !possible.some((name) => limit.includes(name)))
  )
    warn(
      place,
      'no client of this rule may have any of these scopes, so every request is refused. Add one to scopes of the client.',
    );
}

const isOwnPossible = ({ issuers }: PartyNames, self: string): boolean => issuers === 'any' || issuers.has(self);

/** Finds a scope whose result the map gives another scope for. */
function findRepeated(map: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  for (const [from, given] of map) {
    for (const name of given) {
      const next = name === from ? undefined : map.get(name)?.find((one) => !given.includes(one));
      if (next !== undefined) return [from, name, next];
    }
  }
  return undefined;
}

/** Finds pairs of an earlier rule that reads claims and a later rule without conditions that matches the same and grants more. */
function findOpened(rules: readonly Rule[], self: string): readonly (readonly [Rule, Rule])[] {
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const open = indexRules(rules.filter((rule) => rule.mode === 'enforce' && conditionsOf(rule).length === 0));
  return rules.flatMap((narrow, place) => {
    if (narrow.mode === 'audit' || claimsRead(narrow).length === 0) return [];
    const [caller = ''] = narrow.clients;
    const [issuer] = narrow.subject.issuers === 'any' ? [] : narrow.subject.issuers;
    for (const wide of open.get(caller)?.naming({ issuer, target: narrow.grant.targets[0] }) ?? []) {
      if ((places.get(wide) ?? 0) > place && coversNames(wide, narrow, self) && givesMore(wide, narrow))
        return [[narrow, wide] as const];
    }
    return [];
  });
}

const claimsRead = (rule: Rule): readonly string[] =>
  conditionsOf(rule).flatMap(([{ reads }]) => reads.filter((text) => /^(?:subject|actor)\.claims\b/.test(text)));

const givesMore = (wide: Rule, narrow: Rule): boolean =>
  !wide.grant.scopes.isSubsetOf(narrow.grant.scopes) ||
  wide.grant.targets.some((target) => !narrow.grant.targets.includes(target));
