// Installs a package of this repository in an empty project, from its tarball, as a user does.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { findOldNode, path, repository, runProgram, temporaryFolder } from './program.ts';

type Test = Pick<TestContext, 'after'>;

/** `npm run release` tries its own tarballs, on each Node. Otherwise a test makes one, and runs it on the oldest Node that there is. */
const { CAMBIO_TARBALL, CAMBIO_NODE } = process.env;

/** The Node that runs programs which use a library. */
export const libraryNode: string = CAMBIO_NODE ?? findOldNode() ?? process.execPath;
/** The Node that runs the installed server. */
export const serverNode: string = CAMBIO_NODE ?? process.execPath;

const BUILDS = {
  server: ['run', 'build', '--'],
  client: ['run', 'build:library', '--', 'client'],
  'resource-server': ['run', 'build:library', '--', 'resource-server'],
} as const;

export interface Installed {
  readonly folder: string;
  /** The names in `node_modules` after the installation. */
  readonly names: readonly string[];
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** @param links packages of the repository that the programs use. Dependencies are packed, so that nothing is downloaded */
export async function installPackage(
  t: Test,
  name: keyof typeof BUILDS,
  {
    dependencies = [],
    links = [],
  }: { readonly dependencies?: readonly string[]; readonly links?: readonly string[] } = {},
): Promise<Installed> {
  const folder = temporaryFolder(t);
  const tarballs = join(temporaryFolder(t), 'tarballs');
  mkdirSync(tarballs);
  const npm = async (cwd: string, ...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await runProgram(t, ['npm', ...args], { cwd, env: { PATH: path } });
    assert.equal(code, 0, stdout + stderr);
  };
  if (CAMBIO_TARBALL === undefined) {
    const built = join(temporaryFolder(t), 'built');
    await npm(repository, ...BUILDS[name], built);
    await npm(built, 'pack', '--pack-destination', tarballs);
  }
  for (const dependency of dependencies)
    await npm(repository, 'pack', `./node_modules/${dependency}`, '--ignore-scripts', '--pack-destination', tarballs);
  const files = [
    ...(CAMBIO_TARBALL === undefined ? [] : [resolve(CAMBIO_TARBALL)]),
    ...readdirSync(tarballs).map((file) => join(tarballs, file)),
  ];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await npm(folder, 'install', '--offline', '--no-audit', '--no-fund', ...files);
  const modules = join(folder, 'node_modules');
  const names = readdirSync(modules).filter((one) => !one.startsWith('.'));
  const manifest = JSON.parse(readFileSync(join(modules, '@cambio', name, 'package.json'), 'utf8'));
  assert.equal(manifest.scripts, undefined, 'an installation runs nothing');
  for (const link of links) {
    mkdirSync(dirname(join(modules, link)), { recursive: true });
    symlinkSync(join(repository, 'node_modules', link), join(modules, link));
  }
  return { folder, names, manifest };
}

/** The programs of a README by heading. */
export function programsOf(page: string): ReadonlyMap<string, string> {
  const sections = readFileSync(join(repository, page), 'utf8').split(/^## /m);
  const programs = sections.flatMap((section) => {
    const program = /^```js\n(.*?)^```$/ms.exec(section)?.[1];
    return program === undefined ? [] : [[section.split('\n')[0] ?? '', program] as const];
  });
  return new Map(programs);
}
