// How is a rule chosen? A rule that denies and matches decides, wherever it stands in the file. Otherwise rules are evaluated in
// the order of the file, and the first whose client, subject, actor and target match decides. Pure: takes facts and returns a
// decision.
import {
  Budget,
  type CannotBeTold,
  type CompiledExpression,
  type Evaluation,
  type ExpressionFacts,
  holds,
} from '../expression/condition.ts';
import type { Targets } from '../model/resource.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type Acting, type Facts, type Offer, offerBeforeDenial, offerOf, RuleFacts, sharedFacts } from './facts.ts';
import { actorMiss, denialMiss, type Miss, PARTS, type Part, subjectMiss, targetMiss } from './match.ts';
import type { Policy } from './policy.ts';
import type { AnyRule, DenyRule, Rule } from './rule.ts';

declare const decided: unique symbol;

/** The rule that decided, and the targets that it allows. Only `decide` creates one. */
export type Permit = {
  readonly kind: 'permit';
  readonly rule: Rule;
  readonly targets: Targets;
  /** Evaluates an expression of the rule, within the remaining budget of the request. */
  readonly evaluate: (expression: CompiledExpression) => Evaluation;
} & { readonly [decided]: true };

/** A rule that denies matches. */
export interface Denial {
  readonly kind: 'denied';
  readonly rule: DenyRule;
}

/** It cannot be told whether the rule matches. The request is refused: a later rule must not decide in its place. */
export interface Undecided extends Omit<CannotBeTold, 'why'> {
  /** `missing`: a rule that denies reads a claim that the facts lack, or that has another type. */
  readonly why: CannotBeTold['why'] | 'missing';
  readonly rule: AnyRule;
  readonly part: Part;
  /** The condition, as the file names it. */
  readonly what: string;
}

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

type Decided = Permit | Denial | Undecided;

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
/** Steps for rules in audit mode. They have a budget of their own, so that they cannot change a decision. */
const AUDIT_MODE_STEPS = 200_000;
/** Steps that comparing the names of a rule costs. */
const NAMES_STEPS = 60;

interface Missed {
  readonly kind: 'miss';
  readonly miss: Miss;
}

/** The actor's names or the targets do not match. The conditions were not evaluated. */
interface Unasked {
  readonly kind: 'unasked';
  readonly miss: Miss;
}

type Finding = Decided | Missed | Unasked;

