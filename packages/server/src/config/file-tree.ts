// The files and folders in which `include` finds files: those of the disk, or those of a draft.
import { readdirSync, realpathSync, statSync } from 'node:fs';

export interface FileTree {
  /** @returns the names in the folder; none if it is not a folder */
  readonly namesIn: (folder: string) => readonly string[];
  readonly isFolder: (path: string) => boolean;
  /** @throws Error if there is no such file */
  readonly realPathOf: (path: string) => string;
  /** @param path as `realPathOf` returns it @throws Error if there is no such file */
  readonly statsOf: (path: string) => { readonly isFile: boolean; readonly size: number };
}

export const diskTree: FileTree = {
  namesIn: (folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  realPathOf: (path) => realpathSync(path),
  statsOf: (path) => {
    const stats = statSync(path);
    return { isFile: stats.isFile(), size: stats.size };
  },
};
