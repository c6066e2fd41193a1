// Builds the package that people install: the server and its dependencies in few files, so that it starts fast and runs what was
// tested. licences.txt names its content. npm run build [-- FOLDER]
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { buildConsole } from './build-console.ts';
import { bundleServer, SERVER } from './bundle-server.ts';
import { ROOT } from './manifests.ts';

/** A package that some files of the bundle come from. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly folder: string;
}

interface Built {
  readonly packages: readonly Bundled[];
  readonly metafile: Metafile;
}

/** Replaces the folder by one that `npm publish` accepts as it is. */
export async function buildServer(folder: string, version?: string): Promise<Built> {
  const built = await bundlePackage(folder, version);
  const types = ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')];
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), types, { cwd: SERVER, stdio: 'inherit' });
  return built;
}

/** The same without the types, which only programs need that import the package. */
export async function bundlePackage(folder: string, version?: string): Promise<Built> {
  await buildConsole('stale');
  const { metafile, consoleSources } = await bundleServer(folder, version);
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const packages = packagesOf([...Object.keys(metafile.inputs), ...consoleSources]);
  writeFileSync(join(folder, 'licences.txt'), licencesOf(packages));
  return { packages, metafile };
}

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

function packagesOf(files: readonly string[]): readonly Bundled[] {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...folders].sort().map((path) => {
    const folder = join(ROOT, path);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { name, version, license, folder };
  });
}

/** Name, version and licence of each package. */
function licencesOf(packages: readonly Bundled[]): string {
  const texts = packages.map(({ name, version, license, folder }) => {
    const own = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
    const text = own.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return texts.join(`\n${'='.repeat(80)}\n\n`);
}

if (import.meta.main) {
  const { metafile } = await buildServer(resolve(process.argv[2] ?? join(ROOT, 'dist/server')));
  console.log(weightsOf(metafile));
}
