// npm run bench: measures every contender at every workload, and writes results.md. With options it measures a part, and prints.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './contender.ts';
import { before, contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { printProfile } from './profile.ts';
import { formatResults } from './report.ts';
import { type Plan, run, withServed } from './run.ts';
import type { Workload } from './workloads.ts';
import { workloads } from './workloads.ts';

const RESULTS = join(import.meta.dirname, 'results.md');

const { values } = parseArgs({
  options: {
    /** Fewer and shorter rounds only. */
    short: { type: 'boolean', default: false },
    /** Names of workloads; rounds only. */
    only: { type: 'string' },
    /** Names of contenders besides `cambio`. */
    against: { type: 'string' },
    /** Folder of another checkout, whose server is a contender. */
    before: { type: 'string' },
    /** A file for the profile of `cambio`, by default at `cold`. */
    profile: { type: 'string' },
  },
});

/** @throws Error if a name is unknown */
function pick<T extends { readonly name: string }>(all: readonly T[], names: readonly string[]): readonly T[] {
  const unknown = names.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => names.includes(name));
}

const isWhole = Object.values({ ...values, short: values.short || undefined }).every((value) => value === undefined);
const others = values.against?.split(',') ?? [];
const chosen =
  values.against === undefined && values.before === undefined
    ? contenders
    : pick<Contender>(contenders, ['cambio', ...others]);
const plan: Plan = {
  contenders: values.before === undefined ? chosen : [...chosen, before(resolve(values.before))],
  workloads: values.only === undefined ? workloads : pick<Workload>(workloads, values.only.split(',')),
  ...(values.short ? { rounds: 3, requests: 600 } : { rounds: 5, requests: 2000 }),
  seconds: isWhole ? 8 : 0,
  overload: 20_000,
  progress: (text) => console.error(text),
};

if (values.profile !== undefined) await profile(values.profile);
else {
  const page = formatResults(await run(plan), plan);
  if (isWhole) writeFileSync(RESULTS, `${page}\n`);
  console.log(page);
}

async function profile(file: string): Promise<void> {
  const issuers = openIssuers();
  const profiled = values.only === undefined ? pick<Workload>(workloads, ['cold']) : plan.workloads;
  await withServed(pick<Contender>(contenders, ['cambio']), issuers, async ([served]) => {
    for (const workload of served ? profiled : [])
      if (served) await printProfile(workload, served, issuers, { requests: 2 * plan.requests, file });
  });
}
