// Describes a rule in words, for a person who reads the rules: who, which tokens, for what, under which conditions.
import { allRules, type Policy } from '../policy/policy.ts';
import { type AnyRule, DEFAULT_TYPES, type DenyRule, type PartyNames, type Rule } from '../policy/rule.ts';
import { describeList } from './wording.ts';

export interface DescribedRule {
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly effect: AnyRule['effect'];
  /** `audit`: the rule is only watched. */
  readonly mode: AnyRule['mode'];
  /** Absent: every client. */
  readonly clients?: readonly string[];
  /** Phrases, all of which hold. */
  readonly subject: readonly string[];
  readonly actor: readonly string[];
  /** Absent: every target. */
  readonly audiences?: readonly string[];
  readonly scopes: readonly { readonly scope: string; readonly from?: readonly string[] }[];
  /** The types of token that may be requested. */
  readonly types: readonly string[];
  /** Seconds; absent if the target alone limits it. */
  readonly lifetime?: number;
  /** In the words of the file; all must hold. */
  readonly conditions: readonly string[];
  readonly because?: string;
}

interface Context {
  readonly policy: Policy;
  /** @returns the file and the line */
  readonly placeOf: (path: readonly (string | number)[]) => string;
}

/** @returns the rules in the order in which they are evaluated: those that deny first */
export const describeRules = ({ policy, placeOf }: Context): readonly DescribedRule[] =>
  allRules(policy).map((rule) => {
    const [, file = '', line = '0'] = /^(.*):(\d+)$/.exec(placeOf(['rules', rule.position])) ?? [];
    const { name, effect, mode, clients, subject, when } = rule;
    const conditions = [subject.when, when].flatMap((condition) => (condition === 'always' ? [] : [condition.text]));
    const common = { name, file, line: Number(line), effect, mode, conditions };
    const words = { subject: describeSubject(rule, policy.issuer), actor: describeActor(rule, policy.issuer) };
    const who = clients === 'any' ? {} : { clients: [...clients] };
    return { ...common, ...words, ...who, ...(rule.effect === 'allow' ? grantOf(rule) : denialOf(rule)) };
  });

function grantOf({ grant: { targets, scopes, scopeMap, types, lifetime } }: Rule) {
  const fromOf = (scope: string) =>
    scopeMap === 'same'
      ? {}
      : { from: [...scopeMap].flatMap(([held, given]) => ([...given].includes(scope) ? [held] : [])) };
  return {
    audiences: targets.map(({ audience }) => audience),
    scopes: [...scopes].map((scope) => ({ scope, ...fromOf(scope) })),
    types: [...types],
    ...(lifetime !== undefined && { lifetime }),
  };
}

const denialOf = ({ targets, because }: DenyRule) => ({
  ...(targets !== 'any' && { audiences: [...targets].map(({ audience }) => audience) }),
  scopes: [],
  types: [],
  ...(because !== undefined && { because }),
});

/** @param self the issuer of this server */
function describeOrigin({ issuers, clients, types }: PartyNames, self: string): readonly string[] {
  const names = issuers === 'any' ? [] : [...issuers].map((one) => (one === self ? 'this server' : one));
  const mayBeOwn = issuers === 'any' || issuers.has(self);
  const mayBeForeign = issuers === 'any' || [...issuers].some((one) => one !== self);
  // The default is said nowhere else, either.
  const isDefault = types === DEFAULT_TYPES;
  const own = !isDefault && mayBeOwn && types.own !== 'accepted' ? [...types.own] : [];
  const foreign = mayBeForeign && types.foreign !== 'accepted' ? [...types.foreign] : [];
  const all = [...new Set([...own, ...foreign])];
  const isOwnAlone = mayBeForeign && types.foreign === 'accepted';
  return [
    ...(names.length > 0 ? [`from ${describeList(names, 'or')}`] : []),
    ...(clients === 'any' ? [] : [`issued to ${describeList([...clients], 'or')}`]),
    ...(all.length > 0 ? [`of type ${describeList(all, 'or')}${isOwnAlone ? ' if it is from this server' : ''}`] : []),
  ];
}

function describeSubject({ effect, subject }: AnyRule, self: string): readonly string[] {
  const { issuers, clients } = subject;
  const mayBeOwn = issuers === 'any' || issuers.has(self);
  return [
    ...(effect === 'allow' && issuers === 'any' ? ['from this server or any trusted issuer'] : []),
    ...describeOrigin(subject, self),
    ...(effect === 'allow' && clients === 'any' && mayBeOwn
      ? ['issued to the client, or addressed to it, if it is from this server']
      : []),
    ...('constrained' in subject && subject.constrained === 'accept'
      ? ['a bound token needs no proof of its key']
      : []),
  ];
}

function describeActor(rule: AnyRule, self: string): readonly string[] {
  const { presence, clients, clientPatterns, subjects, claims, when } = rule.actor;
  if (presence === 'forbidden') return ['nobody acts'];
  const all = clients === 'any' ? [] : [...clients, ...clientPatterns];
  const words = [
    ...describeOrigin({ ...rule.actor, clients: 'any' }, self),
    ...(all.length > 0 ? [`issued to ${describeList(all, 'or')}`] : []),
    ...(subjects === 'any' ? [] : [`about ${describeList(subjects, 'or')}`]),
    ...[claims, when].flatMap((condition) => (condition === 'always' ? [] : [condition.text])),
  ];
  if (rule.effect === 'deny') return presence === 'required' || all.length > 0 ? ['somebody acts', ...words] : words;
  return [
    presence === 'required' ? 'an actor token must be sent' : 'an actor token may be sent',
    ...words,
    ...(rule.act === 'client' ? ['without one, the client acts'] : []),
  ];
}
