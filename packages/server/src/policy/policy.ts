// Compiles the rules of a configuration for evaluation.
import { type ClaimRead, findClaimReads } from './facts.ts';
import type { Rule } from './rule.ts';
import { type ClientRules, indexRules } from './rule-index.ts';

export interface Policy {
  /** Our issuer, which the file calls `self`. */
  readonly issuer: string;
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  readonly byClient: ReadonlyMap<string, ClientRules>;
  /** The claims that conditions read. The audit row records them. */
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
