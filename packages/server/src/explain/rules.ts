// Why did the rules decide as they did? Describes the result of each rule in order, with the first part that did not match.
import { type AuditEvent, isErased, type TokenTrace } from '../audit/event.ts';
import type { CompiledExpression } from '../expression/condition.ts';
import { allRules, type Policy } from '../policy/policy.ts';
import type { AnyRule, DenyRule, PartyNames } from '../policy/rule.ts';
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
  /** The key of the file that did not match: `subject.types`. */
  readonly part?: string;
  readonly why?: string;
}

export interface ExplainedRules {
  /** The rules for the client, in the order of the file. */
  readonly rules: readonly RuleExplanation[];
  /** The number of rules for other clients. */
  readonly rulesOfOthers: number;
}

/** @param policy the current rules; the event may be from an earlier version of the file */
export function explainRules(policy: Policy, event: AuditEvent): ExplainedRules {
  const undecided = undecidedRule(event);
  const all = allRules(policy);
  const last = all.findIndex(({ name }) => name === (undecided ?? event.rule));
  const own = all.map((rule, index) => ({ rule, index })).filter(({ rule }) => isEvaluated(rule, event));
  const explained = own.map(({ rule, index }) => {
    // Every rule that denies is evaluated, also after one that decides.
    const later = last !== -1 && index > last && !event.mismatches?.some((one) => one.rule === rule.name);
    const why = undecided === undefined ? FIRST_DECIDES : `no other rule may decide in place of “${undecided}”`;
    return { rule: rule.name, ...(later ? { result: NOT_ASKED, why } : explainRule(rule, event, policy.issuer)) };
  });
  const names = new Set(all.map(({ name }) => name));
  const named = new Set([event.rule, ...(event.mismatches ?? []).map(({ rule }) => rule)]);
  const gone = [...named].filter((name) => name && !names.has(name));
  return {
    rules: [...explained, ...gone.map((rule = '') => explainGone(rule, event))],
    rulesOfOthers: all.length - own.length,
  };
}

/** Is the rule for the client of the request, or named by its row? */
const isEvaluated = ({ name, clients }: AnyRule, { client, rule, mismatches = [] }: AuditEvent): boolean =>
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

/** Returns the rule that could not be evaluated: the last one in the row. Rows of older versions do not have it as their rule. */
function undecidedRule({ reason, rule, mismatches }: AuditEvent): string | undefined {
  const last = mismatches?.at(-1)?.rule;
  return CANNOT_TELL.has(reason) && (rule === undefined || rule === last) ? last : undefined;
}

function explainRule(rule: AnyRule, event: AuditEvent, self: string): Explained {
  if (rule.name === event.rule && rule.name !== undecidedRule(event))
    return rule.effect === 'allow' ? { result: 'decides' } : explainDenial(rule);
  if (isErased(event)) return { result: 'cannot be told', why: 'the personal fields of the request were erased' };
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
  if (mismatch === undefined) return explainUnrecorded(rule, event, self);
  const why = describeMismatch(mismatch.what, rule, event, self);
  const { what: part, problem } = mismatch;
  if (rule.name === undecidedRule(event)) return { result: 'cannot be told', part, why: problem ?? '' };
  return { result: 'does not match', part, why: problem === undefined ? why : `${why}; ${problem}` };
}

const explainDenial = ({ because }: DenyRule): Explained => ({
  result: 'decides',
  why: because === undefined ? 'it denies (effect: deny)' : `it denies (effect: deny): ${because}`,
});

/** Explains a rule that the row does not name. A row names only the first mismatches, and the index skips rules for other subjects. */
function explainUnrecorded(rule: AnyRule, event: AuditEvent, self: string): Explained {
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
    : { result: 'does not match', part, why: describeMismatch(part, rule, event, self) };
}

const explainGone = (rule: string, event: AuditEvent): RuleExplanation => ({
  rule,
  result: 'is gone from the file',
  why: rule === event.rule ? 'it decided' : 'it did not match',
});

function describeMismatch(what: string, rule: AnyRule, event: AuditEvent, self: string): string {
  const [part, member = ''] = what.split('.');
  if (part === 'subject' || part === 'actor') {
    return describeParty[member]?.({ part, rule, trace: event[part], facts: event.facts ?? {}, self }) ?? what;
  }
  if (what === 'no target')
    return 'no target is asked for, and the rule is of another team than this client: such a request must name its target';
  if (what === 'unknown target') return 'a target that is asked for is not registered';
  if (what === 'client') return `it is for ${list(rule.clients)}`;
  if (what === 'audiences' || what === 'grant.audiences') return describeTargets(rule);
  return rule.when === 'always' ? 'its condition is not true' : describeCondition(rule.when, event.facts ?? {});
}

function describeTargets(rule: AnyRule): string {
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

/** Descriptions of a mismatch, by the key of the party. */
const describeParty: Readonly<Record<string, (miss: PartyMiss) => string>> = {
  issuer: ({ part, rule, trace }) => `its ${part} must come from ${list(rule[part].issuers)}, not from ${trace?.iss}`,
  types: ({ part, rule, trace, self }) => {
    const { own, foreign } = rule[part].types;
    const taken = trace?.iss === self ? own : foreign;
    return `its ${part} token must be of ${taken === 'accepted' ? "a type that its issuer's entry accepts" : `type ${list(taken)}`}, not ${trace?.type}`;
  },
  subjects: ({ part, rule, trace }) => `its ${part} must be ${list(rule[part].subjects)}, not ${trace?.sub}`,
  claims: ({ part, rule, facts }) => {
    const { claims } = rule[part];
    return claims === 'always' ? `a claim of the ${part} has another value` : describeCondition(claims, facts);
  },
  clients: ({ part, rule, trace, self }) =>
    `its ${part} token must be issued by this server to ${list(clientsOf(rule[part]))}, not ${
      trace?.iss === self ? `to ${trace.clientId}` : `by ${trace?.iss}`
    }`,
  origin: ({ part }) =>
    `the ${part} token was neither issued to the calling client nor addressed to it, and the rule does not name where it comes from (${part}.clients for our own tokens, ${part}.issuer for others)`,
  when: ({ part, rule, facts }) => {
    const { when } = rule[part];
    return when === 'always' ? `its condition on the ${part} is not true` : describeCondition(when, facts);
  },
  required: () => 'it wants an actor token, and there is none',
  forbidden: () => 'it wants no actor token, and there is one',
  delegated: () => 'somebody acts for the actor already, and the rule does not say `delegated: allow` of its actor',
};

/** Describes a condition, with the claims that it read. */
function describeCondition({ text, reads }: CompiledExpression, facts: JsonObject): string {
  const read = reads.filter((path) => /^(?:subject|actor)\.claims\b/.test(path));
  const values = read.map((path) => `${path} is ${path in facts ? JSON.stringify(facts[path]) : 'missing'}`);
  return `its condition is not true: ${text}${values.length === 0 ? '' : `; ${values.join(', ')}`}`;
}

const clientsOf = ({ clients, clientPatterns }: PartyNames): readonly string[] | 'any' =>
  clients === 'any' ? 'any' : [...clients, ...clientPatterns];

const list = (names: ReadonlySet<string> | readonly string[] | string): string =>
  typeof names === 'string' ? names : [...names].join(' or ');
