// Evaluates one rule for a request: its names, then its conditions.
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
import { actorMiss, denialMiss, deniedActors, type Miss, type Part, subjectMiss, targetMiss } from './match.ts';
import type { AnyRule, DenyRule, Rule } from './rule.ts';

declare const decided: unique symbol;

/** The rule that decided, and the targets that it allows. Only this file creates one. */
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

export type Decided = Permit | Denial | Undecided;

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

export type Finding = Decided | Missed | Unasked;

/** Evaluates rules for one request, within one budget. Facts are computed when a condition first reads them. */
export class RuleEvaluator {
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
    const found = this.#firstMiss(rule, this.#reading(offer), { acting });
    if (found?.kind !== 'miss' || this.#facts.subject.account === undefined) return found ?? { kind: 'denied', rule };
    // A person who is an account of ours has two names. Either is enough for a rule that denies.
    const named = sharedFacts(this.#facts, 'issuer');
    return this.#firstMiss(rule, this.#reading(offer, named), { acting }) ?? { kind: 'denied', rule };
  }

  /** Finds the first part of a rule that does not match. A condition that cannot be told counts as a mismatch here. */
  settle(rule: Rule, { miss }: Unasked): Missed {
    const read = this.#reading(offerOf(rule, this.#facts, this.#budgets[rule.mode]));
    const found = this.#firstMiss(rule, read, { acting: this.#facts, named: miss });
    if (found?.kind !== 'cannot tell') return found ?? { kind: 'miss', miss };
    const { part, what, problem } = found;
    return { kind: 'miss', miss: { part, what, problem } };
  }

  #reading(offer: Offer, shared?: JsonObject): () => ExpressionFacts {
    let read: RuleFacts | undefined;
    return () => {
      read ??= new RuleFacts(shared ?? this.shared(), this.#facts, offer);
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
    const { subject, when } = rule;
    return (
      this.#ask(rule, 'subject', 'subject.when', subject.when, read) ??
      (named?.part === 'actor' ? { kind: 'miss', miss: named } : undefined) ??
      (rule.effect === 'allow' ? actor && this.#askActor(rule, read) : this.#askDenied(rule, { actor, chain }, read)) ??
      // The rule's own condition counts as part of the actor, or of the subject if there is no actor.
      this.#ask(rule, actor === undefined ? 'subject' : 'actor', 'when', when, read)
    );
  }

  #askActor(rule: AnyRule, read: () => ExpressionFacts): Missed | Undecided | undefined {
    const { claims, when } = rule.actor;
    return this.#ask(rule, 'actor', 'actor.claims', claims, read) ?? this.#ask(rule, 'actor', 'actor.when', when, read);
  }

  /** Of an actor that did not send its token in this request, the claims are not known: the conditions cannot be told. */
  #askDenied(rule: DenyRule, acting: Acting, read: () => ExpressionFacts): Missed | Undecided | undefined {
    const { claims, when } = rule.actor;
    if (acting.chain.length === 0 || (claims === 'always' && when === 'always')) return undefined;
    const hit = deniedActors(rule.actor, acting, { subject: this.#facts.subject, self: this.#self });
    const found = hit.includes('actor') ? this.#askActor(rule, read) : undefined;
    if (hit.includes('actor') && found?.kind !== 'miss') return found;
    if (!hit.includes('hop')) return found;
    const what = claims === 'always' ? 'actor.when' : 'actor.claims';
    return untold(rule, { part: 'actor', what, problem: 'an actor did not send its token' });
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
