// What would a changed file have decided? Evaluates recorded exchanges again with other rules, and reports where the decision differs.
import type { AuditEvent } from '../audit/event.ts';
import { endBy, type RuleServices } from '../exchange/judge.ts';
import { valueAt } from '../expression/reads.ts';
import type { Decision } from '../issuing/authorization.ts';
import type { Client, Clients } from '../model/client.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { Principal } from '../primitives/principal.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import { grantOf, recall, type SimulatedRequest, simulate } from './simulate.ts';
import { describeChain, describeList, describeScope } from './wording.ts';

export const decisionChanges = ['newly allowed', 'newly refused', 'allowed otherwise', 'refused otherwise'] as const;
export type DecisionChange = (typeof decisionChanges)[number];

export interface ChangedDecision {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly client: string;
  readonly subject: string;
  readonly before: string;
  readonly after: string;
  readonly change: DecisionChange;
  /** Why the request is refused now, or was refused if it is allowed now. */
  readonly reason: Reason | undefined;
  /** Does the file refuse the request? */
  readonly isRefused: boolean;
  /** Claims that the rules read now, and that the row does not contain. */
  readonly missing: readonly string[];
}

/** `undecided`: no rule decided the request. `withheld`: the row lacks a value that a condition read. */
export type ReplayVerdict = 'same' | 'undecided' | 'withheld' | ChangedDecision;

type Context = RuleServices & { readonly clients: Clients };

export function replay(event: AuditEvent, context: Context): ReplayVerdict {
  const { client, requestId, time } = event;
  const recalled = recall(event);
  const before = recorded(event);
  if (client === undefined || recalled === undefined || before === undefined) return 'undecided';
  if (recalled === 'withheld') return recalled;
  const after = judgeRecalled(event, client, recalled, context);
  if (same(before, after)) return 'same';
  const { sub } = recalled.subject;
  const format = (outcome: Outcome): string => describe(outcome, sub, context.issuer);
  const missing = missingClaims(recalled, context);
  const isRefused = after.reason !== undefined;
  return {
    requestId,
    time,
    client,
    subject: sub,
    before: format(before),
    after: format(after),
    change: changeOf(before, after),
    reason: after.reason ?? before.reason,
    isRefused,
    missing,
  };
}

const changeOf = (before: Outcome, after: Outcome): DecisionChange =>
  after.reason === undefined
    ? before.reason === undefined
      ? 'allowed otherwise'
      : 'newly allowed'
    : before.reason === undefined
      ? 'newly refused'
      : 'refused otherwise';

/** A reason of refusal, or the issued token. */
type Outcome =
  | { readonly reason: Reason }
  | {
      readonly reason: undefined;
      readonly rule: string | undefined;
      readonly targets: readonly string[];
      readonly scope: readonly string[];
      readonly chain: readonly Principal[];
      /** Seconds. */
      readonly lifetime: number;
    };

/** Reasons that do not depend on rules, but on what else happened at the time. */
const NOT_BY_RULES: ReadonlySet<Reason> = new Set([
  'subject_token_replayed',
  'actor_token_replayed',
  'assertion_replayed',
  'lineage_too_long',
  'dpop_replayed',
  'actor_limit_minute',
  'actor_limit_day',
  'actor_limit_descendants',
  'client_suspended',
  'actor_suspended',
] satisfies Reason[]);

function recorded(event: AuditEvent): Outcome | undefined {
  const { outcome, reason, rule, targets = [], scopeGiven = [], chain = [], issued = [], time } = event;
  if (outcome === 'refused' && reason !== undefined) return NOT_BY_RULES.has(reason) ? undefined : { reason };
  const [main] = issued;
  if (outcome !== 'issued' || main === undefined) return undefined;
  const lifetime = main.expiresAt - Math.floor(time / 1000);
  return { reason: undefined, rule, targets, scope: scopeGiven, chain, lifetime };
}

function judgeRecalled(
  { time, confirmation, ancestorsEnd }: AuditEvent,
  client: string,
  recalled: SimulatedRequest,
  context: Context,
): Outcome {
  const now = Math.floor(time / 1000);
  const grant = grantOf(recalled.subject.type);
  const moment = { ...context, now, confirmation, claims: 'recorded' } as const;
  const judged = simulate(client, (_client: Client) => recalled, moment, grant);
  if (judged.reason !== undefined) return judged;
  const { decision, rule } = judged;
  return issuedBy(ancestorsEnd === undefined ? decision : endBy(decision, ancestorsEnd, now), rule);
}

const issuedBy = ({ targets, scope, chain, type, lifetime, refresh }: Decision, rule: string | undefined): Outcome => ({
  reason: undefined,
  rule,
  targets: targets.map(({ audience }) => audience),
  scope: [...scope],
  chain,
  lifetime: type === 'refresh_token' && refresh?.kind === 'new' ? refresh.lifetime : lifetime,
});

/** Maximum time between the start of a request, which its row has, and issuing. */
const MAX_ISSUING_SECONDS = 5;

/** Compares the results only: the name of the rule is ignored. */
function same(a: Outcome, b: Outcome): boolean {
  if (a.reason !== undefined || b.reason !== undefined) return a.reason === b.reason;
  const essence = ({ targets, scope, chain }: typeof a): string =>
    JSON.stringify([targets.toSorted(), scope.toSorted(), chain.map(({ iss, sub }) => [iss, sub])]);
  return essence(a) === essence(b) && Math.abs(a.lifetime - b.lifetime) <= MAX_ISSUING_SECONDS;
}

function describe(outcome: Outcome, subject: string, self: string): string {
  if (outcome.reason !== undefined) return `refused (${outcome.reason}): ${reasons[outcome.reason].meaning}`;
  const { rule, targets, scope, chain, lifetime } = outcome;
  const acting = chain.length === 0 ? '' : `; ${describeChain(chain, subject, self)}`;
  return `allowed by “${rule}”: ${describeScope(scope)} at ${describeList(targets)} for ${formatDuration(lifetime)}${acting}`;
}

function missingClaims({ subject, actor }: SimulatedRequest, { policy }: Context): readonly string[] {
  const facts = { subject, actor };
  return policy.claimReads
    .filter(({ path }) => path[0] === 'subject' || actor !== undefined)
    .filter(({ path }) => valueAt(facts, path) === undefined)
    .map(({ text }) => text);
}
