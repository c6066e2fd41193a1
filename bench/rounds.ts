// Compares contenders at a workload. Each runs in turn, in many rounds, so that a slow moment of the machine affects all of them.
// The result is the median, with the best and the worst round.

import type { Issuers } from './issuers.ts';
import { latenciesOf, percentile, runClosedLoop } from './load.ts';
import type { Served } from './served.ts';
import type { Workload } from './workloads.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Round {
  /** Answers per second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the contender's CPU per answer. */
  readonly cpu: number;
  /** Bytes of resident memory at the end. */
  readonly memory: number;
}

export interface Effort {
  readonly rounds: number;
  /** Requests per round. */
  readonly requests: number;
  /** Rounds before them, which do not count; one by default. */
  readonly warmUp?: number;
}

/** A round ends after this many seconds, even if requests are left. */
const MAX_ROUND_SECONDS = 5;
export const CONNECTIONS = 16;

/** @returns the rounds of each contender, in order */
export async function measure(
  workload: Workload,
  served: readonly Served[],
  issuers: Issuers,
  { rounds, requests, warmUp = 1 }: Effort,
): Promise<readonly (readonly Round[])[]> {
  const all = served.map((): Round[] => []);
  for (let round = 1 - warmUp; round <= rounds; round++) {
    issuers.nextRound();
    for (const [index, one] of served.entries()) {
      const result = await runRound(workload, one, workload.slow ? requests / 4 : requests);
      if (round > 0) all[index]?.push(result);
    }
  }
  return all;
}

async function runRound(workload: Workload, { prepare, port, usage }: Served, count: number): Promise<Round> {
  const requests = await prepare(workload, count);
  const before = await usage();
  const sample = await runClosedLoop({
    port,
    requests,
    expect: workload.expect,
    connections: CONNECTIONS,
    within: MAX_ROUND_SECONDS,
  });
  const after = await usage();
  const latencies = latenciesOf(sample, workload.expect);
  return {
    rate: latencies.length / sample.seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpu: (after.cpu - before.cpu) / latencies.length,
    memory: after.memory,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return { median: percentile(sorted, 0.5), least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/** Ratio of CPU, round by round, because both had the same conditions. @returns NaN if one was not measured */
export const ratioOf = (rounds: readonly Round[] = [], others: readonly Round[] = []): Spread =>
  spreadOf(rounds.map(({ cpu }, index) => cpu / (others[index]?.cpu ?? Number.NaN)));
