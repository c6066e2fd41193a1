// Requires that work takes little processor time, whatever the pace and the load of the machine.
import assert from 'node:assert/strict';

/** The most runs of one piece of work. On a busy machine most of them take longer than they need. */
const MAX_RUNS = 60;

/** What `reference` takes on the machine for which limits are written, if nothing else runs there. */
const REFERENCE_MS = 4;
const REFERENCE = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ n: `name ${index}`, v: index })));
const reference = (): string => JSON.stringify(JSON.parse(REFERENCE)).replaceAll('name', 'x');

/** Processor time of this thread. */
function ownMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** @returns how many times as long as there the same work takes here and now; at least 1 */
function slowness(): number {
  const times = Array.from({ length: 7 }, () => {
    const before = ownMs();
    reference();
    return ownMs() - before;
  });
  return Math.max(1, Math.min(...times) / REFERENCE_MS);
}

/**
 * Runs it until one run is within the limit. A machine that is slower has a limit that is higher.
 * @param spentMs reads the processor time of the thread that does the work
 * @throws AssertionError if no run is
 */
export async function assertQuick(what: string, limitMs: number, run: () => unknown, spentMs = ownMs): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let factor = 1;
  for (let round = 0; round < MAX_RUNS; round++) {
    const before = spentMs();
    await run();
    least = Math.min(least, spentMs() - before);
    if (least < limitMs) return;
    factor = slowness();
    if (least < limitMs * factor) return;
  }
  assert.fail(`${what}: ${least} ms, on a machine that is ${factor.toFixed(1)} times as slow as the one of the limit`);
}
