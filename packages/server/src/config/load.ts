// Reads and checks the file, and reports every fault at once, each with its line.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { decodeUtf8 } from '../primitives/utf8.ts';
import type { Configuration } from './configuration.ts';
import { type Complain, ConfigurationError, type Fault, type Path } from './fault.ts';
import { redact } from './redacted.ts';
import { resolveConfiguration } from './resolve.ts';
import { certificateProblem } from './resolve-saml.ts';
import { runRuleTests } from './rule-tests.ts';
import { type ConfigurationFile, configurationFile } from './schema.ts';
import type { Surroundings } from './source.ts';
import { readYaml } from './yaml.ts';

/** @throws ConfigurationError */
export const loadConfiguration = async (file: string, environment: NodeJS.ProcessEnv): Promise<Configuration> =>
  parseConfiguration(readText(file), { file, environment });

/** @throws ConfigurationError */
export function readText(file: string): string {
  return decodeFile(readBytes(file), file);
}

/** @throws ConfigurationError, with the line where the bytes are no UTF-8 */
export function decodeFile(bytes: Uint8Array, file: string): string {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = 1 + lines.findIndex((one) => decodeUtf8(Buffer.from(one, 'latin1')) === undefined);
  const message = 'is not text in UTF-8: save the file in that encoding';
  throw new ConfigurationError(file, [{ severity: 'fault', line, column: 1, path: '', message }]);
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `cannot be read: ${(error as NodeJS.ErrnoException).code}`;
    throw new ConfigurationError(file, [{ severity: 'fault', line: 1, column: 1, path: '', message }]);
  }
}

/** @param file names the text in faults, and paths in it are relative to the file's folder. @throws ConfigurationError */
export async function parseConfiguration(
  text: string,
  { file, environment }: { file: string; environment: NodeJS.ProcessEnv },
): Promise<Configuration> {
  const { value, faults, complain, lineOf } = readYaml(text, environment);
  const around = { folder: dirname(resolve(file)), environment, complain };
  const configuration = value === undefined ? undefined : await check(value ?? {}, around);
  const throwFaults = (): void => {
    if (faults.every(({ severity }) => severity === 'warning')) return;
    throw new ConfigurationError(file, faults.toSorted(byPlace));
  };
  /** Throws what this finds, and forgets it. */
  const throwNew = (find: () => void): void => {
    const before = faults.length;
    find();
    const found = faults.splice(before);
    if (found.length > 0) throw new ConfigurationError(file, found);
  };
  throwFaults();
  if (configuration === undefined) throw new ConfigurationError(file, faults);
  return {
    ...configuration,
    warnings: faults.toSorted(byPlace),
    placeOf: (path) => `${file}:${lineOf(path)}`,
    examine: () => {
      const count = configuration.examine();
      throwFaults();
      return count;
    },
    checkBeside: (registered) => throwNew(() => configuration.checkBeside(registered)),
    requireIssuer: (started) => throwNew(() => configuration.requireIssuer(started)),
  };
}

const byPlace = (a: Fault, b: Fault): number => a.line - b.line || a.column - b.column;

/** The form of each part, then how the parts fit together: what is wrong with the first hides nothing of the second. */
async function check(
  value: unknown,
  around: Surroundings,
): Promise<Omit<Configuration, 'warnings' | 'placeOf'> | undefined> {
  const parsed = configurationFile.safeParse(value);
  if (parsed.success) {
    const configuration = await resolveConfiguration(parsed.data, around);
    return {
      ...configuration,
      entries: redact(value),
      examine: () => examine(parsed.data, configuration, around.complain),
      requireIssuer: (started) => {
        if (configuration.issuer === started) return;
        around.complain(['issuer'], `the server was started as ${started}: the issuer changes only by a restart`);
      },
    };
  }
  const { issues } = parsed.error;
  for (const issue of issues) complainOf(issue, [], around.complain);
  const rest = configurationFile.safeParse(withoutFaulty(value, issues));
  // What was left out may be what a warning misses.
  const complain: Complain = (...said) => {
    if (said[2] !== 'warning') around.complain(...said);
  };
  if (rest.success) await resolveConfiguration(rest.data, { ...around, complain });
  return undefined;
}

function examine(
  file: ConfigurationFile,
  configuration: Omit<Configuration, 'warnings' | 'placeOf' | 'examine' | 'entries' | 'requireIssuer'>,
  complain: Complain,
): number {
  for (const entry of configuration.saml) {
    const problem = certificateProblem(entry, Date.now());
    const index = file.issuers.findIndex((source) => source.saml === entry.entityId);
    if (problem !== undefined) complain(['issuers', index, 'saml'], problem);
  }
  return runRuleTests(file, configuration, complain);
}

type Node = Record<PropertyKey, unknown> | undefined;

/** Leaves out members of maps alone: elements of lists keep their places, so that paths still lead to their lines. */
function withoutFaulty(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = structuredClone(value);
  const paths = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
  for (const path of paths) {
    const last = path.findLastIndex((key) => typeof key === 'string');
    // Without a whole section every reference to it would seem wrong.
    if (last === -1 || (last === 0 && path.length > 1)) continue;
    const holder = path.slice(0, last).reduce<Node>((node, key) => node?.[key] as Node, copy as Node);
    delete holder?.[path[last] as string];
  }
  return copy;
}

/** A fault as a person would say it. */
function complainOf(issue: z.core.$ZodIssue, prefix: Path, complain: Complain): void {
  const path = [...prefix, ...issue.path] as Path;
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) complain([...path, key], 'unknown key');
  } else if (issue.code === 'invalid_union') {
    // The alternative that came furthest, with the least wrong, is the one that was meant.
    const [closest] = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
    if (closest === undefined || closest.length === 0) complain(path, issue.message);
    for (const one of closest ?? []) complainOf(one, path, complain);
  } else if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    complain(path, 'is missing');
  } else complain(path, issue.message);
}

const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
