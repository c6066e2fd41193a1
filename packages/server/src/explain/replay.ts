// What would a changed file have decided? Recorded exchanges judged again by other rules, and where the answer differs.
import type { AuditEvent } from '../audit/event.ts';
import { endBy, type JudgeServices } from '../exchange/judge.ts';
import { valueAt } from '../expression/reads.ts';
import type { Decision } from '../issuing/authorization.ts';
import type { Client, Clients } from '../model/client.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { Principal } from '../primitives/principal.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import { type Imagined, judgeImagined, recall } from './simulate.ts';
import { sayChain, sayList, sayScope } from './wording.ts';

export interface ChangedDecision {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly client: string;
  readonly subject: string;
  readonly before: string;
  readonly after: string;
  /** Claims that the rules read now and the row does not tell. */
  readonly missing: readonly string[];
}

/** `undecided`: no rules were asked, or not they decided. `withheld`: the row does not tell what a condition read. */
export type ReplayVerdict = 'same' | 'undecided' | 'withheld' | ChangedDecision;

type Context = JudgeServices & { readonly clients: Clients };

export function replay(event: AuditEvent, context: Context): ReplayVerdict {
  const { client, requestId, time } = event;
  const recalled = recall(event);
  const before = recorded(event);
  if (client === undefined || recalled === undefined || before === undefined) return 'undecided';
  if (recalled === 'withheld') return recalled;
  const after = judgeRecalled(event, client, recalled, context);
  if (same(before, after)) return 'same';
  const { sub } = recalled.subject;
  const tell = (outcome: Outcome): string => describe(outcome, sub, context.issuer);
  const missing = missingClaims(recalled, context);
  return { requestId, time, client, subject: sub, before: tell(before), after: tell(after), missing };
}

/** Either a reason, or what was issued. */
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

/** Reasons that rules gave no part in, and rows do not tell enough of to find again. */
const NOT_BY_RULES: ReadonlySet<Reason> = new Set([
  'subject_token_replayed',
  'actor_token_replayed',
  'lineage_too_long',
  'dpop_replayed',
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
  recalled: Imagined,
  context: Context,
): Outcome {
  const now = Math.floor(time / 1000);
  const judged = judgeImagined(client, (_client: Client) => recalled, { ...context, now, confirmation });
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

/** Seconds that may pass between the time of a row and the moment of issuing. */
const SLACK = 5;

/** Another rule that decides the same changes nothing. */
function same(a: Outcome, b: Outcome): boolean {
  if (a.reason !== undefined || b.reason !== undefined) return a.reason === b.reason;
  const essence = ({ targets, scope, chain }: typeof a): string =>
    JSON.stringify([targets.toSorted(), scope.toSorted(), chain.map(({ iss, sub }) => [iss, sub])]);
  return essence(a) === essence(b) && Math.abs(a.lifetime - b.lifetime) <= SLACK;
}

function describe(outcome: Outcome, subject: string, self: string): string {
  if (outcome.reason !== undefined) return `refused (${outcome.reason}): ${reasons[outcome.reason].meaning}`;
  const { rule, targets, scope, chain, lifetime } = outcome;
  const acting = chain.length === 0 ? '' : `; ${sayChain(chain, subject, self)}`;
  return `allowed by “${rule}”: ${sayScope(scope)} at ${sayList(targets)} for ${formatDuration(lifetime)}${acting}`;
}

function missingClaims({ subject, actor }: Imagined, { policy }: Context): readonly string[] {
  const facts = { subject, actor };
  return policy.claimReads
    .filter(({ path }) => path[0] === 'subject' || actor !== undefined)
    .filter(({ path }) => valueAt(facts, path) === undefined)
    .map(({ text }) => text);
}
