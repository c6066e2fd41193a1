// How is a rule chosen? A rule that denies and matches decides, wherever it stands in the file. Otherwise rules are evaluated in
// the order of the file, and the first whose client, subject, actor and target match decides. Pure: takes facts and returns a
// decision.
import type { JsonObject } from '../primitives/strict-json.ts';
import { type Decided, type Denial, type Finding, RuleEvaluator, type Undecided } from './evaluate-rule.ts';
import type { Facts } from './facts.ts';
import { type Miss, PARTS, type Part } from './match.ts';
import type { Policy } from './policy.ts';
import type { AnyRule, DenyRule, Rule } from './rule.ts';

/** The first part of a rule that did not match. */
export interface Mismatch extends Miss {
  readonly rule: string;
}

/** The rules that did not decide, for the audit row. */
interface OtherRules {
  /** The client's rules that did not match, at most `MAX_RECORDED_RULES`; last, the one that cannot be told and refuses. */
  readonly mismatches: readonly Mismatch[];
  /** Rules in audit mode that would have decided or cannot be told; at most `MAX_RECORDED_RULES`. */
  readonly shadows: readonly Decided[];
}

export interface RuleDecision extends OtherRules {
  /** Undefined if no rule matches. */
  readonly outcome: Decided | undefined;
  /** The last part that was compared before a mismatch, over all rules in force. */
  readonly furthest: Part;
  /** The facts as conditions read them. */
  readonly facts: () => JsonObject;
}

/** Maximum number of rules that one audit row names, in each list. */
const MAX_RECORDED_RULES = 100;
export function decide(policy: Policy, facts: Facts): RuleDecision {
  const evaluator = new RuleEvaluator(policy.issuer, facts);
  const allowed = decideAllowed(policy, facts, evaluator);
  if (policy.denials.length === 0) return allowed;
  const permit = allowed.outcome?.kind === 'permit' ? allowed.outcome : undefined;
  const findings = new Map<DenyRule, Finding>();
  for (const rule of policy.denials) findings.set(rule, evaluator.findDenial(rule, permit));
  const denial = strongestDenial(findings);
  const { mismatches, shadows } = otherRules(findings);
  if (denial !== undefined)
    return { ...allowed, outcome: denial, mismatches: withLast(denial.rule.name, mismatches), shadows };
  return {
    ...allowed,
    mismatches: [...mismatches, ...allowed.mismatches].slice(-MAX_RECORDED_RULES),
    shadows: [...shadows, ...allowed.shadows].slice(0, MAX_RECORDED_RULES),
  };
}

/** Puts the mismatch of a rule that cannot be told last, where readers of the audit row look for it. */
const withLast = (name: string, mismatches: readonly Mismatch[]): readonly Mismatch[] =>
  mismatches.toSorted((a, b) => Number(a.rule === name) - Number(b.rule === name));

/** A rule that matches goes before one that cannot be told. Both refuse. */
function strongestDenial(findings: ReadonlyMap<DenyRule, Finding>): Denial | Undecided | undefined {
  let undecided: Undecided | undefined;
  for (const [{ mode }, finding] of findings) {
    if (mode === 'audit') continue;
    if (finding.kind === 'denied') return finding;
    if (finding.kind === 'cannot tell') undecided ??= finding;
  }
  return undecided;
}

function decideAllowed(policy: Policy, facts: Facts, evaluator: RuleEvaluator): RuleDecision {
  const rules = policy.byClient.get(facts.client.id);
  const { principal, clientId = '' } = facts.subject;
  const naming = rules?.naming({
    issuer: principal.iss,
    client: principal.iss === policy.issuer ? clientId : '',
    target: facts.targets === 'unknown' ? undefined : facts.targets[0],
  });
  const findings = new Map<Rule, Finding>();
  for (const rule of naming ?? []) {
    const finding = evaluator.find(rule);
    findings.set(rule, finding);
    if (rule.mode === 'audit' || 'miss' in finding) continue;
    return { outcome: finding, furthest: 'target', ...otherRules(findings), facts: evaluator.shared };
  }
  // No rule permits the request. To report the furthest one, evaluate the rules that the index skipped.
  const all = new Map<Rule, Finding>();
  for (const rule of rules?.all ?? []) {
    const finding = findings.get(rule) ?? evaluator.find(rule);
    all.set(rule, finding.kind === 'unasked' ? evaluator.settle(rule, finding) : finding);
  }
  return { outcome: undefined, furthest: furthestOf(all), ...otherRules(all), facts: evaluator.shared };
}

function furthestOf(findings: ReadonlyMap<Rule, Finding>): Part {
  let furthest = 0;
  for (const [{ mode }, finding] of findings) {
    if (mode === 'enforce' && finding.kind === 'miss') furthest = Math.max(furthest, PARTS.indexOf(finding.miss.part));
  }
  return PARTS[furthest] ?? 'client';
}

function otherRules(findings: ReadonlyMap<AnyRule, Finding>): OtherRules {
  const mismatches: Mismatch[] = [];
  const shadows: Decided[] = [];
  for (const [{ name, mode }, finding] of findings) {
    if ('miss' in finding) {
      if (mismatches.length < MAX_RECORDED_RULES) mismatches.push({ rule: name, ...finding.miss });
    } else if (mode === 'audit') {
      if (shadows.length < MAX_RECORDED_RULES) shadows.push(finding);
    } else if (finding.kind === 'cannot tell') {
      const { part, what, problem } = finding;
      mismatches.push({ rule: name, part, what, problem });
    }
  }
  return { mismatches, shadows };
}
