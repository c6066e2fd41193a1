// What becomes of a server that is asked four times what it can do? First its peak, from callers who wait for their answers,
// then strangers who do not.
import type { Issuers } from './issuers.ts';
import { latenciesOf, percentile, runClosedLoop, runOpenLoop, type Sample } from './load.ts';
import type { Served } from './served.ts';
import type { Workload } from './workloads.ts';

export interface Overload {
  /** Answers as expected, a second. */
  readonly peak: number;
  readonly offered: number;
  readonly granted: number;
  /** 503, a second. */
  readonly refused: number;
  /** Requests a second that found every connection busy or at rest, or lost theirs. */
  readonly lost: number;
  /** Milliseconds to a 503. */
  readonly refusedP50: number;
  readonly refusedP99: number;
  /** Milliseconds to what was granted. */
  readonly grantedP99: number;
  /** Milliseconds for which the event loop was held. */
  readonly heldP99: number;
  readonly heldMost: number;
  /** Bytes of resident memory. */
  readonly memory: readonly [before: number, after: number];
}

const TIMES = 4;
const PEAK_CONNECTIONS = 64;
const STRANGERS = 1000;

/** @param effort how many different requests; they are sent again when they are used up */
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
