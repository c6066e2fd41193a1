// Repeats a reading of files until none of them changed while it went on: files of two versions do not belong together.
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigurationError, faultOfFile } from './fault.ts';
import type { Inputs } from './inputs.ts';

/** The first repetition is at once: most changes replace all files together. */
const PAUSES_MS = [0, 50, 100, 200];

/**
 * @param file the main file, for the fault
 * @param read reads everything that it needs by the inputs
 * @throws ConfigurationError if the files change at each reading, and whatever the last reading throws
 */
export async function untilAtRest<T>(file: string, inputs: Inputs, read: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    // What a reading of changing files throws may be due to the change.
    const [outcome] = await Promise.allSettled([read()]);
    if (inputs.findChange() === undefined) return resultOf(outcome);
    await wait(pause);
    inputs.forget();
  }
  const [outcome] = await Promise.allSettled([read()]);
  const changed = inputs.findChange();
  if (changed === undefined) return resultOf(outcome);
  throw new ConfigurationError(file, [faultOfFile(describeChange(changed))]);
}

function resultOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

const describeChange = (changed: string): string =>
  `the files changed each of the ${PAUSES_MS.length + 1} times that they were read, the last time ${changed}, so they may not belong together. ` +
  'Write them elsewhere, and replace all at once, such as by a symbolic link to their folder.';
