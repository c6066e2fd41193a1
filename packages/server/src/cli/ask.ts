// Asks questions at the terminal, each with a default.
import { createInterface } from 'node:readline/promises';
import { describeError } from '../primitives/failure.ts';
import { printError } from './print.ts';

export const hasTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

export interface Questions {
  /** @returns the answer, or the default for an empty one @throws Error if the terminal is closed */
  readonly ask: (question: string, otherwise: string) => Promise<string>;
  /** Asks until `read` accepts the answer, and prints the error for each other answer. */
  readonly askUntil: <T>(question: string, otherwise: string, read: (answer: string) => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

/** One reader for all questions: a reader of its own would drop what is typed ahead. */
export function openQuestions(): Questions {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const lines = terminal[Symbol.asyncIterator]();
  let closed = false;
  terminal.once('close', () => {
    closed = true;
  });
  const ask: Questions['ask'] = async (question, otherwise) => {
    const prompt = `${question}${otherwise === '' ? '' : ` [${otherwise}]`}: `;
    terminal.setPrompt(prompt);
    // Input that ends closes the terminal while lines that were typed ahead still wait.
    if (closed) process.stderr.write(prompt);
    else terminal.prompt();
    const { value, done } = await lines.next();
    // Ctrl-C and Ctrl-D close the terminal without an answer.
    if (done) throw new Error('nothing was written');
    return value.trim() || otherwise;
  };
  return {
    ask,
    askUntil: async (question, otherwise, read) => {
      for (;;) {
        const answer = await ask(question, otherwise);
        try {
          return await read(answer);
        } catch (error) {
          printError(`${describeError(error)}.`.replace(/\.\.$/, '.'));
        }
      }
    },
    close: () => terminal.close(),
  };
}
