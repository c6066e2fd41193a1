// Fuzzes every target for a short time: no input causes a failure or a wrong token, and every refusal is valid OAuth. Inputs that
// once found a fault come first. `npm run fuzz` runs longer.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from './bench.ts';
import found from './found.json' with { type: 'json' };
import { targets } from './targets/index.ts';

/** Fixed, so that failures can be repeated. */
const SEED = 8693;
const known: Readonly<Record<string, readonly unknown[]>> = found;

const bench = await openBench({ after });

for (const { name, title, short, run } of targets) {
  test(`${name}: ${title}`, async () => {
    const { broken } = await run(bench, { seed: SEED, runs: short + (known[name]?.length ?? 0) }, known[name]);
    if (broken) assert.fail(`${JSON.stringify(broken.input)}\n${(broken.error as Error).stack}`);
  });
}
