// May this client have that token? Rules are read in order; the first whose client, subject, actor and target parts match
// decides. Pure: facts in, decision out.
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
import { type Facts, RuleFacts, sharedFacts } from './facts.ts';
import { actorMiss, type Miss, PARTS, type Part, subjectMiss, targetMiss } from './match.ts';
import type { Policy } from './policy.ts';
import type { Rule } from './rule.ts';

declare const decided: unique symbol;

/** The rule that decided and the targets that it allows. Only `decide` makes one. */
export type Permit = {
  readonly kind: 'permit';
  readonly rule: Rule;
  readonly targets: Targets;
  /** What an expression of the rule says of the facts. It costs what is left of the request's budget. */
  readonly evaluate: (expression: CompiledExpression) => Evaluation;
} & { readonly [decided]: true };

/** The rule may match, and nobody can say whether it does. No later rule may decide in its place. */
export interface Undecided extends CannotBeTold {
  readonly rule: Rule;
  readonly part: Part;
  /** The condition, as the file names it. */
  readonly what: string;
}

/** The first part of a rule that did not match. */
export interface Mismatch extends Miss {
  readonly rule: string;
}

/** What the audit row says of the rules that did not decide. */
interface OtherRules {
  /** Of each of the client's rules that was read and did not match, the first of very many; and of one that cannot be told. */
  readonly mismatches: readonly Mismatch[];
  /** Rules in audit mode that would have decided, or could not have told; the first of very many. */
  readonly shadows: readonly (Permit | Undecided)[];
}

export interface RuleDecision extends OtherRules {
  /** Undefined: no rule matches. */
  readonly outcome: Permit | Undecided | undefined;
  /** The furthest part that a rule in force came to without matching. */
  readonly furthest: Part;
  /** The facts in the form that conditions read. */
  readonly facts: () => JsonObject;
}

/** So many rules are told of in one decision, at most: an audit row is no copy of the file. */
const MOST_TOLD = 100;
/** Steps for rules in audit mode, beside those for the rules that decide: to watch one must not change an answer. */
const WATCHED_STEPS = 200_000;
/** Steps to compare the names of a rule. */
const NAMES_PRICE = 60;

interface Missed {
  readonly kind: 'miss';
  readonly miss: Miss;
}

/** The actor's names or the targets do not match, so that the rule does not, whatever its conditions say. */
interface Unasked {
  readonly kind: 'unasked';
  readonly miss: Miss;
}

type Finding = Permit | Undecided | Missed | Unasked;

export function decide(policy: Policy, facts: Facts): RuleDecision {
  const asking = new Asking(policy.issuer, facts);
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
  // Nothing is permitted any more. To report the furthest rule, look at all of them; none is asked twice.
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

function otherRules(findings: ReadonlyMap<Rule, Finding>): OtherRules {
  const mismatches: Mismatch[] = [];
  const shadows: (Permit | Undecided)[] = [];
  for (const [{ name, mode }, finding] of findings) {
    if ('miss' in finding) {
      if (mismatches.length < MOST_TOLD) mismatches.push({ rule: name, ...finding.miss });
    } else if (mode === 'audit') {
      if (shadows.length < MOST_TOLD) shadows.push(finding);
    } else if (finding.kind === 'cannot tell') {
      const { part, what, problem } = finding;
      mismatches.push({ rule: name, part, what, problem });
    }
  }
  return { mismatches, shadows };
}

/** Asks rules about one request. What it costs comes out of one budget, and facts are made when a condition reads them. */
class Asking {
  readonly #self: string;
  readonly #facts: Facts;
  readonly #targets: number;
  readonly #budgets = { enforce: new Budget(), audit: new Budget(WATCHED_STEPS) };
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
    const price = NAMES_PRICE + ((this.#targets * rule.grant.targets.length) >> 2);
    if (!this.#budgets[rule.mode].affords(price))
      return { kind: 'cannot tell', rule, part: 'client', what: 'client', why: 'cost', whose: '', problem: TOO_MANY };
    const subject = subjectMiss(rule, this.#facts, this.#self);
    if (subject !== undefined) return { kind: 'miss', miss: subject };
    const miss = actorMiss(rule, this.#facts, this.#self) ?? targetMiss(rule, this.#facts);
    if (miss !== undefined) return { kind: 'unasked', miss };
    const read = this.#reading(rule);
    return this.#firstMiss(rule, read) ?? this.#permit(rule, read);
  }

  /** How far did a rule come that does not match? What cannot be told of it is no reason to refuse. */
  settle(rule: Rule, { miss }: Unasked): Missed {
    const found = this.#firstMiss(rule, this.#reading(rule), miss);
    if (found?.kind !== 'cannot tell') return found ?? { kind: 'miss', miss };
    const { part, what, problem } = found;
    return { kind: 'miss', miss: { part, what, problem } };
  }

  #reading(rule: Rule): () => ExpressionFacts {
    let read: RuleFacts | undefined;
    return () => {
      read ??= new RuleFacts(this.shared(), rule, this.#facts, this.#budgets[rule.mode]);
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
   * Conditions come after the names of the same part; the rule's own sees everything.
   * @param named what `find` knows of the actor's names and the targets: undefined where both match
   */
  #firstMiss(rule: Rule, read: () => ExpressionFacts, named?: Miss): Missed | Undecided | undefined {
    const { actor } = this.#facts;
    const { subject, actor: acting, when } = rule;
    return (
      this.#ask(rule, 'subject', 'subject.when', subject.when, read) ??
      (named?.part === 'actor' ? { kind: 'miss', miss: named } : undefined) ??
      (actor && this.#ask(rule, 'actor', 'actor.when', acting.when, read)) ??
      // Its miss counts as one of whoever would act.
      this.#ask(rule, actor === undefined ? 'subject' : 'actor', 'when', when, read)
    );
  }

  #ask(
    rule: Rule,
    part: Part,
    what: string,
    condition: CompiledExpression | 'always',
    read: () => ExpressionFacts,
  ): Missed | Undecided | undefined {
    if (condition === 'always') return undefined;
    const answer = holds(condition, read(), this.#budgets[rule.mode]);
    if (answer.kind === 'yes') return undefined;
    if (answer.kind === 'cannot tell') return { ...answer, rule, part, what };
    const { problem } = answer;
    return { kind: 'miss', miss: problem === undefined ? { part, what } : { part, what, problem } };
  }
}

const TOO_MANY = 'there are too many rules to compare in one request';
