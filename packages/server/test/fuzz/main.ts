// npm run fuzz: runs the targets for longer than `npm test`, and limits the CPU time of each input.
// npm run fuzz [-- --only form,jws] [--seconds 30] [--runs N] [--seed N]
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import found from './found.json' with { type: 'json' };
import { targets } from './targets/index.ts';

/** Maximum CPU time of one input. */
const MAX_CPU_MS = 100;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const only = values.only?.split(',');
const chosen = targets.filter(({ name }) => only === undefined || only.includes(name));
const [seconds, runs, seed] = [values.seconds, values.runs, values.seed].map(Number) as [number, number, number];
if (chosen.length < (only ?? targets).length)
  throw new Error(`--only takes some of ${targets.map(({ name }) => name)}`);
if (!(seconds > 0 && runs > 0 && Number.isInteger(seed))) throw new Error('--seconds, --runs and --seed take numbers');

const ends: (() => void | Promise<void>)[] = [];
try {
  for (const { name, title, run } of chosen) {
    console.log(`${name}: ${title} ...`);
    const bench = await openBench({ after: (end) => ends.unshift(end) });
    const known: readonly unknown[] = (found as Record<string, unknown[]>)[name] ?? [];
    const {
      runs: done,
      allowed,
      broken,
    } = await run(bench, { seed, runs, time: seconds * 1000, cpu: MAX_CPU_MS }, known);
    console.log(`  ${broken ? 'BROKEN' : 'holds'} for ${done} inputs, ${allowed} of them let through; --seed ${seed}`);
    if (broken === undefined) continue;
    process.exitCode = 1;
    console.log(`  for ${JSON.stringify(broken.input)}\n  ${(broken.error as Error).stack ?? broken.error}`);
    console.log(`  once mended, keep this input in packages/server/test/fuzz/found.json under "${name}"`);
  }
} finally {
  for (const end of ends) await end();
}
