// cambio schema: prints the JSON Schema of the configuration file, or of the files that it includes, for editors.
import { writeFileSync } from 'node:fs';
import { configurationSchema, includedFileSchema } from '../config/json-schema.ts';
import { describeFailure } from '../primitives/failure.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print } from './print.ts';

export const schema: CliCommand = {
  examples: [
    ['cambio schema --out cambio.schema.json', 'beside cambio.yaml, whose first line names it to editors'],
    ['cambio schema --included --out cambio-included.schema.json', 'for the files that include names'],
    ['cambio schema > cambio.schema.json', 'the same by the shell'],
  ],
  describe: (command) =>
    command
      .description('Print the JSON Schema of the configuration file, for editors.')
      .option('--included', 'print the schema of the files that include names, instead')
      .option('--out <file>', 'write it to this file, and replace an earlier schema'),
  run: async ({ included, out }) => {
    const text = textOf(included === true ? includedFileSchema() : configurationSchema());
    if (out === undefined) print(text.trimEnd());
    else write(String(out), text);
    return EXIT.done;
  },
};

export const schemaText = (): string => textOf(configurationSchema());

const textOf = (schema: object): string => `${JSON.stringify(schema, null, 2)}\n`;

/** @throws Error for a person if the file cannot be written */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Error(`cannot write ${file}: ${describeFailure(error)}`);
  }
}
