// A fuzz target: a generator of inputs, and an assertion that must hold for every input.
import fc from 'fast-check';
import type { Bench } from './bench.ts';

export interface Limits {
  readonly seed: number;
  readonly runs: number;
  /** Milliseconds for all runs. */
  readonly time?: number;
  /** Maximum CPU time of one input, in milliseconds; absent: not limited. */
  readonly cpu?: number;
}

export interface Target {
  readonly name: string;
  /** A sentence: the property that holds. */
  readonly title: string;
  /** Number of inputs in `npm test`. */
  readonly short: number;
  readonly run: (bench: Bench, limits: Limits, found?: readonly unknown[]) => Promise<Outcome>;
}

export interface Outcome {
  readonly runs: number;
  /** How many inputs were accepted: a run with few of them shows little. */
  readonly allowed: number;
  /** The smallest input that fails, and the failure. */
  readonly broken?: { readonly input: unknown; readonly error: unknown };
}

interface Definition<Input> {
  readonly name: string;
  readonly title: string;
  readonly short: number;
  /** JSON data, so that an input can be stored in a file. */
  readonly input: fc.Arbitrary<Input>;
  /** Was it accepted? @throws AssertionError if the property does not hold */
  readonly judge: (input: Input, bench: Bench) => Promise<boolean>;
}

export const defineTarget = <Input>({ name, title, short, input, judge }: Definition<Input>): Target => ({
  name,
  title,
  short,
  run: async (bench, { seed, runs, time, cpu }, found = []) => {
    let allowed = 0;
    const { failed, counterexample, errorInstance, numRuns } = await fc.check(
      fc.asyncProperty(input, async (one) => {
        if (await watched(() => judge(one, bench), cpu)) allowed++;
      }),
      {
        seed,
        numRuns: runs,
        ...(time !== undefined && { interruptAfterTimeLimit: time }),
        // Inputs that found a fault before come first.
        examples: found.map((one): [Input] => [one as Input]),
      },
    );
    return { runs: numRuns, allowed, ...(failed && { broken: { input: counterexample?.[0], error: errorInstance } }) };
  },
});

/** Three slow runs in a row are caused by the input. One may be caused by garbage collection. */
async function watched<T>(work: () => Promise<T>, limit: number | undefined): Promise<T> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    if (limit === undefined || least <= limit) return result;
  }
  throw new Error(`took ${Math.round(least)} ms of CPU`);
}
