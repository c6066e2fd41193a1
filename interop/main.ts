// npm run interop: installs released client libraries in each language, tries them against a server, runs the programs of
// docs/start/with-your-library.md, and writes docs/evidence/interop.md. npm run interop [-- --fast] [--only python,go] [--folder PATH]
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/server/test/support/harness.ts';
import { formatPage, type Result } from './evidence.ts';
import { installAndBuild, NotInstalled } from './install.ts';
import { type Language, languages } from './language.ts';
import { settingsNotOnPage, tryPagePrograms, writePagePrograms } from './page-programs.ts';
import { run, type Trial, trialsIn } from './trial.ts';
import { startWorld, type World } from './world.ts';

const TRIAL_LIMIT_MS = 300_000;
/** The end of an output says what went wrong. */
const MAX_FAULT_CHARACTERS = 4000;

const { values } = parseArgs({
  options: { only: { type: 'string' }, fast: { type: 'boolean' }, folder: { type: 'string' } },
});
const only = values.only?.split(',');
const unknown = only?.find((one) => languages.every(({ folder }) => folder !== one));
if (unknown !== undefined) {
  console.error(`not a language: ${unknown}. Languages: ${languages.map(({ folder }) => folder).join(', ')}`);
  process.exit(2);
}
const chosen = languages.filter(({ folder, fast }) => (only?.includes(folder) ?? true) && (fast || !values.fast));

const cleanups: (() => Promise<void>)[] = [];
const t = { after: (work: () => Promise<void>) => void cleanups.unshift(work) };
const folder = values.folder === undefined ? mkdtempSync(join(tmpdir(), 'cambio-interop-')) : resolve(values.folder);
if (values.folder === undefined) t.after(async () => rmSync(folder, { recursive: true, force: true }));

async function prepare(language: Language, home: string, env: World['env']): Promise<void> {
  mkdirSync(home, { recursive: true });
  cpSync(join(import.meta.dirname, language.folder), home, { recursive: true });
  if (language.page !== undefined) writePagePrograms(language.page, home);
  await installAndBuild(language, home, env);
}

/** .NET is the one language of the page that no program tries. */
async function versionOfDotnet(): Promise<string | undefined> {
  const { code, output } = await run(['dotnet', '--version'], { cwd: folder, limitMs: TRIAL_LIMIT_MS });
  return code === 0 ? `.NET ${output.trim()}` : undefined;
}

async function tryLanguage(language: Language, world: World): Promise<Result> {
  const home = join(folder, language.folder);
  const { code, output: version } = await run(language.toolchain, { cwd: folder, limitMs: TRIAL_LIMIT_MS });
  if (code !== 0)
    return {
      language,
      absent: version.trim() || `${language.toolchain.join(' ')} ended with ${code}`,
      trials: [],
      faults: [],
    };
  const faults: string[] = [];
  const trials: Trial[] = [];
  try {
    await prepare(language, home, world.env);
    for (const { run: command, cwd = '.' } of language.trials) {
      const ending = await run(command, { cwd: join(home, cwd), env: world.env, limitMs: TRIAL_LIMIT_MS });
      const told = trialsIn(ending.output);
      trials.push(...told);
      if (ending.code !== 0 || told.length === 0)
        faults.push(`${command.join(' ')} ended with ${ending.code}:\n${ending.output}`);
    }
    if (language.page !== undefined) await tryPagePrograms(language.page, home, world, await freePort());
    if (language.trials.length === 0) faults.push('it can be installed here: write a program that tries it');
  } catch (error) {
    if (error instanceof NotInstalled) return { language, absent: error.message, trials: [], faults: [] };
    faults.push(error instanceof Error ? error.message : String(error));
  }
  faults.push(...settingsNotOnPage(trials));
  for (const { client, what, outcome, detail } of trials)
    if (outcome === 'wrong') faults.push(`${client}: ${what}: ${detail}`);
  return { language, version: version.trim().split('\n')[0] ?? '', trials, faults };
}

try {
  mkdirSync(folder, { recursive: true });
  const world = await startWorld(t, join(folder, 'files'));
  const results: Result[] = [];
  for (const language of chosen) {
    const begun = performance.now();
    const result = await tryLanguage(language, world);
    results.push(result);
    for (const { client, what, setting, outcome, detail } of result.trials)
      console.log([outcome, client, what, setting, detail].filter((part) => part !== '').join(' · '));
    for (const fault of result.faults) console.error(`${language.name}: ${fault.slice(-MAX_FAULT_CHARACTERS)}`);
    if (result.absent !== undefined)
      console.log(`${language.name}: not tried: ${result.absent.slice(0, MAX_FAULT_CHARACTERS)}`);
    console.log(`${language.name}: ${Math.round((performance.now() - begun) / 1000)} s`);
  }
  if (only === undefined && !values.fast)
    writeFileSync(
      join(import.meta.dirname, '../docs/evidence/interop.md'),
      formatPage(results, await versionOfDotnet()),
    );
  const failed = results.reduce((sum, { faults }) => sum + faults.length, 0);
  const passed = results.flatMap(({ trials }) => trials).filter(({ outcome }) => outcome !== 'wrong').length;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  for (const cleanup of cleanups) await cleanup();
}
