// Builds the console into packages/console/dist, with each file compressed ahead. npm start runs it with --if-stale.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ROOT } from './manifests.ts';

const CONSOLE = join(ROOT, 'packages/console');
const BUILT = join(CONSOLE, 'dist');
/** Where it is built: on the file system of the repository. */
const CACHE = join(ROOT, 'node_modules/.cache');
/** The digest of what the build was made from. */
const MARK = 'made-from.txt';
/** The files that the scripts were made from, for the list of licences. */
const MODULES = 'modules.json';
const COMPRESSED = /\.(?:html|js|css|svg)$/;

/** Digest of the sources and of the versions of all packages. */
function digestOfSources(): string {
  const files = globSync(['src/**/*', 'index.html', 'vite.config.ts'], { cwd: CONSOLE }).sort();
  const digest = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const name of files) {
    const file = join(CONSOLE, name);
    if (statSync(file).isFile()) digest.update(name).update(readFileSync(file));
  }
  return digest.digest('hex');
}

const isCurrent = (digest: string): boolean =>
  existsSync(join(BUILT, MARK)) && readFileSync(join(BUILT, MARK), 'utf8') === digest;

function compress(folder: string): void {
  for (const name of globSync('**/*', { cwd: folder })) {
    const file = join(folder, name);
    if (!COMPRESSED.test(name)) continue;
    const bytes = readFileSync(file);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** The built files that a server needs are copied there. @returns the sources of the scripts, relative to the repository */
export function copyConsole(folder: string): readonly string[] {
  if (!existsSync(join(BUILT, MODULES))) return [];
  cpSync(join(BUILT, 'index.html'), join(folder, 'index.html'));
  cpSync(join(BUILT, 'assets'), join(folder, 'assets'), { recursive: true });
  return JSON.parse(readFileSync(join(BUILT, MODULES), 'utf8'));
}

/** @param when `stale`: only if the sources are not those of the last build */
export async function buildConsole(when: 'always' | 'stale'): Promise<void> {
  const digest = digestOfSources();
  if (when === 'stale' && isCurrent(digest)) return;
  const { build } = await import('vite');
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'console-'));
  try {
    const built = await build({ root: CONSOLE, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
    const outputs = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
    const modules = outputs.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []));
    writeFileSync(join(folder, MODULES), JSON.stringify(modules.map((file) => relative(ROOT, file))));
    compress(folder);
    writeFileSync(join(folder, MARK), digest);
    replaceBuilt(folder, digest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Two builds at the same time do not mix: one of them stays. */
function replaceBuilt(folder: string, digest: string): void {
  rmSync(BUILT, { recursive: true, force: true });
  try {
    renameSync(folder, BUILT);
  } catch (error) {
    if (!isCurrent(digest)) throw error;
  }
}

if (import.meta.main) await buildConsole(process.argv.includes('--if-stale') ? 'stale' : 'always');
