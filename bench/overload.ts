// Measures a server at four times its peak. First a closed loop finds the peak, then an open loop sends four times as much.
import type { Issuers } from './issuers.ts';
import { latenciesOf, percentile, runClosedLoop, runOpenLoop, type Sample } from './load.ts';
import type { Served } from './served.ts';
import type { Workload } from './workloads.ts';

export interface Overload {
  /** Expected answers per second. */
  readonly peak: number;
  readonly offered: number;
  readonly granted: number;
  /** 503 per second. */
  readonly refused: number;
  /** Requests per second that found no free connection, or lost theirs. */
  readonly lost: number;
  /** Milliseconds to a 503. */
  readonly refusedP50: number;
  readonly refusedP99: number;
  /** Milliseconds to a success. */
  readonly grantedP99: number;
  /** Milliseconds of event loop delay. */
  readonly heldP99: number;
  readonly heldMost: number;
  /** Bytes of resident memory. */
  readonly memory: readonly [before: number, after: number];
}

const TIMES = 4;
const PEAK_CONNECTIONS = 64;
const STRANGERS = 1000;

/** @param effort number of different requests, which are repeated */
export async function measureOverload(
  workload: Workload,
  { prepare, port, usage, watch }: Served,
  issuers: Issuers,
  { seconds, requests: count }: { readonly seconds: number; readonly requests: number },
): Promise<Overload> {
  issuers.nextRound();
  const { expect } = workload;
  const requests = await prepare(workload, count);
  const [few, many] = [requests.slice(0, count / 4), requests.slice(count / 4)];
  const closed = { port, expect, connections: PEAK_CONNECTIONS, within: seconds };
  const peak = rateOf(await runClosedLoop({ ...closed, requests: few }), expect);
  const before = await watch();
  const offered = peak * TIMES;
  const open = { port, expect, rate: offered, seconds, connections: STRANGERS };
  const sample = await runOpenLoop({ ...open, requests: many });
  const after = await usage();
  const toRefused = latenciesOf(sample, 503);
  return {
    peak,
    offered,
    granted: rateOf(sample, expect),
    refused: rateOf(sample, 503),
    lost: rateOf(sample, 0),
    refusedP50: percentile(toRefused, 0.5),
    refusedP99: percentile(toRefused, 0.99),
    grantedP99: percentile(latenciesOf(sample, expect), 0.99),
    heldP99: after.held.p99,
    heldMost: after.held.max,
    memory: [before.memory, after.memory],
  };
}

const rateOf = (sample: Sample, status: number): number => latenciesOf(sample, status).length / sample.seconds;
