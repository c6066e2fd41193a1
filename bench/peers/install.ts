// Installs a peer from its registry: once, in the user's cache folder.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { installAndBuild, NotInstalled } from '../../interop/install.ts';
import type { Program } from '../../interop/language.ts';
import { run } from '../../interop/trial.ts';

const INTEROP = join(import.meta.dirname, '../../interop');
const { XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env;
const CACHE = join(XDG_CACHE_HOME, 'cambio-bench');
const LIMIT_MS = 60_000;

/** @returns its folder, which other runs use too @throws NotInstalled, Error */
export async function install(program: Program): Promise<string> {
  const source = join(INTEROP, program.folder);
  const home = join(CACHE, `${basename(program.folder)}-${digestOf(program, source)}`);
  if (existsSync(home)) return home;
  mkdirSync(CACHE, { recursive: true });
  const { code, output } = await run(program.toolchain, { cwd: CACHE, limitMs: LIMIT_MS });
  if (code !== 0) throw new NotInstalled(output.trim() || `${program.toolchain.join(' ')} ended with ${code}`);
  const folder = mkdtempSync(join(CACHE, 'new-'));
  try {
    cpSync(source, folder, { recursive: true });
    await installAndBuild(program, folder, {});
    renameSync(folder, home);
    return home;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of all that decides what is installed. */
function digestOf({ install: steps, build }: Program, source: string): string {
  const hash = createHash('sha256').update(JSON.stringify([steps, build]));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  return hash.digest('hex').slice(0, 12);
}
