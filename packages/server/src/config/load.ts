// Reads and checks the file, and reports every fault at once, each with its line.
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject } from '../primitives/expectation.ts';
import { type FormFault, wordIssues } from '../primitives/form.ts';
import { checkLimits } from './check-limits.ts';
import type { Configuration, ResolvedConfiguration } from './configuration.ts';
import { readText } from './decode.ts';
import { type DraftBase, draftBaseOf } from './draft-base.ts';
import { type Complain, ConfigurationError, type Fault, faultOfFile, type Path } from './fault.ts';
import { type ReadFiles, readFiles } from './files.ts';
import { type Collected, collectComplaints } from './follows.ts';
import { createInputs, type Inputs } from './inputs.ts';
import { keptFiles } from './kept-files.ts';
import type { ConfigurationText } from './origin.ts';
import { redact } from './redacted.ts';
import { namedFiles, resolveRenewed } from './renewal.ts';
import { resolveConfiguration } from './resolve.ts';
import { certificateProblem } from './resolve-saml.ts';
import { judgeRuleTests, runRuleTests } from './rule-tests.ts';
import { type ConfigurationFile, configurationFile } from './schema.ts';
import { setAside } from './set-aside.ts';
import type { Surroundings } from './source.ts';
import { mayName } from './team.ts';
import { SURE, UNSURE } from './unsure.ts';
import { untilAtRest } from './until-at-rest.ts';

/** Loads files that belong together: if one changes while they are read, all are read again. @throws ConfigurationError */
export function loadConfiguration(
  file: string,
  environment: NodeJS.ProcessEnv,
  inputs: Inputs = createInputs(file),
  leftOut?: ReadingSource['leftOut'],
): Promise<Configuration> {
  const given = [...(leftOut ?? [])];
  return untilAtRest(file, inputs, () => {
    leftOut?.clear();
    for (const [name, faults] of given) leftOut?.set(name, faults);
    return loadOnce(file, environment, inputs, leftOut);
  });
}

/** @param inputs texts that cannot change @throws ConfigurationError */
export const loadOnce = async (
  file: string,
  environment: NodeJS.ProcessEnv,
  inputs: Inputs,
  leftOut?: ReadingSource['leftOut'],
): Promise<Configuration> => parseConfiguration(readText(file, inputs), { file, environment, inputs, leftOut });

interface ReadingSource {
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly inputs?: Inputs;
  /** Changes the value before it is checked: a draft has no secrets. */
  readonly prepare?: (read: ReadFiles) => ReadFiles;
  /** The included files to leave out, each with its faults. Files that cannot be read are added. */
  readonly leftOut?: Map<string, readonly Fault[]> | undefined;
}

/** @param file names the text in faults; paths in the text are relative to its folder @throws ConfigurationError */
export async function parseConfiguration(
  text: string,
  { file, environment, inputs = createInputs(file), leftOut, prepare = (read) => read }: ReadingSource,
): Promise<Configuration> {
  const read = prepare(readFiles(text, { file, environment, inputs, leftOut }));
  // Requests run between the steps of a reload.
  await nextTurn();
  const { value, faults, files, placeOf, originOf } = read;
  const inOrder = (): readonly Fault[] => faults.toSorted(byPlace(files));
  if (isEmpty(value)) throw new ConfigurationError(file, [faultOfFile(EMPTY)]);
  const unsure = leftOut === undefined ? SURE : UNSURE;
  const around = { folder: dirname(resolve(file)), environment, inputs, unsure };
  const configuration = value === undefined ? undefined : await check(read, around);
  const throwFaults = (): void => {
    if (faults.every(({ severity }) => severity === 'warning')) return;
    throw new ConfigurationError(file, inOrder());
  };
  /** Throws the faults that `find` reports, and clears them. */
  const throwNew = (find: () => void): void => {
    const before = faults.length;
    find();
    const found = faults.splice(before);
    if (found.some(({ severity }) => severity === 'fault')) throw new ConfigurationError(file, found);
  };
  throwFaults();
  if (configuration === undefined) throw new ConfigurationError(file, faults);
  let draftBase: DraftBase | undefined;
  return {
    ...configuration,
    files,
    // Tests that are left out are warnings, which examine() finds.
    get warnings() {
      return inOrder();
    },
    leftOut: [...(leftOut?.keys() ?? [])],
    placeOf,
    mayName: (path, audience) => mayName(originOf(path).limits, audience, configuration.issuer),
    examine: () => {
      const count = configuration.examine();
      throwFaults();
      return count;
    },
    testRules: () => throwNew(configuration.testRules),
    draftBase: () => {
      draftBase ??= draftBaseOf({ file, files, environment, issuer: configuration.issuer });
      return draftBase;
    },
    checkBeside: (registered) => throwNew(() => configuration.checkBeside(registered)),
    requireIssuer: (started) => throwNew(() => configuration.requireIssuer(started)),
  };
}

const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

const EMPTY = 'the file is empty. It needs at least issuer, such as issuer: https://login.example.com.';

