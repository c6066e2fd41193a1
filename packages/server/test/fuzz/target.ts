// What is fuzzed: a way to make inputs, and what must hold whatever the input is.
import fc from 'fast-check';
import type { Bench } from './bench.ts';

export interface Limits {
  readonly seed: number;
  readonly runs: number;
  /** Milliseconds for all runs. */
  readonly time?: number;
  /** Milliseconds of CPU for one input; not watched without. */
  readonly cpu?: number;
}

export interface Target {
  readonly name: string;
  /** A sentence: what holds. */
  readonly title: string;
  /** Inputs that `npm test` takes. */
  readonly short: number;
  readonly run: (bench: Bench, limits: Limits, found?: readonly unknown[]) => Promise<Outcome>;
}

export interface Outcome {
  readonly runs: number;
  /** How many of the inputs were let through: where few are, little is shown. */
  readonly allowed: number;
  /** The smallest input for which something did not hold, and what. */
  readonly broken?: { readonly input: unknown; readonly error: unknown };
}

interface Definition<Input> {
  readonly name: string;
  readonly title: string;
  readonly short: number;
  /** Plain data as JSON has it, so that a found input can be kept in a file. */
  readonly input: fc.Arbitrary<Input>;
  /** Was it let through? @throws AssertionError where something does not hold */
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
        // What was found before comes first.
        examples: found.map((one): [Input] => [one as Input]),
      },
    );
    return { runs: numRuns, allowed, ...(failed && { broken: { input: counterexample?.[0], error: errorInstance } }) };
  },
});

/** What takes too long three times running does so because of its input; once may be the garbage of others. */
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
