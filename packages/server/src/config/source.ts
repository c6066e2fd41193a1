// What lies around a configuration file: the folder, the environment, the secrets that it points at.
import { resolve } from 'node:path';
import { isLoopback } from '../primitives/network.ts';
import { readTextFile } from '../primitives/utf8.ts';
import type { Complain, Path } from './fault.ts';
import type { SecretSource } from './schema-values.ts';

export interface Surroundings {
  /** What paths in the file are relative to. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly complain: Complain;
}

/** @param host of the server: a plain secret is for loopback only */
export function readSecret(
  source: SecretSource,
  path: Path,
  host: string,
  { folder, environment, complain }: Surroundings,
): string {
  if ('plain' in source) {
    if (!isLoopback(host))
      complain(path, 'a plain secret is for a server on loopback only: use { env: NAME } or { file: PATH }');
    return source.plain;
  }
  if ('env' in source) {
    const value = environment[source.env];
    if (!value) complain(path, `the environment variable ${source.env} is not set`);
    return value ?? '';
  }
  try {
    const text = readTextFile(resolve(folder, source.file)).trim();
    if (text === '') complain(path, `${source.file} is empty`);
    return text;
  } catch (error) {
    complain(
      path,
      `${source.file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it is not text in UTF-8'}`,
    );
    return '';
  }
}
