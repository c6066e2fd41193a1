// cambio schema: prints the JSON Schema of the configuration file, or of the files that it includes, for editors.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { configurationSchema, includedFileSchema } from '../config/json-schema.ts';
import { INCLUDED_SECTIONS } from '../config/schema-include.ts';
import { isObject } from '../primitives/expectation.ts';
import { describeFailure } from '../primitives/failure.ts';
import { parseJsonFile } from '../primitives/strict-json.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print } from './print.ts';
import { UsageError } from './usage.ts';

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
      .option('--out <file>', 'write it to this file; an earlier schema is replaced, another file is not'),
  run: async ({ included, out }) => {
    const text = textOf(included === true ? includedFileSchema() : configurationSchema());
    if (out === undefined) print(text.trimEnd());
    else write(String(out), text);
    return EXIT.done;
  },
};

export const schemaText = (): string => textOf(configurationSchema());

const textOf = (schema: object): string => `${JSON.stringify(schema, null, 2)}\n`;

/** @throws UsageError if the file has another content, Error for a person if it cannot be written */
function write(file: string, text: string): void {
  try {
    if (existsSync(file) && !isSchema(decodeUtf8(readFileSync(file)) ?? ''))
      throw new UsageError(
        `${file} exists, and is not a schema that cambio wrote: it is not replaced. Example: --out cambio.schema.json`,
      );
    writeFileSync(file, text);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Error(`cannot write ${file}: ${describeFailure(error)}`);
  }
}

/** Of this version or another: its properties are sections of a configuration. */
function isSchema(text: string): boolean {
  const { $schema: dialect, properties } = parseJsonFile(text) ?? {};
  return (
    dialect === configurationSchema().$schema &&
    isObject(properties) &&
    INCLUDED_SECTIONS.every((section) => Object.hasOwn(properties, section))
  );
}
