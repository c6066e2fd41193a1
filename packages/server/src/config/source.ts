// Reads the files, secrets and environment variables that a configuration file names.
import { resolve } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { isLoopback } from '../primitives/network.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import type { Complain, Path } from './fault.ts';
import type { SecretSource } from './schema-values.ts';
import type { Unsure } from './unsure.ts';

/** The files that entries name. A change of one has the configuration read again. */
export interface NamedFiles {
  /** @param path of the entry @throws Error if the file cannot be read */
  readonly read: (file: string, path: Path) => Buffer;
  /** Would the file replace another content that is in force? */
  readonly isRenewed: (file: string) => boolean;
  /** Has the configuration read again at this time, in milliseconds since 1970. */
  readonly recheckAt: (time: number) => void;
}

export interface Surroundings {
  /** Paths in the file are relative to it. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly inputs: NamedFiles;
  readonly complain: Complain;
  readonly unsure: Unsure;
}

/** @param host of the server: a plain secret is for loopback only @returns undefined if the secret cannot be read */
export function readSecret(source: SecretSource, path: Path, host: string, around: Surroundings): string | undefined {
  const { environment, complain } = around;
  if ('plain' in source) {
    if (!isLoopback(host))
      complain(path, 'a plain secret is for a server on loopback only. Write { file: PATH } or { env: NAME }.');
    return source.plain;
  }
  if ('env' in source) {
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

/** Reads a file that the configuration names. @returns undefined after reporting that it cannot be read */
export function readFileAt(name: string, path: Path, { folder, inputs, complain }: Surroundings): Buffer | undefined {
  const file = resolve(folder, name);
  try {
    return inputs.read(file, path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    complain(
      path,
      `cannot read ${file}: ${describeFailure(error)}.${isMissing ? ' A path is relative to the configuration file.' : ''}`,
    );
    return undefined;
  }
}
