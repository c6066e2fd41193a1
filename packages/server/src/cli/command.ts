// The interface of a command: its options, its examples and its action.
import type { Command } from 'commander';

/** Exit codes: done, failed, wrong usage. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface CliCommand {
  /** Command lines, each with its purpose. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly describe: (command: Command) => Command;
  /** @returns the exit code. @throws UsageError, or an Error with a message of one line for a person */
  readonly run: (options: Record<string, unknown>, args: readonly string[]) => Promise<number>;
}
