// Starts two servers in this process on one database, each with its own clock, and calls both.
import { withOperators } from './admin-api.ts';
import type { Configuration } from './configuration.ts';
import { start, type TestServer } from './harness.ts';
import { life } from './life.ts';
import { eventually } from './node.ts';

/** The configuration of life.ts with an admin API. */
export const administeredLife = (...given: Parameters<typeof life>): Configuration => withOperators(life(...given));

/** @param apart seconds by which the second clock is ahead of the first */
export async function startPair(
  t: Parameters<typeof start>[0],
  apart: number,
  yaml = administeredLife(),
): Promise<readonly [TestServer, TestServer]> {
  const now = Date.now();
  const one = await start(t, yaml, { now });
  return [one, await start(t, yaml, { folder: one.folder, now: now + apart * 1000 })];
}

/** Repeats until it is true, because a node learns of changes on another with a delay. */
export const comesTrue = async (ask: () => Promise<unknown>, expected: unknown): Promise<void> => {
  await eventually(ask, (answer) => answer === expected);
};
