// Checks what a tarball contains: the files of its list and nothing else, without a trace of the machine that made it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../manifests.ts';
import type { PublishedManifest } from '../published-manifest.ts';

const COMMON = ['LICENSE', 'README.md', 'package.json'];
const REQUIRED = {
  server: [
    ...COMMON,
    'licences.txt',
    'bin/cambio.mjs',
    'dist/main.js',
    'dist/app.js',
    'dist/app.d.ts',
    'dist/sqlite-thread.mjs',
  ],
  client: COMMON,
  'resource-server': COMMON,
} as const;
const COMPILED = /^(?!.*[/.]test[/.])dist\/[\w./-]+\.(?:js|d\.m?ts)$/;
const OTHERS = {
  server: /^dist\/(?:[\w-]+\.mjs|console\/[\w./-]+(?<!\.map))$/,
  client: /^(?!)/,
  'resource-server': /^(?!)/,
} as const;
/** npm runs these where a package is installed. */
const PARTS_OF_REPOSITORY = ['private', 'scripts', 'devDependencies'];

export type Package = keyof typeof REQUIRED;

/** @returns what is wrong with the tarball, one line each */
export function faultsOfTarball(file: string, name: Package, version: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-release-'));
  try {
    execFileSync('tar', ['-xzf', file, '-C', folder]);
    return faultsOf(join(folder, 'package'), name, version);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param folder the unpacked tarball */
export function faultsOf(folder: string, name: Package, version: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  const required = REQUIRED[name] as readonly string[];
  const isListed = (file: string): boolean => required.includes(file) || COMPILED.test(file) || OTHERS[name].test(file);
  const manifest: PublishedManifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const said = [`@cambio/${name}`, version, 'Apache-2.0'].join(' ');
  const says = [manifest.name, manifest.version, manifest.license].join(' ');
  return [
    ...required.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => !isListed(file)).map((file) => `${file} does not belong in it`),
    ...(says === said ? [] : [`package.json says ${says}, not ${said}`]),
    ...PARTS_OF_REPOSITORY.filter((key) => key in manifest).map((key) => `package.json has ${key}`),
    ...targetsOf([manifest.exports, manifest.imports, manifest.bin])
      .filter((target) => !existsSync(join(folder, target)))
      .map((target) => `package.json names ${target}, which is missing`),
    ...files.flatMap((file) => traces(file, readFileSync(join(folder, file), 'utf8'))),
  ];
}

const targetsOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(targetsOf) : [];
};

function traces(file: string, text: string): readonly string[] {
  const place = [ROOT, `${homedir()}/`].find((one) => one.length > 1 && text.includes(one));
  return [
    ...(place === undefined ? [] : [`${file} names ${place}, a place of this machine`]),
    ...(/^\/\/# sourceMappingURL/m.test(text) ? [`${file} names a source map`] : []),
  ];
}