export function decide(policy: Policy, facts: Facts): RuleDecision {
  const asking = new Asking(policy.issuer, facts);
  const allowed = decideAllowed(policy, facts, asking);
  if (policy.denials.length === 0) return allowed;
  const permit = allowed.outcome?.kind === 'permit' ? allowed.outcome : undefined;
  const findings = new Map<DenyRule, Finding>();
  for (const rule of policy.denials) findings.set(rule, asking.findDenial(rule, permit));
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

function decideAllowed(policy: Policy, facts: Facts, asking: Asking): RuleDecision {
  const rules = policy.byClient.get(facts.client.id);
  const { principal, clientId = '' } = facts.subject;
  const naming = rules?.naming({
    issuer: principal.iss,
    client: principal.iss === policy.issuer ? clientId : '',
    target: facts.targets === 'unknown' ? undefined : facts.targets[0],
  });
  const findings = new Map<Rule, Finding>();
  for (const rule of naming ?? []) {
    const finding = asking.find(rule);
    findings.set(rule, finding);
    if (rule.mode === 'audit' || 'miss' in finding) continue;
    return { outcome: finding, furthest: 'target', ...otherRules(findings), facts: asking.shared };
  }
  // No rule permits the request. To report the furthest one, evaluate the rules that the index skipped.
  const all = new Map<Rule, Finding>();
  for (const rule of rules?.all ?? []) {
    const finding = findings.get(rule) ?? asking.find(rule);
    all.set(rule, finding.kind === 'unasked' ? asking.settle(rule, finding) : finding);
  }
  return { outcome: undefined, furthest: furthestOf(all), ...otherRules(all), facts: asking.shared };
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

/** Evaluates rules for one request, within one budget. Facts are computed when a condition first reads them. */
class Asking {
  readonly #self: string;
  readonly #facts: Facts;
  readonly #targets: number;
  readonly #budgets = { enforce: new Budget(), audit: new Budget(AUDIT_MODE_STEPS) };
  #shared: JsonObject | undefined;

  constructor(self: string, facts: Facts) {
    this.#self = self;
    this.#facts = facts;
    this.#targets = facts.targets === 'unknown' ? 0 : facts.targets.length;
  }

  readonly shared = (): JsonObject => {
    this.#shared ??= sharedFacts(this.#facts);
    return this.#shared;
  };

  find(rule: Rule): Finding {
    const price = NAMES_STEPS + ((this.#targets * rule.grant.targets.length) >> 2);
    if (!this.#budgets[rule.mode].affords(price)) return tooMany(rule);
    const subject = subjectMiss(rule, this.#facts, this.#self);
    if (subject !== undefined) return { kind: 'miss', miss: subject };
    const miss = actorMiss(rule, this.#facts, this.#self) ?? targetMiss(rule, this.#facts);
    if (miss !== undefined) return { kind: 'unasked', miss };
    const read = this.#reading(offerOf(rule, this.#facts, this.#budgets[rule.mode]));
    return this.#firstMiss(rule, read, { acting: this.#facts }) ?? this.#permit(rule, read);
  }

  /** @param permit what is allowed unless a rule denies it: its targets and scope are those that conditions read */
  findDenial(rule: DenyRule, permit: Permit | undefined): Finding {
    const budget = this.#budgets[rule.mode];
    const offer = offerBeforeDenial(permit?.rule, this.#facts, budget);
    const { acting } = offer;
    const targets = permit?.targets ?? offer.targets();
    if (!budget.affords(NAMES_STEPS + targets.length + acting.chain.length)) return tooMany(rule);
    const miss = denialMiss(rule, this.#facts, { targets, acting, self: this.#self });
    if (miss !== undefined) return { kind: 'miss', miss };
    return this.#firstMiss(rule, this.#reading(offer), { acting }) ?? { kind: 'denied', rule };
  }

  /** Finds the first part of a rule that does not match. A condition that cannot be told counts as a mismatch here. */
  settle(rule: Rule, { miss }: Unasked): Missed {
    const read = this.#reading(offerOf(rule, this.#facts, this.#budgets[rule.mode]));
    const found = this.#firstMiss(rule, read, { acting: this.#facts, named: miss });
    if (found?.kind !== 'cannot tell') return found ?? { kind: 'miss', miss };
    const { part, what, problem } = found;
    return { kind: 'miss', miss: { part, what, problem } };
  }

  #reading(offer: Offer): () => ExpressionFacts {
    let read: RuleFacts | undefined;
    return () => {
      read ??= new RuleFacts(this.shared(), this.#facts, offer);
      return read;
    };
  }

  #permit(rule: Rule, read: () => ExpressionFacts): Permit {
    const { targets: asked } = this.#facts;
    const [first = rule.grant.targets[0], ...others] = asked === 'unknown' ? [] : asked;
    return {
      kind: 'permit',
      rule,
      targets: [first, ...others],
      evaluate: (expression: CompiledExpression) => expression.evaluate(read(), this.#budgets[rule.mode]),
    } as const as unknown as Permit;
  }

  /**
   * Evaluates the conditions: each after the names of its part, the rule's own last.
   * @param named the mismatch of the actor's names or the targets; undefined if both match
   */
  #firstMiss(
    rule: AnyRule,
    read: () => ExpressionFacts,
    { acting: { actor, chain }, named }: { readonly acting: Acting; readonly named?: Miss },
  ): Missed | Undecided | undefined {
    const { subject, actor: pattern, when } = rule;
    return (
      this.#ask(rule, 'subject', 'subject.when', subject.when, read) ??
      (named?.part === 'actor' ? { kind: 'miss', miss: named } : undefined) ??
      (actor && this.#ask(rule, 'actor', 'actor.when', pattern.when, read)) ??
      (rule.effect === 'deny' && actor === undefined && chain.length > 0 && pattern.when !== 'always'
        ? untold(rule, { part: 'actor', what: 'actor.when', problem: 'the actor did not send its token' })
        : undefined) ??
      // The rule's own condition counts as part of the actor, or of the subject if there is no actor.
      this.#ask(rule, actor === undefined ? 'subject' : 'actor', 'when', when, read)
    );
  }

  #ask(
    rule: AnyRule,
    part: Part,
    what: string,
    condition: CompiledExpression | 'always',
    read: () => ExpressionFacts,
  ): Missed | Undecided | undefined {
    if (condition === 'always') return undefined;
    // A rule that denies must not miss a value because an issuer writes it in another form.
    const types = rule.effect === 'deny' ? 'same' : 'any';
    const answer = holds(condition, read(), this.#budgets[rule.mode], types);
    if (answer.kind === 'yes') return undefined;
    if (answer.kind === 'cannot tell') return { ...answer, rule, part, what };
    const { problem } = answer;
    if (problem === undefined) return { kind: 'miss', miss: { part, what } };
    const miss = { part, what, problem };
    return rule.effect === 'deny' ? untold(rule, miss) : { kind: 'miss', miss };
  }
}

/** A claim that is missing leaves open whether a rule denies. */
const untold = (rule: AnyRule, miss: Required<Miss>): Undecided => ({
  kind: 'cannot tell',
  rule,
  ...miss,
  why: 'missing',
  whose: '',
});

const tooMany = (rule: AnyRule): Undecided => ({
  kind: 'cannot tell',
  rule,
  part: 'client',
  what: 'client',
  why: 'cost',
  whose: '',
  problem: 'there are too many rules to compare in one request',
});
