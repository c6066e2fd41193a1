// Reads a configuration for a command that needs the database more than the rules: faulty included files are left out.
import type { Configuration } from './configuration.ts';
import { ConfigurationError, type Fault, formatFault } from './fault.ts';
import { createInputs } from './inputs.ts';
import { loadConfiguration } from './load.ts';

/** The included files that are left out, each with its faults. */
type LeftOut = Map<string, readonly Fault[]>;

/**
 * Leaves out an included file with a fault as a whole.
 * @param report takes each fault of these files, and what leaving a file out means
 * @throws ConfigurationError for a fault of the main file
 */
export async function loadWithoutFaulty(
  file: string,
  environment: NodeJS.ProcessEnv,
  report: (line: string) => void,
): Promise<Configuration> {
  const first = await attempt(file, environment, undefined);
  if (!(first instanceof ConfigurationError)) return first;
  const leftOut: LeftOut = new Map();
  let last: Configuration | ConfigurationError = first;
  // A fault of one file can hide those of another, which the next reading finds.
  while (last instanceof ConfigurationError) {
    const faults = faultsOf(last);
    const faulty = [...Map.groupBy(faults, (fault) => fault.file)].filter(([name]) => name !== undefined);
    if (faults.some(isOfMainFile) || (faulty.length === 0 && last !== first)) throw last;
    for (const [name = '', found] of faulty) leftOut.set(name, found);
    last = await attempt(file, environment, leftOut);
  }
  for (const line of describeLeftOut(file, leftOut)) report(line);
  return last;
}

const attempt = (
  file: string,
  environment: NodeJS.ProcessEnv,
  leftOut: LeftOut | undefined,
): Promise<Configuration | ConfigurationError> =>
  loadConfiguration(file, environment, createInputs(file), leftOut).catch((error: unknown) => {
    if (error instanceof ConfigurationError) return error;
    throw error;
  });

const faultsOf = ({ faults }: ConfigurationError): readonly Fault[] =>
  faults.filter(({ severity }) => severity === 'fault');

/** A file that cannot be read is a fault of `include`. */
const isOfMainFile = ({ file, path }: Fault): boolean => file === undefined && !/^include\b/.test(path);

const describeLeftOut = (main: string, leftOut: LeftOut): readonly string[] =>
  [...leftOut].flatMap(([name, faults]) => [
    ...faults.map((fault) => formatFault(main, { ...fault, severity: 'warning' })),
    `${name}: warning: the file is left out: its clients, resources, issuers and rules are not known to this command.`,
  ]);
