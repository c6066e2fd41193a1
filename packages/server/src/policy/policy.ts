// All the rules of a reading of the file, made ready to decide by.
import { type ClaimRead, findClaimReads } from './facts.ts';
import type { Rule } from './rule.ts';
import { type ClientRules, indexRules } from './rule-index.ts';

export interface Policy {
  /** The issuer that `self` means. */
  readonly issuer: string;
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  readonly byClient: ReadonlyMap<string, ClientRules>;
  /** The claims that the rules read: they are recorded. */
  readonly claimReads: readonly ClaimRead[];
}

export function compilePolicy(issuer: string, rules: readonly Rule[]): Policy {
  const expressions = rules.flatMap(({ subject, actor, when, grant }) => [
    subject.when,
    actor.when,
    when,
    ...grant.claims.map(([, value]) => value),
  ]);
  return {
    issuer,
    rules,
    byClient: indexRules(rules),
    claimReads: findClaimReads(expressions.filter((expression) => expression !== 'always')),
  };
}
