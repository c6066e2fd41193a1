// Turns an outcome of the rules that is not a permit into a refusal, and evaluates the claims that a permit adds.
import type { Denial, Permit, Undecided } from '../policy/evaluate-rule.ts';
import { Refusal } from '../primitives/refusal.ts';

/**
 * Evaluates the claims that the rule adds. A claim without a value is omitted. One that cannot be told refuses the request: an API
 * or a later rule could take a missing claim for "no".
 * @throws Refusal rules_too_costly, subject_claims_elsewhere, actor_claims_elsewhere
 */
export function grantedClaims({ rule, evaluate }: Permit): Readonly<Record<string, unknown>> {
  const claims: Record<string, unknown> = Object.create(null);
  for (const [name, expression] of rule.grant.claims) {
    const evaluation = evaluate(expression);
    if (evaluation.kind === 'cannot tell') throw cannotTell(rule, `grant.claims.${name}`, evaluation);
    if (evaluation.kind === 'value') claims[name] = evaluation.value;
  }
  return claims;
}

/** The refusal of a rule that denies, or of a rule that cannot be told. */
export function refuseBy(outcome: Denial | Undecided): Refusal {
  const { rule } = outcome;
  if (outcome.kind === 'cannot tell') return cannotTell(rule, outcome.what, outcome);
  const because = rule.effect === 'deny' && rule.because !== undefined ? `: ${rule.because}` : '';
  return new Refusal('denied_by_rule', { detail: `“${rule.name}”${because}` });
}

/** It cannot be told whether a rule matches, or which claims it adds. Another rule must not decide instead. */
function cannotTell(
  { name }: { readonly name: string },
  what: string,
  { why, whose, problem }: Pick<Undecided, 'why' | 'whose' | 'problem'>,
): Refusal {
  const detail = `“${name}”, ${what}: ${problem}`;
  if (why === 'missing') return new Refusal('denial_cannot_be_told', { detail });
  if (why === 'failure') return new Refusal('rules_failed', { detail });
  if (why === 'cost') return new Refusal('rules_too_costly', { detail });
  if (why === 'inexact') return new Refusal('rules_inexact', { detail });
  return new Refusal(whose === 'actor' ? 'actor_claims_elsewhere' : 'subject_claims_elsewhere', { detail });
}
