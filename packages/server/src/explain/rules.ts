// Why did the rules decide as they did? Each rule in order, and the first part that did not match, in words.
import type { AuditEvent, TokenTrace } from '../audit/event.ts';
import type { CompiledExpression } from '../expression/condition.ts';
import { allRules, type Policy } from '../policy/policy.ts';
import type { AnyRule, DenyRule } from '../policy/rule.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface RuleExplanation {
  readonly rule: string;
  readonly result:
    | 'decides'
    | 'does not match'
    | 'cannot be told'
    | 'is not asked'
    | 'is only watched (mode: audit)'
    | 'is gone from the file';
  /** What did not match, as the file names it: `subject.types`. */
  readonly part?: string;
  readonly why?: string;
}

export interface ExplainedRules {
  /** Those of the client, in their order. */
  readonly rules: readonly RuleExplanation[];
  /** How many rules are for other clients. */
  readonly rulesOfOthers: number;
}

/** @param policy the rules as they are now; what the event tells may come from an earlier reading of the file */
export function explainRules(policy: Policy, event: AuditEvent): ExplainedRules {
  const untold = untoldRule(event);
  const all = allRules(policy);
  const last = all.findIndex(({ name }) => name === (untold ?? event.rule));
  const own = all.map((rule, index) => ({ rule, index })).filter(({ rule }) => isAsked(rule, event));
  const explained = own.map(({ rule, index }) => {
    const later = last !== -1 && index > last;
    const why = untold === undefined ? FIRST_DECIDES : `no other rule may decide in place of “${untold}”`;
    return { rule: rule.name, ...(later ? { result: NOT_ASKED, why } : explainRule(rule, event, policy.issuer)) };
  });
  const names = new Set(all.map(({ name }) => name));
  const gone = [event.rule, ...(event.mismatches ?? []).map(({ rule }) => rule)].filter(
    (name) => name && !names.has(name),
  );
  return {
    rules: [...explained, ...gone.map((rule = '') => explainGone(rule, event))],
    rulesOfOthers: all.length - own.length,
  };
}

/** A rule for other clients says nothing about the request, unless the row names it. */
const isAsked = ({ name, clients }: AnyRule, { client, rule, mismatches = [] }: AuditEvent): boolean =>
  client === undefined ||
  clients === 'any' ||
  clients.has(client) ||
  name === rule ||
  mismatches.some((one) => one.rule === name);

type Explained = Omit<RuleExplanation, 'rule'>;

const NOT_ASKED = 'is not asked' as const;
const FIRST_DECIDES = 'the first rule that matches decides alone';
const CANNOT_TELL: ReadonlySet<unknown> = new Set([
  'rules_too_costly',
  'rules_inexact',
  'rules_failed',
  'subject_claims_elsewhere',
  'actor_claims_elsewhere',
  'refresh_token_cannot_tell',
  'denial_cannot_be_told',
] satisfies Reason[]);

/** The rule of which it cannot be told whether it matches: the last that was asked. */
const untoldRule = ({ reason, rule, mismatches }: AuditEvent): string | undefined =>
  CANNOT_TELL.has(reason) && rule === undefined ? mismatches?.at(-1)?.rule : undefined;

function explainRule(rule: AnyRule, event: AuditEvent, self: string): Explained {
  if (rule.name === event.rule) return rule.effect === 'allow' ? { result: 'decides' } : explainDenial(rule);
  if (event.mismatches === undefined)
    return { result: 'is not asked', why: 'the request did not come as far as the rules' };
  const shadow = event.shadows?.find((one) => one.rule === rule.name);
  if (shadow !== undefined) {
    const { reason, scope = [], targets = [] } = shadow;
    const allowed = `it would allow ${scope.length === 0 ? 'no scope' : `“${scope.join(' ')}”`} at ${targets.join(' and ')}`;
    const why = reason === undefined ? allowed : `it would decide, and refuse: ${reasons[reason].meaning}`;
    return { result: 'is only watched (mode: audit)', why };
  }
  const mismatch = event.mismatches.find((one) => one.rule === rule.name);
  if (mismatch === undefined) return explainUntold(rule, event, self);
  const why = sayMismatch(mismatch.what, rule, event, self);
  const { what: part, problem } = mismatch;
  if (rule.name === untoldRule(event)) return { result: 'cannot be told', part, why: problem ?? '' };
  return { result: 'does not match', part, why: problem === undefined ? why : `${why}; ${problem}` };
}

