// The files of the image, in two layers: Node with its libraries, and Cambio.
import { globSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ROOT } from '../manifests.ts';
import { type Distribution, takeFrom } from './distribution.ts';
import type { Entry } from './tar.ts';

/** The user that the server runs as. The chart and earlier images have the same. */
export const USER_ID = 1000;

export interface Root {
  readonly distribution: Distribution;
  /** Node, as the lock file brings it. */
  readonly node: { readonly name: string; readonly version: string };
  readonly layers: readonly Layer[];
}

export interface Layer {
  readonly what: string;
  readonly entries: readonly Entry[];
}

/** @param bundle writes the built package, and returns its folder @throws Error that says what is missing, before it builds anything */
export async function makeRoot(bundle: () => Promise<string>): Promise<Root> {
  const name = `node-linux-${process.arch}`;
  const manifest = findNode(name);
  const folder = dirname(manifest);
  const distribution = takeFrom(join(folder, 'bin/node'));
  const base: readonly Entry[] = [
    ...distribution.entries,
    { path: 'usr/bin/node', mode: 0o755, content: readFileSync(join(folder, 'bin/node')) },
    { path: 'usr/share/doc/node/copyright', content: readFileSync(join(folder, 'LICENSE')) },
    // Programs and libraries are below /usr, as the distribution has them.
    ...['bin', 'lib', 'lib64'].map((path) => ({ path, target: `usr/${path}` })),
    {
      path: 'etc/passwd',
      content: `root:x:0:0:root:/:/nologin\ncambio:x:${USER_ID}:${USER_ID}:Cambio:/data:/nologin\n`,
    },
    { path: 'etc/group', content: `root:x:0:\ncambio:x:${USER_ID}:\n` },
    { path: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
    ...['dev', 'proc', 'sys', 'usr/lib64'].map((path) => ({ path, folder: true as const })),
    { path: 'tmp', folder: true, mode: 0o1777 },
  ];
  const built = await bundle();
  const own: readonly Entry[] = [
    ...filesBelow(built).map((file) => ({ path: `cambio/${file}`, content: readFileSync(join(built, file)) })),
    // For `docker run`, `docker exec` and health checks: the image has no shell.
    {
      path: 'usr/bin/cambio',
      mode: 0o755,
      content: "#!/usr/bin/node --disable-sigusr1\nimport('/cambio/bin/cambio.mjs');\n",
    },
    { path: 'etc/cambio/cambio.yaml', content: readFileSync(join(ROOT, 'deploy/cambio.yaml')) },
    // Of an SQLite database. Nothing else is written, so the rest can be read-only.
    { path: 'data', folder: true, mode: 0o700, owner: USER_ID },
  ];
  return {
    distribution,
    node: JSON.parse(readFileSync(manifest, 'utf8')),
    layers: [
      { what: 'Node and its libraries', entries: base },
      { what: 'Cambio', entries: own },
    ],
  };
}

function findNode(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch {
    throw new Error(
      `there is no package ${name} here. Run npm ci first, on Linux, or build in a container: docker build --file deploy/docker/Dockerfile .`,
    );
  }
}

const filesBelow = (folder: string): readonly string[] =>
  globSync('**/*', { cwd: folder }).filter((file) => statSync(join(folder, file)).isFile());
