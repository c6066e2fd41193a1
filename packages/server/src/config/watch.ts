// Watches the configuration file, and reads it at SIGHUP and when its text changes: written, replaced, or by a changed symbolic link,
// as in Kubernetes.
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createRepeatable } from '../primitives/serial.ts';

/** Time without changes before the file is read: editors write in several steps. */
const QUIET_MS = 200;
/** Time between two reads, in case the file system reports nothing. */
const READ_MS = 5000;

/**
 * @param seen the bytes that were read last
 * @param take called with changed bytes, and at SIGHUP also with the same ones; one call at a time. Called again later if it rejects
 */
export function watchFile(
  file: string,
  seen: Uint8Array,
  take: (bytes: Uint8Array) => Promise<void>,
): { readonly stop: () => void } {
  let taken = seen;
  let isForced = false;
  const look = createRepeatable(async () => {
    const bytes = read(file);
    if (bytes === undefined || (bytes.equals(taken) && !isForced)) return;
    const before = taken;
    [taken, isForced] = [bytes, false];
    try {
      await take(bytes);
    } catch (error) {
      [taken, isForced] = [before, true];
      throw error;
    }
  });
  const lookNow = (): void => void look().catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const folder = watchFolder(file, () => {
    clearTimeout(timer);
    timer = setTimeout(lookNow, QUIET_MS).unref();
  });
  const hangUp = (): void => {
    isForced = true;
    lookNow();
  };
  const looking = setInterval(lookNow, READ_MS).unref();
  process.on('SIGHUP', hangUp);
  lookNow();
  return {
    stop: () => {
      folder?.close();
      clearTimeout(timer);
      clearInterval(looking);
      process.off('SIGHUP', hangUp);
    },
  };
}

/** Watches the folder, because a file that is renamed into place is another file. @returns undefined if the system cannot watch */
function watchFolder(file: string, changed: () => void): FSWatcher | undefined {
  try {
    const folder = watch(dirname(resolve(file)), changed).unref();
    return folder.on('error', () => undefined);
  } catch {
    return undefined;
  }
}

/** @returns undefined if the file cannot be read now */
function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
