// Builds the package that people install: the server and its dependencies in few files, so that it starts fast and runs what was
// tested. licences.txt names its content. npm run build [-- FOLDER]
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundleServer, SERVER } from './bundle-server.ts';
import { ROOT } from './manifests.ts';

const BUILT = resolve(process.argv[2] ?? join(ROOT, 'dist/server'));

const { metafile } = await bundleServer(BUILT);
execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', join(BUILT, 'dist')], { cwd: SERVER, stdio: 'inherit' });
cpSync(join(ROOT, 'LICENSE'), join(BUILT, 'LICENSE'));
writeFileSync(join(BUILT, 'licences.txt'), licencesOf(Object.keys(metafile.inputs)));
console.log(weightsOf(metafile));

/** KiB of the built package by origin, the largest first. Our own code is `cambio`. */
function weightsOf({ outputs }: Metafile): string {
  const weights = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1] ?? 'cambio';
      weights.set(name, (weights.get(name) ?? 0) + bytesInOutput);
    }
  }
  const lines = [...weights]
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `${Math.ceil(bytes / 1024)} KiB ${name}`);
  return lines.join('\n');
}

/** Name, version and licence of each package that some of the files come from. */
function licencesOf(files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const texts = [...folders]
    .sort()
    .map((name) => join(ROOT, name))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const own = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
      const text = own.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
  return texts.join(`\n${'='.repeat(80)}\n\n`);
}
