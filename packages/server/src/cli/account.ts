// cambio accounts hash-password: prints the hash of a password, for the configuration file.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { readTextFile } from '../primitives/utf8.ts';
import { formatPasswordHash, hashPassword, MAX_PASSWORD_LENGTH } from '../sign-in/password-hash.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeOutput, printResult } from './output.ts';

export const accountsHashPassword: CliCommand = {
  examples: [
    ['cambio accounts hash-password', 'asks for the password, without echo'],
    ['cambio accounts hash-password < password.txt', 'reads it from standard input'],
  ],
  describe: (command) =>
    describeOutput(
      command.description(
        'Read a password from the terminal, without echo, or from standard input, and print its argon2id hash for accounts.',
      ),
    ),
  run: async (options) => {
    const password = process.stdin.isTTY ? await ask() : readTextFile(0).replace(/\r?\n$/, '');
    if (password === '') throw new Error('the password is empty');
    if (password.length > MAX_PASSWORD_LENGTH)
      throw new Error(`the password is longer than ${MAX_PASSWORD_LENGTH} characters`);
    const hash = formatPasswordHash(await hashPassword(password));
    printResult(options, { hash }, hash);
    return EXIT.done;
  },
};

async function ask(): Promise<string> {
  const first = await askUnseen('Password: ');
  if ((await askUnseen('Again: ')) !== first) throw new Error('the two passwords are not the same');
  return first;
}

/** Reads a line without echo. The question goes to standard error, so that standard output has only the hash. */
async function askUnseen(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(question);
  try {
    // Ctrl-C and Ctrl-D close the terminal without an answer.
    return await Promise.race([
      terminal.question(''),
      new Promise<never>((_resolve, reject) =>
        terminal.once('close', () => reject(new Error('no password was typed'))),
      ),
    ]);
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
