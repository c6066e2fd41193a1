// Watches what the configuration was read from, and has it read again at SIGHUP and when any of it changes: written, replaced, added,
// removed, or by a changed symbolic link, as in Kubernetes.
import { type FSWatcher, watch } from 'node:fs';
import { createRepeatable } from '../primitives/serial.ts';
import type { Inputs } from './inputs.ts';

/** Time without changes before the files are read: editors write in several steps. */
const QUIET_MS = 200;
/** Time from a change until the files are read, although others follow: a database in the same folder changes all the time. */
const MAX_DELAY_MS = 1000;
/** Time between two comparisons, in case the file system reports nothing. */
const COMPARE_MS = 5000;

/** @param cause `signal`: nothing has changed, and SIGHUP asks for another reading */
export type Take = (inputs: Inputs, cause: 'file' | 'signal') => Promise<void>;

/**
 * @param first what the reading in force was read from
 * @param begin returns empty inputs for the next reading
 * @param take reads everything again after a change, and at SIGHUP. One call at a time. If it rejects, it is called again later
 */
export function watchInputs(
  first: Inputs,
  { begin, take }: { readonly begin: () => Inputs; readonly take: Take },
): { readonly stop: () => void } {
  let inputs = first;
  let isForced = false;
  let timer: NodeJS.Timeout | undefined;
  const look = createRepeatable(async () => {
    const haveChanged = inputs.haveChanged();
    if (!isForced && !haveChanged) return;
    isForced = false;
    inputs = begin();
    try {
      await take(inputs, haveChanged ? 'file' : 'signal');
    } catch (error) {
      isForced = true;
      throw error;
    } finally {
      folders.watch(inputs.folders());
    }
  });
  const lookNow = (): void => void look().catch(() => undefined);
  let firstChange = 0;
  let lastChange = 0;
  const lookWhenQuiet = (): void => {
    const restMs = Math.min(lastChange + QUIET_MS, firstChange + MAX_DELAY_MS) - performance.now();
    timer = restMs > 0 ? setTimeout(lookWhenQuiet, restMs).unref() : undefined;
    if (timer === undefined) lookNow();
  };
  // A change starts no timer while one runs: a database in the same folder reports each of its writes.
  const folders = createFolderWatcher(() => {
    lastChange = performance.now();
    if (timer !== undefined) return;
    firstChange = lastChange;
    lookWhenQuiet();
  });
  folders.watch(first.folders());
  const hangUp = (): void => {
    isForced = true;
    lookNow();
  };
  const looking = setInterval(lookNow, COMPARE_MS).unref();
  process.on('SIGHUP', hangUp);
  lookNow();
  return {
    stop: () => {
      folders.watch(new Set());
      clearTimeout(timer);
      clearInterval(looking);
      process.off('SIGHUP', hangUp);
    },
  };
}

/** Watches folders, because a file that is renamed into place is another file. A folder that cannot be watched is left out. */
function createFolderWatcher(changed: () => void): { readonly watch: (folders: ReadonlySet<string>) => void } {
  const watchers = new Map<string, FSWatcher>();
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  return {
    watch: (folders) => {
      for (const folder of watchers.keys()) if (!folders.has(folder)) drop(folder);
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        try {
          const watcher = watch(folder, changed).unref();
          watchers.set(
            folder,
            // A folder that was replaced is watched anew after the next reading.
            watcher.on('error', () => drop(folder)),
          );
        } catch {
          // The comparison every few seconds notices its changes.
        }
      }
    },
  };
}
