// Measures latency at half of the peak throughput.
import type { Issuers } from './issuers.ts';
import { latenciesOf, percentile, runOpenLoop } from './load.ts';
import type { Served } from './served.ts';
import type { Workload } from './workloads.ts';

/** More connections than are ever busy, unless the server falls behind. */
const CONNECTIONS = 256;

export interface Wait {
  /** Requests sent per second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** @param peak answers per second of the closed loop */
export async function measureHalfOfPeak(
  workload: Workload,
  { prepare, port }: Served,
  issuers: Issuers,
  { peak, seconds }: { readonly peak: number; readonly seconds: number },
): Promise<Wait> {
  issuers.nextRound();
  const rate = peak / 2;
  const requests = await prepare(workload, Math.ceil(rate * seconds));
  const { expect } = workload;
  const sample = await runOpenLoop({ port, requests, expect, rate, seconds, connections: CONNECTIONS });
  const latencies = latenciesOf(sample, expect);
  return { rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}
