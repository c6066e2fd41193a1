// Asks for confirmation before an action that cannot be undone.
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { printError } from './print.ts';
import { UsageError } from './usage.ts';

export const describeConfirmation = (command: Command): Command => command.option('--yes', 'do not ask, for scripts');

/**
 * Prints the consequence, and returns if the person types yes.
 * @throws UsageError if there is no terminal, Error if the answer is not yes
 */
export async function confirm({ yes }: Record<string, unknown>, consequence: string): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${consequence} Nothing was done: there is no terminal to ask at. Add --yes to do it`);
  printError(consequence);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the terminal without an answer.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question('Type yes to go on: '), closed]);
  terminal.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new Error('nothing was done');
}
