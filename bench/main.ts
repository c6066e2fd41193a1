// npm run bench: measures every contender at every workload, and writes results.md. With options it measures a part, and prints.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import { before, contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { flag, names, namesOf, path, pick, readOptions } from './options.ts';
import { printProfile } from './profile.ts';
import { formatResults } from './report.ts';
import { type Plan, run, withServed } from './run.ts';
import type { Workload } from './workloads.ts';
import { cold, workloads } from './workloads.ts';

const RESULTS = join(import.meta.dirname, 'results.md');
/** Every checkout has it. */
const SERVER = 'packages/server/src/main.ts';

const options = readOptions(
  { script: 'bench', purpose: 'Measures this server beside others at all workloads, and writes bench/results.md.' },
  {
    short: flag('prints a part: fewer and shorter rounds, and nothing but rounds'),
    only: names(namesOf(workloads), 'prints a part: rounds of some workloads'),
    against: names(namesOf(contenders), 'prints a part: this server against some others'),
    before: path('FOLDER', 'prints a part: this server against that of another checkout, where npm ci was run', SERVER),
    profile: path('FILE', 'writes a profile of this server, at cold or the workloads of --only'),
  },
);
const { short, only, against, before: checkout } = options;
const isWhole = !short && [only, against, checkout, options.profile].every((value) => value === undefined);
const chosen =
  against === undefined && checkout === undefined
    ? contenders
    : pick<Contender>(contenders, ['cambio', ...(against ?? [])]);
const plan: Plan = {
  contenders: checkout === undefined ? chosen : [...chosen, before(checkout)],
  workloads: pick<Workload>(workloads, only),
  ...(short ? { rounds: 3, requests: 600 } : { rounds: 5, requests: 2000 }),
  seconds: isWhole ? 8 : 0,
  overload: 20_000,
  progress: (line) => console.error(line),
};

if (options.profile !== undefined) await profile(options.profile);
else {
  const page = formatResults(await run(plan), plan);
  if (isWhole) writeFileSync(RESULTS, `${page}\n`);
  console.log(page);
}

async function profile(file: string): Promise<void> {
  const issuers = openIssuers();
  const profiled = only === undefined ? [cold] : plan.workloads;
  await withServed(pick<Contender>(contenders, ['cambio']), issuers, async ([served]) => {
    for (const workload of served ? profiled : [])
      if (served) await printProfile(workload, served, issuers, { requests: 2 * plan.requests, file });
  });
}
