// What is a command? Its options, examples of it, and what it does.
import type { Command } from 'commander';

/** Exit codes: done, failed, wrong usage. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface CliCommand {
  /** Lines as somebody types them, with what each is for. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly describe: (command: Command) => Command;
  /** @returns the exit code. @throws UsageError, or an Error whose message is one clear line for a person */
  readonly run: (options: Record<string, unknown>, args: readonly string[]) => Promise<number>;
}
