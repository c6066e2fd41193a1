// Opens the sealing key: from the configuration, or from a file that the first start creates beside an embedded database.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { readTextFile } from '../primitives/utf8.ts';
import type { Access } from '../store/store.ts';
import { createSealer, SEALING_KEY_BYTES, type Sealer } from './sealing.ts';

export type SealingKeySource =
  | { readonly keys: readonly [Buffer, ...Buffer[]] }
  | { readonly file: string }
  /** For a database in memory, which ends with the process. */
  | 'ephemeral';

/** @throws Error if the file cannot be read or created, or does not hold a key */
export function openSealer(source: SealingKeySource, access: Access): Sealer {
  if (source === 'ephemeral') return createSealer([randomBytes(SEALING_KEY_BYTES)]);
  if ('keys' in source) return createSealer(source.keys);
  if (access === 'write') createKeyFile(source.file);
  const key = parseSealingKey(readKeyFile(source.file));
  if (key === undefined)
    throw new Error(
      `the sealing key ${source.file} is not ${SEALING_KEY_BYTES} bytes in base64. Restore it from the backup of the database`,
    );
  return createSealer([key]);
}

function readKeyFile(file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    throw new Error(`cannot read the sealing key ${file}: ${describeFailure(error)}`, { cause: error });
  }
}

export function parseSealingKey(text: string): Buffer | undefined {
  const key = Buffer.from(text.trim(), 'base64');
  return key.length === SEALING_KEY_BYTES ? key : undefined;
}

/** Does nothing if the file exists. Of two processes that start at once, one creates it. */
function createKeyFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(SEALING_KEY_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
