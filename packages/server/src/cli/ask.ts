// Asks questions at the terminal, each with a default.
import { createInterface } from 'node:readline/promises';

export const hasTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

export interface Questions {
  /** @returns the answer, or the default for an empty one @throws Error if the terminal is closed */
  readonly ask: (question: string, otherwise: string) => Promise<string>;
  readonly close: () => void;
}

/** One reader for all questions: a reader of its own would drop what is typed ahead. */
export function openQuestions(): Questions {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const lines = terminal[Symbol.asyncIterator]();
  return {
    ask: async (question, otherwise) => {
      terminal.setPrompt(`${question}${otherwise === '' ? '' : ` [${otherwise}]`}: `);
      terminal.prompt();
      const { value, done } = await lines.next();
      // Ctrl-C and Ctrl-D close the terminal without an answer.
      if (done) throw new Error('nothing was written');
      return value.trim() || otherwise;
    },
    close: () => terminal.close(),
  };
}
