// Reads the entry of a client from the file of `clients create` or `clients update`.
import { ConfigurationError } from '../config/fault.ts';
import { readYaml } from '../config/yaml.ts';
import { isObject } from '../primitives/expectation.ts';
import { describeFailure } from '../primitives/failure.ts';
import { readTextFile } from '../primitives/utf8.ts';
import { UsageError } from './usage.ts';

/** @throws Error that names the file, and the line of a YAML fault */
export function readEntry(option: unknown, id: string): Readonly<Record<string, unknown>> {
  const file = String(option);
  const name = file === '-' ? 'standard input' : file;
  const { value, faults } = readYaml(readText(file), process.env);
  if (faults.length > 0) throw new ConfigurationError(name, faults);
  if (!isObject(value))
    throw new Error(`${name} is not an entry of a client. Example: auth: client_secret_basic, on a line of its own`);
  const { id: own = id, ...entry } = value;
  if (own !== id)
    throw new UsageError(`${name} has the id ${own}, and the command names ${id}. Leave the id out of the file`);
  return entry;
}

function readText(file: string): string {
  try {
    return readTextFile(file === '-' ? 0 : file);
  } catch (error) {
    throw new Error(`--entry ${file} cannot be read: ${describeFailure(error)}`);
  }
}
