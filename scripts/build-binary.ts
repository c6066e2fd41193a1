// Builds one file that runs without Node: the server, the command line and Node itself, for this kind of machine. npm run build:binary [-- FILE]
import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { buildConsole, copyConsole } from './build-console.ts';
import { ABSENT, REQUIRE, SERVER } from './bundle-server.ts';
import { ROOT } from './manifests.ts';
import { publishedManifest } from './published-manifest.ts';

const STORE = join(SERVER, 'src/store');

const DRAFT_THREAD = 'draft-thread.mjs';
/** A program that is a text has no path to load modules of Node from. */
const REQUIRE_IN_TEXT = REQUIRE.replace('import.meta.url', 'process.execPath');

/** A module that reads a file beside it, and what is in its place: a single file has nothing beside it. */
const replacements: Readonly<Record<string, () => Promise<string>>> = {
  [join(SERVER, 'src/primitives/version.ts')]: async () =>
    `export const version = ${JSON.stringify(publishedManifest('server').version)};`,
  [join(STORE, 'sqlite-thread-location.ts')]: async () => {
    const thread = await bundled(join(STORE, 'sqlite-thread.mjs'), []);
    return `export const sqliteThread = new URL(${JSON.stringify(`data:text/javascript;base64,${Buffer.from(thread).toString('base64')}`)});`;
  },
  [join(SERVER, 'src/draft/draft-thread-location.ts')]: async () => `import { getRawAsset } from 'node:sea';
export const draftThread = () =>
  new URL('data:text/javascript;base64,' + Buffer.from(getRawAsset('${DRAFT_THREAD}')).toString('base64'));`,
  [join(SERVER, 'src/http/console-source.ts')]: async () => CONSOLE_SOURCE,
};

/** Assets of the executable. A copy of each is read, because their memory cannot be written. */
const CONSOLE_SOURCE = `import { getAsset, getAssetKeys } from 'node:sea';
const read = (name) => new Uint8Array(getAsset(name));
export async function openConsoleSource() {
  const names = getAssetKeys().filter((name) => name.startsWith('assets/'));
  if (names.length === 0) return undefined;
  return {
    page: read('index.html'),
    assets: new Set(names.map((name) => name.slice('assets/'.length))),
    readAsset: async (name) => read('assets/' + name),
  };
}`;

const inOneFile: Plugin = {
  name: 'in one file',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/packages\/server\/src\/.*\.ts$/ }, async ({ path }) => {
      const contents = await replacements[path]?.();
      return contents === undefined ? undefined : { contents, loader: 'ts' };
    });
  },
};

async function bundled(entry: string, plugins: readonly Plugin[], banner = ''): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    external: ABSENT,
    banner: { js: banner },
    legalComments: 'none',
    plugins: [...plugins],
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${entry}: no output`);
  return file.contents;
}

/** Writes the program. The Node that runs this is in it. */
export async function buildBinary(file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-binary-'));
  try {
    const main = join(folder, 'cambio.mjs');
    writeFileSync(main, await bundled(join(import.meta.dirname, 'binary-main.ts'), [inOneFile], REQUIRE));
    await buildConsole('stale');
    const thread = join(folder, DRAFT_THREAD);
    writeFileSync(thread, await bundled(join(SERVER, 'src/draft/draft-thread.ts'), [inOneFile], REQUIRE_IN_TEXT));
    const built = join(folder, 'console');
    copyConsole(built);
    const configuration = {
      main,
      mainFormat: 'module',
      output: file,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      assets: {
        [DRAFT_THREAD]: thread,
        ...Object.fromEntries(
          globSync('{index.html,assets/*}', { cwd: built }).map((name) => [name, join(built, name)]),
        ),
      },
      // As in bin/cambio.mjs.
      execArgv: ['--disable-sigusr1', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'],
    };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(configuration));
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    execFileSync(process.execPath, ['--build-sea', join(folder, 'sea.json')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    chmodSync(file, 0o755);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const file = resolve(process.argv[2] ?? join(ROOT, 'dist/cambio'));
  await buildBinary(file);
  console.log(
    `${relative(process.cwd(), file)}: ${Math.ceil(statSync(file).size / 2 ** 20)} MiB, with Node ${process.version}`,
  );
}
