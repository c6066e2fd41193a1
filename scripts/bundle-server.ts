// Bundles the server and its dependencies into few files, which start in half the time of the sources.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildResult, build } from 'esbuild';
import { copyConsole } from './build-console.ts';
import { ROOT } from './manifests.ts';
import { publishedManifest } from './published-manifest.ts';

export const SERVER = join(ROOT, 'packages/server');

/** Dependencies check for these, and work without them. */
export const ABSENT = ['pg-native', 'pg-cloudflare'];
/** What a thread of the database loads: plain JavaScript, found beside the chunk that starts it. */
const THREAD = ['sqlite-thread.mjs', 'sqlite-connection.mjs'];
/** Modules of Node that CommonJS dependencies load. */
export const REQUIRE =
  "import { createRequire as ofNode } from 'node:module'; const require = ofNode(import.meta.url);";

/**
 * Replaces the folder by one with `bin`, `dist`, `package.json` and the README. The console is in `dist`, if it is built.
 * @param version of the release; by default that of the repository
 * @returns also the sources of the console
 */
export async function bundleServer(
  folder: string,
  version?: string,
): Promise<BuildResult<{ metafile: true }> & { readonly consoleSources: readonly string[] }> {
  rmSync(folder, { recursive: true, force: true });
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ['main.ts', 'app.ts', 'draft/draft-thread.ts'].map((file) => join(SERVER, 'src', file)),
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ABSENT,
    banner: { js: REQUIRE },
    legalComments: 'none',
    metafile: true,
  });
  for (const file of THREAD) cpSync(join(SERVER, 'src/store', file), join(folder, 'dist', file));
  cpSync(join(SERVER, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(SERVER, 'README.md'), join(folder, 'README.md'));
  // The dependencies are in the bundle.
  const { dependencies, ...manifest } = publishedManifest('server', version);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { ...result, consoleSources: copyConsole(join(folder, 'dist/console')) };
}
