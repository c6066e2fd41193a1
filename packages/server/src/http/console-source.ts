// Reads the files of the built console from the disk. A build in one file replaces this module.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ConsoleSource {
  readonly page: Uint8Array;
  /** The names of the other files. */
  readonly assets: ReadonlySet<string>;
  readonly readAsset: (name: string) => Promise<Uint8Array>;
}

/** Beside the bundle, and in the repository. */
const FOLDERS = ['console', '../../../console/dist'].map((folder) => join(import.meta.dirname, folder));

/** @returns undefined if the console is not built */
export async function openConsoleSource(): Promise<ConsoleSource | undefined> {
  for (const folder of FOLDERS) {
    const page = await readFile(join(folder, 'index.html')).catch(() => undefined);
    if (page === undefined) continue;
    const assets = join(folder, 'assets');
    return { page, assets: new Set(await readdir(assets)), readAsset: (name) => readFile(join(assets, name)) };
  }
  return undefined;
}
