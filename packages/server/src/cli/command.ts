// What is a command? Its options, and what it does.
import type { Command } from 'commander';

/** Exit codes: done, failed, wrong usage. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface CliCommand {
  readonly describe: (command: Command) => Command;
  /** @returns the exit code. @throws an Error whose message is one clear line for a person */
  readonly run: (options: Record<string, unknown>, args: readonly string[]) => Promise<number>;
}