const explainDenial = ({ because }: DenyRule): Explained => ({
  result: 'decides',
  why: because === undefined ? 'it denies (effect: deny)' : `it denies (effect: deny): ${because}`,
});

/** Of a client that has many rules, those for others are passed over, and the row tells the first misses alone. */
function explainUntold(rule: AnyRule, event: AuditEvent, self: string): Explained {
  const { subject } = event;
  const { issuers, clients } = rule.subject;
  const issuedTo = subject?.iss === self ? subject.clientId : undefined;
  const part =
    subject === undefined
      ? undefined
      : issuers !== 'any' && !issuers.has(subject.iss)
        ? 'subject.issuer'
        : clients !== 'any' && !clients.has(issuedTo ?? '')
          ? 'subject.clients'
          : undefined;
  return part === undefined
    ? { result: 'is not asked', why: 'it is for other targets, was not in the file then, or is one of very many' }
    : { result: 'does not match', part, why: sayMismatch(part, rule, event, self) };
}

const explainGone = (rule: string, event: AuditEvent): RuleExplanation => ({
  rule,
  result: 'is gone from the file',
  why: rule === event.rule ? 'it decided' : 'it did not match',
});

function sayMismatch(what: string, rule: AnyRule, event: AuditEvent, self: string): string {
  const [part, member = ''] = what.split('.');
  if (part === 'subject' || part === 'actor') {
    return sayParty[member]?.({ part, rule, trace: event[part], facts: event.facts ?? {}, self }) ?? what;
  }
  if (what === 'unknown target') return 'a target that is asked for is not registered';
  if (what === 'client') return `it is for ${list(rule.clients)}`;
  if (what === 'audiences' || what === 'grant.audiences') return sayTargets(rule);
  return rule.when === 'always' ? 'its condition is not true' : sayCondition(rule.when, event.facts ?? {});
}

function sayTargets(rule: AnyRule): string {
  const targets = rule.effect === 'allow' ? rule.grant.targets : rule.targets === 'any' ? [] : [...rule.targets];
  return `it ${rule.effect === 'allow' ? 'grants' : 'denies'} ${list(targets.map(({ audience }) => audience))} alone`;
}

interface PartyMiss {
  readonly part: 'subject' | 'actor';
  readonly rule: AnyRule;
  readonly trace: TokenTrace | undefined;
  readonly facts: JsonObject;
  readonly self: string;
}

/** By what is wrong with the party, as the file names it. */
const sayParty: Readonly<Record<string, (miss: PartyMiss) => string>> = {
  issuer: ({ part, rule, trace }) => `its ${part} must come from ${list(rule[part].issuers)}, not from ${trace?.iss}`,
  types: ({ part, rule, trace, self }) => {
    const { own, foreign } = rule[part].types;
    const taken = trace?.iss === self ? own : foreign;
    return `its ${part} token must be of ${taken === 'accepted' ? "a type that its issuer's entry accepts" : `type ${list(taken)}`}, not ${trace?.type}`;
  },
  clients: ({ part, rule, trace, self }) =>
    `its ${part} token must be issued by this server to ${list(rule[part].clients)}, not ${
      trace?.iss === self ? `to ${trace.clientId}` : `by ${trace?.iss}`
    }`,
  origin: ({ part }) =>
    `the ${part} token was neither issued to the calling client nor addressed to it, and the rule does not name where it comes from (${part}.clients for our own tokens, ${part}.issuer for others)`,
  when: ({ part, rule, facts }) => {
    const { when } = rule[part];
    return when === 'always' ? `its condition on the ${part} is not true` : sayCondition(when, facts);
  },
  required: () => 'it wants an actor token, and there is none',
  forbidden: () => 'it wants no actor token, and there is one',
  delegated: () => 'somebody acts for the actor already, and the rule does not say `delegated: allow` of its actor',
};

/** The condition, and the claims that it looked at. */
function sayCondition({ text, reads }: CompiledExpression, facts: JsonObject): string {
  const read = reads.filter((path) => /^(?:subject|actor)\.claims\b/.test(path));
  const values = read.map((path) => `${path} is ${path in facts ? JSON.stringify(facts[path]) : 'missing'}`);
  return `its condition is not true: ${text}${values.length === 0 ? '' : `; ${values.join(', ')}`}`;
}

const list = (names: ReadonlySet<string> | readonly string[] | string): string =>
  typeof names === 'string' ? names : [...names].join(' or ');
