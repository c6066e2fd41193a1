// Runs the benchmark: starts the contenders, compares them, and returns the results.
import type { Contender } from './contender.ts';
import { measureHalfOfPeak, type Wait } from './half-of-peak.ts';
import { type Issuers, openIssuers } from './issuers.ts';
import { measureOverload, type Overload } from './overload.ts';
import type { Results } from './results.ts';
import { type Effort, measure, type Round, spreadOf } from './rounds.ts';
import { measureSaml } from './saml.ts';
import { type Served, serve } from './served.ts';
import type { Workload } from './workloads.ts';
import { cold } from './workloads.ts';

export interface Plan extends Effort {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  /** Seconds of each part without rounds; 0 skips those parts. */
  readonly seconds: number;
  /** Number of different requests of the overload. */
  readonly overload: number;
  /** Is called with the part that is being measured. */
  readonly progress: (text: string) => void;
}

/** Before anything is measured. V8 compiles most of this server in a wave after some 17,000 requests, which takes longer than a request. */
const WARM_UP_ROUNDS = 10;

type Both = readonly [readonly Round[], readonly Round[]];

export async function run(plan: Plan): Promise<Results> {
  const issuers = openIssuers();
  const workloads = await withServed(plan.contenders, issuers, (served) => measureWorkloads(plan, served, issuers));
  const [halfOfPeak, overload, workers] = [
    new Map<string, Wait>(),
    new Map<string, Overload>(),
    new Map<string, Both>(),
  ];
  if (plan.seconds === 0) return { workloads, halfOfPeak, overload, workers, saml: [] };
  for (const contender of plan.contenders.filter((one) => knows(one, cold))) {
    const { name } = contender;
    plan.progress(`${name}: half of the peak${contender.workers ? ', overload' : ''}`);
    await withServed([contender], issuers, async ([served]) => {
      if (served === undefined) return;
      const rounds = (await measure(cold, [served], issuers, plan))[0] ?? [];
      const peak = spreadOf(rounds.map(({ rate }) => rate)).median;
      halfOfPeak.set(name, await measureHalfOfPeak(cold, served, issuers, { peak, seconds: plan.seconds }));
      if (contender.workers)
        overload.set(
          name,
          await measureOverload(cold, served, issuers, { seconds: plan.seconds, requests: plan.overload }),
        );
    });
  }
  for (const contender of plan.contenders.filter((one) => one.workers)) {
    plan.progress(`${contender.name}: two workers against one`);
    workers.set(contender.name, await measureWorkers(contender, issuers, plan));
  }
  plan.progress('SAML 2.0');
  return { workloads, halfOfPeak, overload, workers, saml: await measureSaml(plan.seconds / 2) };
}

export const knows = ({ offers }: Contender, { name }: Workload): boolean =>
  offers === undefined || offers.some((one) => one === name);

async function measureWorkloads(
  plan: Plan,
  served: readonly Served[],
  issuers: Issuers,
): Promise<Results['workloads']> {
  const measured = new Map<string, ReadonlyMap<string, readonly Round[]>>();
  await measure(cold, served, issuers, { ...plan, warmUp: WARM_UP_ROUNDS, rounds: 0 });
  for (const workload of plan.workloads) {
    const knowing = served.filter(({ contender }) => knows(contender, workload));
    plan.progress(`${workload.name}: ${knowing.map(({ contender: { name } }) => name).join(', ')}`);
    const rounds = await measure(workload, knowing, issuers, plan);
    measured.set(workload.name, new Map(knowing.map(({ contender: { name } }, index) => [name, rounds[index] ?? []])));
  }
  return measured;
}

async function measureWorkers(contender: Contender, issuers: Issuers, effort: Effort): Promise<Both> {
  const both = await Promise.all([serve(contender, issuers), serve(contender, issuers, { workers: 2 })]);
  try {
    const [one = [], two = []] = await measure(cold, both, issuers, effort);
    return [one, two];
  } finally {
    await Promise.all(both.map(({ stop }) => stop()));
  }
}

/** Starts them one after the other, and always ends them. */
export async function withServed<T>(
  contenders: readonly Contender[],
  issuers: Issuers,
  work: (served: readonly Served[]) => Promise<T>,
): Promise<T> {
  const served: Served[] = [];
  try {
    for (const one of contenders) served.push(await serve(one, issuers));
    return await work(served);
  } finally {
    await Promise.all(served.map(({ stop }) => stop()));
  }
}
