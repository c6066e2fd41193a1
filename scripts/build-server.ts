// Builds the package that people install: the server and its dependencies in few files, so that it starts fast and runs what was
// tested. licences.txt names its content. npm run build [-- FOLDER]
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { ROOT } from './manifests.ts';

const SERVER = join(ROOT, 'packages/server');
const BUILT = resolve(process.argv[2] ?? join(ROOT, 'dist/server'));

/** Dependencies check for these, and work without them. */
const ABSENT = ['pg-native', 'pg-cloudflare'];
/** What a thread of the database loads: plain JavaScript, found beside the chunk that starts it. */
const THREAD = ['sqlite-thread.mjs', 'sqlite-connection.mjs'];
/** Modules of Node that CommonJS dependencies load. */
const REQUIRE = "import { createRequire as ofNode } from 'node:module'; const require = ofNode(import.meta.url);";

rmSync(BUILT, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [join(SERVER, 'src/main.ts'), join(SERVER, 'src/app.ts')],
  outdir: join(BUILT, 'dist'),
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
execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', join(BUILT, 'dist')], { cwd: SERVER, stdio: 'inherit' });
// A thread loads its own files.
for (const file of THREAD) cpSync(join(SERVER, 'src/store', file), join(BUILT, 'dist', file));
cpSync(join(SERVER, 'bin'), join(BUILT, 'bin'), { recursive: true });
cpSync(join(ROOT, 'LICENSE'), join(BUILT, 'LICENSE'));
writeFileSync(join(BUILT, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
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

/** The manifest without the parts that only the repository needs. */
function manifest(): Readonly<Record<string, unknown>> {
  const { scripts, dependencies, devDependencies, exports, ...kept } = JSON.parse(
    readFileSync(join(SERVER, 'package.json'), 'utf8'),
  );
  const { source, ...entry } = exports['.'];
  return { ...kept, exports: { '.': entry } };
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
