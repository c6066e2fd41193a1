// Compiles the rules of a configuration for evaluation.
import { type ClaimRead, findClaimReads } from './facts.ts';
import type { AnyRule, DenyRule, Rule } from './rule.ts';
import { type ClientRules, indexRules } from './rule-index.ts';

export interface Policy {
  /** Our issuer, which the file calls `self`. */
  readonly issuer: string;
  /** The rules that allow, in the order of the file. */
  readonly rules: readonly Rule[];
  /** The rules that deny. Each of them decides before any rule that allows. */
  readonly denials: readonly DenyRule[];
  readonly byClient: ReadonlyMap<string, ClientRules>;
  /** The claims that conditions read. The audit row records them. */
  readonly claimReads: readonly ClaimRead[];
}

export function compilePolicy(issuer: string, rules: readonly Rule[], denials: readonly DenyRule[]): Policy {
  const expressions = [
    ...[...denials, ...rules].flatMap(({ subject, actor, when }) => [subject.when, actor.claims, actor.when, when]),
    ...rules.flatMap(({ grant }) => grant.claims.map(([, value]) => value)),
  ];
  return {
    issuer,
    rules,
    denials,
    byClient: indexRules(rules),
    claimReads: findClaimReads(expressions.filter((expression) => expression !== 'always')),
  };
}

/** In the order in which they are evaluated. */
export const allRules = ({ denials, rules }: Policy): readonly AnyRule[] => [...denials, ...rules];
