// Runs one fault: the load runs, the fault happens, and everything is examined and judged.
import { setTimeout as wait } from 'node:timers/promises';
import { type Caller, openCaller, type Target } from './caller.ts';
import { findEvent, readRows, type Store } from './cluster.ts';
import { compareDecisions, decisions, examine } from './examine.ts';
import { type Invariant, judge, judgeFlawless } from './invariants.ts';
import { type Ledger, openLedger, type Violation } from './ledger.ts';
import { startLoad } from './lives.ts';
import { openVerifier } from './verifier.ts';
import { judgeStore } from './whole.ts';

export interface Session {
  readonly store: Store;
  readonly members: readonly Target[];
  readonly caller: Caller;
  readonly ledger: Ledger;
  /** Records a violation. */
  readonly blame: (invariant: Invariant, what: string) => void;
}

export interface Plan {
  readonly store: Store;
  readonly members: readonly Target[];
  /** Concurrent lives; 0 if the fault sends its own requests. */
  readonly lives: number;
  /** Milliseconds between two steps of a life. */
  readonly pause?: number;
  /** May a valid request fail? `excused`: only if its server was killed meanwhile. */
  readonly failures: 'expected' | 'excused';
  /** Milliseconds since 1970, by the clock of servers and verifiers. */
  readonly clock?: () => number;
  /** Number of verifiers that check every token. */
  readonly verifiers?: number;
  /** Milliseconds within which a 503 must come, if not the usual time. */
  readonly inTime?: number;
}

/** @returns the common parts of every outcome */
export async function underLoad(
  { store, members, lives, pause = 0, failures, clock = Date.now, verifiers = 1, inTime }: Plan,
  work: (session: Session) => Promise<void>,
): Promise<{ readonly ledgers: readonly [Ledger]; readonly violations: readonly Violation[] }> {
  const [first] = members;
  if (first === undefined) throw new Error('no node');
  const up = (): string[] => members.filter((member) => member.up).map(({ url }) => url);
  const caller = openCaller(
    openLedger(),
    Array.from({ length: verifiers }, () => openVerifier(up, clock)),
    clock,
  );
  const { ledger } = caller;
  const before = await decisions(first);
  const load = startLoad(caller, members, lives, pause);
  try {
    const blame: Session['blame'] = (invariant, what) => ledger.seen.push({ invariant, what });
    await work({ store, members, caller, ledger, blame });
  } finally {
    await load.stop();
  }
  // Wait until every node knows the last revocation.
  await wait(1100);
  await examine(caller, members, 200);
  await compareDecisions(caller, members, before);
  caller.close();
  const violations = [
    ...judge(ledger, await readRows(store), inTime),
    ...(failures === 'excused' ? judgeFlawless(ledger.attempts) : []),
    ...(await judgeStore(store)),
  ];
  for (const { requestId, what } of violations.slice(0, 10)) {
    if (requestId !== undefined) console.error(`  ${what}\n    ${await findEvent(store, requestId)}`);
  }
  return { ledgers: [ledger], violations };
}

/** The invariants that {@link underLoad} always checks. */
export const ALWAYS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I10', 'I12'] as const satisfies Invariant[];

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * share) / 100))] ?? 0;

/** The longest wait for an answer of this status. */
export const slowest = ({ attempts }: Ledger, status: number): number =>
  Math.round(Math.max(0, ...attempts.filter(({ told }) => told?.status === status).map(({ took = 0 }) => took)));

export const countOf = ({ attempts }: Ledger, status: number): number =>
  attempts.filter(({ told }) => told?.status === status).length;
