// Builds and packs each package, tries its tarball on every Node that it names, and writes the documents of the release.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildLibrary } from '../build-library.ts';
import { buildServer } from '../build-server.ts';
import { lockedPackages, ROOT } from '../manifests.ts';
import { findNode, LIBRARY_NODES, runTests, SERVER_NODES } from '../nodes.ts';
import type { PublishedManifest } from '../published-manifest.ts';
import { documentOf } from '../sbom.ts';
import { faultsOfTarball, type Package } from './contents.ts';
import type { Wish } from './ready.ts';

const PACKAGES: Readonly<Record<Package, { readonly nodes: readonly string[]; readonly test: string }>> = {
  server: { nodes: SERVER_NODES, test: 'packages/server/test/bin/package.test.ts' },
  client: { nodes: LIBRARY_NODES, test: 'packages/client/test/package.test.ts' },
  'resource-server': { nodes: LIBRARY_NODES, test: 'packages/resource-server/test/package.test.ts' },
};

/** Replaces the folder. @returns whether everything passed */
export async function makeRelease({ version, folder, isDry }: Wish, notes: string): Promise<boolean> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let failed = 0;
  for (const name of Object.keys(PACKAGES) as Package[]) {
    const tarball = await pack(name, version, folder);
    const faults = faultsOfTarball(tarball, name, version);
    for (const fault of faults) console.log(`${relative(folder, tarball)}: ${fault}`);
    failed += faults.length + tryOnNodes(name, tarball, isDry);
  }
  writeFileSync(join(folder, 'release-notes.md'), `${withLinks(notes, version)}\n`);
  const files = readdirSync(folder).sort();
  writeFileSync(join(folder, 'SHA256SUMS'), files.map((file) => `${digest(join(folder, file))}  ${file}\n`).join(''));
  console.log(
    failed === 0
      ? `${relative(process.cwd(), folder)} has the release ${version}: ${files.join(', ')}, SHA256SUMS`
      : `release: ${failed} checks failed. Mend what the lines above name, and try again`,
  );
  return failed === 0;
}

/** @returns the tarball. Its bill of materials is beside it */
async function pack(name: Package, version: string, folder: string): Promise<string> {
  const built = join(ROOT, 'dist', name);
  const parts = new Set<string>();
  if (name === 'server') {
    const { packages } = await buildServer(built, version);
    for (const part of packages) parts.add(`${part.name}@${part.version}`);
  } else {
    buildLibrary(name, built, version);
  }
  execFileSync('npm', ['pack', built, '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const manifest: PublishedManifest = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(manifest.dependencies ?? {})) parts.add(lockedRef(dependency));
  const base = join(folder, `cambio-${name}-${version}`);
  writeFileSync(`${base}.cdx.json`, `${JSON.stringify(documentOf(manifest, parts), null, 2)}\n`);
  return `${base}.tgz`;
}

/** The dependencies of the libraries have none of their own. */
function lockedRef(name: string): string {
  const locked = lockedPackages().find((one) => one.name === name);
  return `${name}@${locked?.version}`;
}

/** Installs the tarball in empty projects, and runs its README there. @returns on how many it failed */
function tryOnNodes(name: Package, tarball: string, isDry: boolean): number {
  const { nodes, test } = PACKAGES[name];
  let failed = 0;
  for (const version of nodes) {
    const node = findNode(version);
    const env = { CAMBIO_TARBALL: tarball, ...(node === undefined ? {} : { CAMBIO_NODE: node }) };
    const { passed, summary } =
      node === undefined
        ? { passed: isDry, summary: 'not tried: this machine cannot get it' }
        : runTests([test], { env });
    console.log(`@cambio/${name} on Node ${version}: ${summary}`);
    if (!passed) failed++;
  }
  return failed;
}

/** Links to files of the repository lead to it, as far as GitHub says where it is. */
function withLinks(notes: string, version: string): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server === undefined || repository === undefined) return notes;
  return notes.replaceAll(/\]\((?![a-z]+:|#)/g, `](${server}/${repository}/blob/v${version}/`);
}

const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
