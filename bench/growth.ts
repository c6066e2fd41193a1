// npm run bench:growth: does an exchange cost more with more data? Compares two servers for each kind of data, one with little and
// one with much, at the same exchange in interleaved rounds. Also measures memory per item and start time. Writes growth.md;
// --only prints a part instead.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Amount, type Growing, growing } from './growing.ts';
import { openIssuers } from './issuers.ts';
import { count, names, readOptions } from './options.ts';
import { measure, type Round, ratioOf, spreadOf } from './rounds.ts';
import { type Served, serve } from './served.ts';
import { machine, table } from './table.ts';
import { cold } from './workloads.ts';

const ALL = Object.keys(growing);
const options = readOptions(
  { script: 'bench:growth', purpose: 'Compares servers with little and with much data, and writes bench/growth.md.' },
  {
    only: names(ALL, 'prints a part: some kinds of data'),
    rows: count(1_000_000, 'number of audit rows'),
    rounds: count(7, 'number of rounds'),
  },
);

const EFFORT = { rounds: options.rounds, requests: 1000 };
const issuers = openIssuers();
/** The allowed increase of the cost of an exchange. */
const TARGET = 1.1;

interface Started {
  readonly served: Served;
  /** Milliseconds of CPU until it was ready. */
  readonly start: number;
}

async function start(kind: Growing, amount: Amount): Promise<Started> {
  const served = await serve(kind.contender(amount), issuers);
  return { served, start: (await served.usage()).cpu / 1000 };
}

const medianOf = (rounds: readonly Round[], what: 'cpu' | 'memory'): number =>
  spreadOf(rounds.map((round) => round[what])).median;

async function compare(name: string, kind: Growing, [little, much]: readonly [Amount, Amount]) {
  const small = await start(kind, little);
  const large = await start(kind, much).catch(async (error) => {
    await small.served.stop();
    throw error;
  });
  try {
    const [ofSmall = [], ofLarge = []] = await measure(cold, [small.served, large.served], issuers, EFFORT);
    const ratio = ratioOf(ofLarge, ofSmall);
    const bytes = (medianOf(ofLarge, 'memory') - medianOf(ofSmall, 'memory')) / (much - little);
    return [
      `${name}: ${little.toLocaleString('en')} → ${much.toLocaleString('en')}`,
      `${medianOf(ofSmall, 'cpu').toFixed(0)} → ${medianOf(ofLarge, 'cpu').toFixed(0)}`,
      `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}..${ratio.most.toFixed(2)})`,
      ratio.median < TARGET ? 'met' : 'missed',
      bytes.toFixed(0),
      `${small.start.toFixed(0)} → ${large.start.toFixed(0)}`,
    ];
  } finally {
    await Promise.all([small.served.stop(), large.served.stop()]);
  }
}

const head = ['what grows', 'CPU µs an exchange', 'ratio', `target < ${TARGET}`, 'bytes an item', 'start, CPU ms'];
const rows: string[][] = [];
for (const [name, kind] of Object.entries(growing)) {
  if (!(options.only ?? ALL).includes(name)) continue;
  const [little, much] = kind.amounts;
  rows.push(await compare(name, kind, [little, name === 'audit rows' ? options.rows : much]));
  console.error(rows.at(-1)?.join(' | '));
}
const result = `# Growth\n\n${machine()} Medians of ${EFFORT.rounds} interleaved rounds.\n\n${table([head, ...rows])}\n`;
if (options.only === undefined) writeFileSync(join(import.meta.dirname, 'growth.md'), result);
console.log(result);
