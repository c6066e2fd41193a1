// The paths of the pages, from the folders of their sources.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../src/pages');

export const pagesOfConsole: readonly string[] = globSync('*/page.ts', { cwd: FOLDER })
  .map((file) => /path: '([^']+)'/.exec(readFileSync(join(FOLDER, file), 'utf8'))?.[1] ?? file)
  .sort();
