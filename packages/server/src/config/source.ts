// Reads the files, secrets and environment variables that a configuration file names.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { isLoopback } from '../primitives/network.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import type { Complain, Path } from './fault.ts';
import { isListed, mayRead } from './include.ts';
import type { Inputs } from './inputs.ts';
import { foreignVariable, type Origin } from './origin.ts';
import type { SecretSource } from './schema-values.ts';
import type { Unsure } from './unsure.ts';

/** The files that entries name. A change of one has the configuration read again. */
export interface NamedFiles extends Pick<Inputs, 'secrets'> {
  /** @param path of the entry @throws Error if the file cannot be read */
  readonly read: (file: string, path: Path) => Buffer;
  /** Would the file replace another content that is in force? */
  readonly isRenewed: (file: string) => boolean;
  /** Has the configuration read again at this time, in milliseconds since 1970. */
  readonly recheckAt: (time: number) => void;
}

export interface Surroundings {
  /** The folder of the main file. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly inputs: NamedFiles;
  readonly complain: Complain;
  /** Where an entry stands. Paths in a file are relative to its own folder. */
  readonly originOf: (path: Path) => Origin;
  /** The file and the line of an entry. */
  readonly placeOf: (path: Path) => string;
  readonly unsure: Unsure;
}

/** @param host of the server: a plain secret is for loopback only @returns undefined if the secret cannot be read */
export function readSecret(source: SecretSource, path: Path, host: string, around: Surroundings): string | undefined {
  const { environment, complain } = around;
  const { limits } = around.originOf(path);
  if ('plain' in source) {
    if (!isLoopback(host))
      complain(path, 'a plain secret is for a server on loopback only. Write { file: PATH } or { env: NAME }.');
    return source.plain;
  }
  if (around.inputs.secrets === 'none') return undefined;
  if ('env' in source) {
    if (limits !== undefined && !matchesAny(limits.variables, source.env)) {
      complain(path, foreignVariable(source.env));
      return undefined;
    }
    const value = environment[source.env];
    if (!value) complain(path, `the environment variable ${source.env} is not set. Set it where cambio is started.`);
    return value || undefined;
  }
  const bytes = readFileAt(source.file, path, around);
  if (bytes === undefined) return undefined;
  const text = decodeUtf8(bytes)?.trim();
  if (text === undefined) complain(path, `${source.file} is not text in UTF-8. Save the file in that encoding.`);
  if (text === '') complain(path, `${source.file} is empty. Write the secret into it.`);
  return text || undefined;
}

/** @returns where another entry stands, if that is in another file than the entry at the path */
export function elsewhere(
  path: Path,
  other: Path,
  { originOf, placeOf }: Pick<Surroundings, 'originOf' | 'placeOf'>,
): string {
  return originOf(path).file === originOf(other).file ? '' : ` (${placeOf(other)})`;
}

/** Reads a file that the configuration names. @returns undefined after reporting that it cannot be read */
export function readFileAt(name: string, path: Path, around: Surroundings): Buffer | undefined {
  const file = findFile(name, path, around);
  if (file === undefined) return undefined;
  try {
    return around.inputs.read(file, path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    around.complain(
      path,
      `cannot read ${file}: ${describeFailure(error)}.${isMissing ? ' A path is relative to the configuration file.' : ''}`,
    );
    return undefined;
  }
}

/** @returns the path of a file that an entry names; undefined in a draft, or after reporting that its own file may not read it */
export function findFile(
  name: string,
  path: Path,
  { folder, originOf, complain, inputs }: Surroundings,
): string | undefined {
  if (inputs.secrets === 'none') return undefined;
  const origin = originOf(path);
  const file = resolve(origin.folder, name);
  if (origin.limits === undefined || mayRead(file, origin.limits, folder)) return file;
  if (isListed(file, origin.limits, folder) && !existsSync(file)) {
    complain(path, `cannot read ${file}: there is no such file, and only a file that exists can be read with limits.`);
    return undefined;
  }
  complain(
    path,
    `this file may not read ${file}. Add it to files of its entry of include, in the main file, if it is a file there.`,
  );
  return undefined;
}