const byPlace = (files: readonly ConfigurationText[]) => {
  const orderOf = ({ file }: Fault): number => (file === undefined ? 0 : files.findIndex(({ path }) => path === file));
  return (a: Fault, b: Fault): number => orderOf(a) - orderOf(b) || a.line - b.line || a.column - b.column;
};

/** Reads a configuration that a server puts in force: a failed test of a rule is a fault. @throws ConfigurationError */
export async function loadTested(file: string, environment: NodeJS.ProcessEnv, inputs: Inputs): Promise<Configuration> {
  const configuration = await loadConfiguration(file, environment, inputs);
  configuration.testRules();
  return configuration;
}

/** Checks the form of each part, and then how the parts fit together. A fault of one part hides no fault of the others. */
async function check(
  read: ReadFiles,
  reading: Pick<Surroundings, 'folder' | 'environment' | 'unsure'> & { readonly inputs: Inputs },
): Promise<Omit<Configuration, 'files' | 'warnings' | 'placeOf' | 'mayName' | 'leftOut' | 'draftBase'> | undefined> {
  const collected = collectComplaints(read.complain);
  try {
    return await checkAll(read, reading, collected);
  } finally {
    collected.flush();
  }
}

async function checkAll(
  read: ReadFiles,
  reading: Parameters<typeof check>[1],
  { complain, flush }: Collected,
): ReturnType<typeof check> {
  const { value, unknown, originOf, placeOf, extent } = read;
  const around = { ...reading, complain, originOf, placeOf };
  const parsed = configurationFile.safeParse(value);
  await nextTurn();
  if (parsed.success && unknown.length === 0) {
    if (extent === 'partly') return undefined;
    const beyond = checkLimitsOnce(parsed.data, around);
    const configuration = await resolveRenewed(parsed.data, value, { ...around, complain: beyond });
    flush();
    const kept = keptFiles(read, reading.inputs);
    await nextTurn();
    return {
      ...configuration,
      entries: redact(value),
      kept,
      examine: () => examine(parsed.data, configuration, complain),
      testRules: () => void runRuleTests(parsed.data, configuration, complain),
      judgeTests: () => judgeRuleTests(parsed.data, configuration),
      requireIssuer: (started) => {
        if (configuration.issuer === started) return;
        complain(['issuer'], `the server was started as ${started}. The issuer changes only by a restart.`);
      },
    };
  }
  const faults = wordIssues(configurationFile, value, parsed.error?.issues ?? []);
  for (const { path, message, about } of faults) read.complain(path as Path, message, 'fault', about);
  if (extent === 'whole')
    await checkRest(value, [...unknown, ...faults.flatMap(faultyPaths)], {
      ...around,
      inputs: namedFiles(around.inputs),
    });
  return undefined;
}

/** @returns `complain` without the places that are beyond the limits of their file: what else is wrong there has the same cause */
function checkLimitsOnce(file: ConfigurationFile, around: Parameters<typeof checkLimits>[1]): Complain {
  const beyond = new Set<string>();
  checkLimits(file, {
    ...around,
    complain: (path, ...fault) => {
      beyond.add(JSON.stringify(path));
      around.complain(path, ...fault);
    },
  });
  return (path, ...fault) => {
    if (!beyond.has(JSON.stringify(path))) around.complain(path, ...fault);
  };
}

/** If an unknown key is a misspelling of a known one, the known one counts as faulty too. */
const faultyPaths = ({ path, meant }: FormFault): readonly Path[] =>
  (meant === undefined ? [path] : [path, meant]) as readonly Path[];

async function checkRest(value: unknown, faulty: readonly Path[], around: Omit<Surroundings, 'unsure'>): Promise<void> {
  if (faulty.some((path) => path.length === 0)) return;
  let [rest, aside] = [setAside(value, faulty), faulty];
  let parsed = configurationFile.safeParse(rest.value);
  // If an entry is incomplete without its faulty part, set the entry aside, and then the section.
  for (const depth of [2, 1]) {
    if (parsed.success) break;
    const { pathInFile } = rest;
    aside = [...aside, ...parsed.error.issues.map(({ path }) => pathInFile(path as Path).slice(0, depth))];
    rest = setAside(value, aside);
    parsed = configurationFile.safeParse(rest.value);
  }
  if (parsed.success)
    await resolveConfiguration(parsed.data, {
      ...around,
      unsure: rest.unsure,
      complain: rest.complaining(around.complain),
      originOf: (path) => around.originOf(rest.pathInFile(path)),
      placeOf: (path) => around.placeOf(rest.pathInFile(path)),
    });
}

function examine(file: ConfigurationFile, configuration: ResolvedConfiguration, complain: Complain): number {
  for (const entry of configuration.saml) {
    const problem = certificateProblem(entry, Date.now());
    const index = file.issuers.findIndex((source) => source.saml === entry.entityId);
    if (problem !== undefined) complain(['issuers', index, 'saml'], `${problem}.`);
  }
  return runRuleTests(file, configuration, complain);
}
