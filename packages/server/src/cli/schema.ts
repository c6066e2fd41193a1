// cambio schema: prints the JSON Schema of the configuration file, for editors.
import { writeFileSync } from 'node:fs';
import { configurationSchema } from '../config/json-schema.ts';
import { describeFailure } from '../primitives/failure.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print } from './print.ts';

export const schema: CliCommand = {
  examples: [
    ['cambio schema --out cambio.schema.json', 'beside cambio.yaml, whose first line names it to editors'],
    ['cambio schema > cambio.schema.json', 'the same by the shell'],
  ],
  describe: (command) =>
    command
      .description('Print the JSON Schema of the configuration file, for editors.')
      .option('--out <file>', 'write it to this file, and replace an earlier schema'),
  run: async ({ out }) => {
    if (out === undefined) print(schemaText().trimEnd());
    else writeSchema(String(out));
    return EXIT.done;
  },
};

export const schemaText = (): string => `${JSON.stringify(configurationSchema(), null, 2)}\n`;

/** @throws Error for a person if the file cannot be written */
export function writeSchema(file: string): void {
  try {
    writeFileSync(file, schemaText());
  } catch (error) {
    throw new Error(`cannot write ${file}: ${describeFailure(error)}`);
  }
}
