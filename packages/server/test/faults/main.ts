// npm run faults: does the server keep its promises when everything around it fails? Runs the faults one after the other on their
// own processes, on loopback, prints a table, and exits with 1 if an invariant is broken.
// npm run faults [-- --short] [--only F01,F10] [--rounds 10] [--write]; npm run races runs only the races.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import type { Outcome } from './fault.ts';
import { writePage } from './page.ts';
import { faults, races } from './rows/index.ts';
import { formatTable, type Line, lineOf } from './table.ts';

/** More repetitions would take an hour each. */
const MOST_ROUNDS = 10_000;

const { values } = parseArgs({
  options: {
    short: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    races: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const only = values.only?.split(',');
const all = values.races ? races : faults;
const chosen = all.filter(({ id }) => only === undefined || only.includes(id));
if (chosen.length === 0) throw new Error(`--only takes some of ${all.map(({ id }) => id).join(',')}`);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0 && rounds <= MOST_ROUNDS))
  throw new Error(`--rounds takes a number from 1 to ${MOST_ROUNDS}`);

/** A fault that could not be carried out counts as broken. */
const unfinished = (error: unknown): Outcome => ({
  repetitions: 0,
  ledgers: [],
  checked: [],
  violations: [{ invariant: 'unfinished', what: String((error as Error).stack ?? error) }],
  note: 'not finished',
});

const shared = openBench(values.short === true, rounds);
const lines: Line[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await shared.end();
    process.exit(1);
  });
}
try {
  for (const fault of chosen) {
    const began = performance.now();
    const bench = shared.forOne();
    try {
      console.error(`${fault.id} ${fault.title} ...`);
      const outcome = await fault.run(bench).catch(unfinished);
      const line = lineOf(fault, outcome, (performance.now() - began) / 1000);
      lines.push(line);
      console.error(`  ${line.violations.length === 0 ? 'holds' : 'BROKEN'}, ${line.seconds} s; ${line.note}`);
      for (const { invariant, what } of line.violations.slice(0, 10)) console.error(`  ${invariant}: ${what}`);
      for (const [invariant, all] of Map.groupBy(line.violations, (one) => one.invariant))
        console.error(`  ${invariant} is broken ${all.length} times`);
    } finally {
      await bench.end();
    }
  }
} finally {
  await shared.end();
}
console.log(formatTable(lines));
console.log(`\n${availableParallelism()} cores, Node ${process.versions.node}`);
if (values.write) writePage(lines);
// Exit explicitly: the package that runs PostgreSQL would end the process with 0.
process.exit(lines.every(({ violations }) => violations.length === 0) ? 0 : 1);
