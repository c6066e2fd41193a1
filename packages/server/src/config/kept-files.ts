// Makes the kept form of a configuration: of the main file, and of each file that it includes.
import { dirname, relative, resolve } from 'node:path';
import type { KeptFile } from '../audit/configuration.ts';
import { isObject } from '../primitives/expectation.ts';
import { readText } from './decode.ts';
import { ConfigurationError } from './fault.ts';
import { type ReadFiles, readFiles } from './files.ts';
import { createInputs, type Inputs } from './inputs.ts';
import { keepFile } from './kept.ts';
import type { Origin } from './origin.ts';

/**
 * Reads a configuration for a comparison, without the secrets that it names.
 * @throws ConfigurationError if a text cannot be read
 */
export function readKept(file: string, environment: NodeJS.ProcessEnv): readonly KeptFile[] {
  const inputs = createInputs(file);
  const text = readText(file, inputs);
  const read = readFiles(text, { file, environment, inputs });
  const faults = read.faults.filter(({ severity }) => severity === 'fault');
  if (faults.length > 0) throw new ConfigurationError(file, faults);
  return keptFiles(read, inputs);
}

/** Divides the merged entries by the files that they stand in. */
export function keptFiles({ value, files, originOf }: ReadFiles, inputs: Inputs): readonly KeptFile[] {
  if (!isObject(value)) return [];
  const main = originOf([]);
  const contents = new Map<string, { readonly origin: Origin; readonly content: Record<string, unknown> }>();
  const contentAt = (origin: Origin): Record<string, unknown> => {
    const found = contents.get(origin.file) ?? { origin, content: {} };
    contents.set(origin.file, found);
    return found.content;
  };
  // In the order of the files, which is the order of their rules.
  for (const { path } of files) contentAt({ ...main, file: path, folder: dirname(resolve(path)) });
  for (const [key, member] of Object.entries(value)) {
    if (!Array.isArray(member)) contentAt(main)[key] = member;
    else
      for (const [index, entry] of member.entries()) {
        const content = contentAt(originOf([key, index]));
        content[key] ??= [];
        (content[key] as unknown[]).push(entry);
      }
  }
  const folder = dirname(resolve(main.file));
  return [...contents.values()].map(({ origin, content }) => ({
    path: origin.file === main.file ? '' : relative(folder, resolve(origin.file)),
    content: keepFile(content, (name) => readPublic(inputs, resolve(origin.folder, name))),
  }));
}

/** @returns undefined if the file cannot be read, which is reported elsewhere */
function readPublic(inputs: Inputs, file: string): Uint8Array | undefined {
  try {
    return inputs.readNamed(file);
  } catch {
    return undefined;
  }
}
