// When should the file be read again? At SIGHUP, and when its text changes, be it written, replaced, or reached by a
// symbolic link that now leads elsewhere, as Kubernetes does it.
import { readFileSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sha256 } from '../primitives/secret.ts';

/** Milliseconds of quiet after a change: editors write in several steps. */
const QUIET = 200;
/** Milliseconds between looks, where the file system tells nothing. */
const LOOK = 5000;

export function watchFile(file: string, changed: () => void): { readonly stop: () => void } {
  let seen = digestOf(file);
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const now = digestOf(file);
    if (now === undefined || now === seen) return;
    seen = now;
    changed();
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, QUIET).unref();
  };
  const hangUp = (): void => {
    seen = digestOf(file);
    changed();
  };
  // The folder, not the file: what is renamed into its place is another file.
  const folder = watch(dirname(resolve(file)), soon).unref();
  folder.on('error', () => undefined);
  const looking = setInterval(look, LOOK).unref();
  process.on('SIGHUP', hangUp);
  return {
    stop: () => {
      folder.close();
      clearTimeout(timer);
      clearInterval(looking);
      process.off('SIGHUP', hangUp);
    },
  };
}

/** @returns undefined where the file cannot be read just now */
export function digestOf(file: string): string | undefined {
  try {
    return sha256(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
