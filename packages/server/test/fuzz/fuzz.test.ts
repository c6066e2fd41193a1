// Whatever comes: no failure, no token that should not be, and every refusal in the grammar of OAuth. A short run of what
// `npm run fuzz` does for longer; first come the inputs that once broke something.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from './bench.ts';
import found from './found.json' with { type: 'json' };
import { targets } from './targets/index.ts';

/** Fixed, so that a failure comes again. */
const SEED = 8693;
const known: Readonly<Record<string, readonly unknown[]>> = found;

const bench = await openBench({ after });

for (const { name, title, short, run } of targets) {
  test(`${name}: ${title}`, async () => {
    const { broken } = await run(bench, { seed: SEED, runs: short + (known[name]?.length ?? 0) }, known[name]);
    if (broken) assert.fail(`${JSON.stringify(broken.input)}\n${(broken.error as Error).stack}`);
  });
}
