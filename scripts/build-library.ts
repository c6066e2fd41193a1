// Builds the package of a library that people install: compiled, with types. npm run build:library -- client [FOLDER]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './manifests.ts';
import { publishedManifest } from './published-manifest.ts';

export const LIBRARIES = ['client', 'resource-server'] as const;
export type Library = (typeof LIBRARIES)[number];

const TSC = join(ROOT, 'node_modules/.bin/tsc');

/** Replaces the folder by one that `npm publish` accepts as it is. */
export function buildLibrary(name: Library, folder: string, version?: string): void {
  const library = join(ROOT, 'packages', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compiled = ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')];
  execFileSync(TSC, compiled, { cwd: library, stdio: 'inherit' });
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(library, 'README.md'), join(folder, 'README.md'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(name, version), null, 2)}\n`);
}

if (import.meta.main) {
  const [typed, folder] = process.argv.slice(2);
  const name = LIBRARIES.find((one) => one === typed);
  if (name === undefined) {
    console.error(
      `build:library needs the name of a library: ${LIBRARIES.join(' or ')}, and then a folder if you like`,
    );
    process.exitCode = 2;
  } else {
    buildLibrary(name, resolve(folder ?? join(ROOT, 'dist', name)));
  }
}
