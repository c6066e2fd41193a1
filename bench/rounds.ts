// How do contenders compare at a workload? In rounds: each contender in turn, again and again, so that a noisy moment of the
// machine hits all of them. What is told is the median, between the best round and the worst.

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
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the contender's CPU an answer. */
  readonly cpu: number;
  /** Bytes of resident memory at the end. */
  readonly memory: number;
}

export interface Effort {
  readonly rounds: number;
  /** Requests of a round. */
  readonly requests: number;
}

/** A round ends after so many seconds, whatever is left of its requests. */
const LONGEST_ROUND = 5;
export const CONNECTIONS = 16;

/** @returns the rounds of each, in their order */
export async function measure(
  workload: Workload,
  served: readonly Served[],
  issuers: Issuers,
  { rounds, requests }: Effort,
): Promise<readonly (readonly Round[])[]> {
  const all = served.map((): Round[] => []);
  // The first round of each warms up.
  for (let round = 0; round <= rounds; round++) {
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
    within: LONGEST_ROUND,
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

/** Of CPU, round by round: both had the same moment of the machine. @returns NaN where one was not measured */
export const ratioOf = (rounds: readonly Round[] = [], others: readonly Round[] = []): Spread =>
  spreadOf(rounds.map(({ cpu }, index) => cpu / (others[index]?.cpu ?? Number.NaN)));
