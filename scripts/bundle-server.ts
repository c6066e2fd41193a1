// Bundles the server and its dependencies into few files, which start in half the time of the sources.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildResult, build } from 'esbuild';
import { ROOT } from './manifests.ts';

export const SERVER = join(ROOT, 'packages/server');

/** Dependencies check for these, and work without them. */
const ABSENT = ['pg-native', 'pg-cloudflare'];
/** What a thread of the database loads: plain JavaScript, found beside the chunk that starts it. */
const THREAD = ['sqlite-thread.mjs', 'sqlite-connection.mjs'];
/** Modules of Node that CommonJS dependencies load. */
const REQUIRE = "import { createRequire as ofNode } from 'node:module'; const require = ofNode(import.meta.url);";

/** Replaces the folder by one with `bin`, `dist` and `package.json`. */
export async function bundleServer(folder: string): Promise<BuildResult<{ metafile: true }>> {
  rmSync(folder, { recursive: true, force: true });
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(SERVER, 'src/main.ts'), join(SERVER, 'src/app.ts')],
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
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  return result;
}

/** The manifest without the parts that only the repository needs. */
function manifest(): Readonly<Record<string, unknown>> {
  const { scripts, dependencies, devDependencies, exports, ...kept } = JSON.parse(
    readFileSync(join(SERVER, 'package.json'), 'utf8'),
  );
  const { source, ...entry } = exports['.'];
  return { ...kept, exports: { '.': entry } };
}
