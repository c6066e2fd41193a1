// Records everything that a configuration was read from, so that a change of any of it is noticed.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sha256 } from '../primitives/secret.ts';

/** What one reading read. A reading that fails has inputs too: a change of them may mend it. */
export interface Inputs {
  /** Reads a file, and notes its content. @throws Error if it cannot be read */
  readonly read: (file: string) => Buffer;
  /** Lists the files that a pattern matches. A list that differs later is a change. */
  readonly list: (find: () => Matches) => readonly string[];
  /** Is anything different now from what was read? */
  readonly haveChanged: () => boolean;
  /** The folders to watch. */
  readonly folders: () => ReadonlySet<string>;
}

/** The files that a pattern matches, and the folders in which another file would match. */
export interface Matches {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** @param main a file that does not count as changed while it is absent, as between two steps of an editor */
export function createInputs(main: string): Inputs {
  const mainFile = resolve(main);
  /** The digest of each file; undefined: it cannot be read. */
  const digests = new Map<string, string | undefined>();
  const lists: { readonly find: () => Matches; readonly before: Matches }[] = [];
  return {
    read: (file) => {
      const path = resolve(file);
      const note = (digest: string | undefined): void => {
        // What is in force is what was read first.
        if (!digests.has(path)) digests.set(path, digest);
      };
      try {
        const bytes = readFileSync(path);
        note(sha256(bytes));
        return bytes;
      } catch (error) {
        note(undefined);
        throw error;
      }
    },
    list: (find) => {
      const before = find();
      lists.push({ find, before });
      return before.files;
    },
    haveChanged: () =>
      [...digests].some(([path, before]) => {
        const now = digestNow(path);
        return now !== before && !(now === undefined && path === mainFile);
      }) || lists.some(({ find, before }) => find().files.join('\0') !== before.files.join('\0')),
    folders: () => new Set([...[...digests.keys()].map(dirname), ...lists.flatMap(({ before }) => before.folders)]),
  };
}

function digestNow(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
}
