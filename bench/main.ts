// npm run bench: every contender at every workload, and what comes of it as results.md.
import { parseArgs } from 'node:util';
import type { Contender } from './contenders/contender.ts';
import { contenders } from './contenders/index.ts';
import { openIssuers } from './issuers.ts';
import { formatWorkload } from './report.ts';
import { measure } from './rounds.ts';
import { type Served, serve } from './served.ts';
import { workloads } from './workloads/index.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: workloads.map(({ name }) => name).join(',') },
    against: { type: 'string', default: contenders.map(({ name }) => name).join(',') },
  },
});

const pick = <T extends { readonly name: string }>(all: readonly T[], names: string): readonly T[] =>
  names.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} is none of ${all.map((one) => one.name).join(', ')}`);
    return found;
  });

const effort = values.short ? { rounds: 3, requests: 600 } : { rounds: 7, requests: 2000 };
const issuers = openIssuers();
const served: Served[] = [];
try {
  for (const one of pick<Contender>(contenders, values.against)) served.push(await serve(one, issuers));
  for (const workload of pick(workloads, values.only)) {
    const knowing = served.filter(({ contender: { offers } }) => offers?.includes(workload.name) ?? true);
    const rounds = await measure(workload, knowing, issuers, effort);
    console.log(
      formatWorkload(workload, new Map(knowing.map(({ contender }, index) => [contender.name, rounds[index] ?? []]))),
    );
  }
} finally {
  await Promise.all(served.map(({ stop }) => stop()));
}
