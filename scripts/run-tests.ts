// Runs all tests, or those whose group has a word of the command line in its name: `npm test -- trust saml`. The files of a folder
// share a process, because most of them take longer to load the server than to test it.
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { buildConsole } from './build-console.ts';
import { bundleServer } from './bundle-server.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FILES = ['bench/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/*/*.test.ts'];
/** More than two, because tests wait for browsers, databases and other processes. */
const PROCESSES = 3;
/** A test or a suite that takes longer fails: it waits for something that does not come. */
const TEST_LIMIT_MS = 15 * 60_000;
/** A process that then still runs fails by its name. Without this nobody would learn which one does not end. */
const RUN_LIMIT_MS = 40 * 60_000;
/**
 * Groups that fail are run once more, one at a time: what starts servers, databases and browsers also fails when the machine has no time for
 * it. What is broken fails again. More groups do not fail by chance.
 */
const MAX_REPEATED = 3;
/** They change or measure their whole process, or take longer than most folders. */
const ALONE = [
  'packages/server/test/client-auth/memory',
  'packages/server/test/docs/*',
  'packages/server/test/http/token-text',
  'packages/server/test/primitives/worst-inputs',
  'packages/server/test/saml/property',
  'packages/server/test/sign-in/{browser,odd-requests,pages-in-browser,siblings}',
  'packages/server/test/store/*',
  'packages/server/test/support/*',
  'examples/quickstart/*',
].flatMap((pattern) => globSync(`${pattern}.test.ts`, { cwd: ROOT }));
/** Words of the groups that take longest. They begin first, so that no process waits for one of them at the end. */
const FIRST = ['attacks', 'subject-tokens', 'sign-in', 'memory', 'quickstart', 'page', 'postgres', 'cli'];

/**
 * Each file is a suite. Files are loaded one after the other, each in the context of its suite: a module that two files import at
 * once, and that awaits, would continue both in the context of the first, and put the tests of the second there.
 */
const LOADER = `import { AsyncResource } from 'node:async_hooks';
import { suite } from 'node:test';
function load(files) {
  let last = Promise.resolve();
  for (const [file, url] of Object.entries(files)) {
    suite(file, () => {
      const loaded = AsyncResource.bind(() => import(url));
      last = last.catch(() => undefined).then(loaded);
      return last;
    });
  }
}
`;

const groups = new Map<string, string[]>();
for (const file of FILES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
  const place = ALONE.includes(file) ? file.replace('.test.ts', '') : dirname(file);
  const name = place.replaceAll('/', '-');
  groups.set(name, [...(groups.get(name) ?? []), file]);
}

const rank = (name: string): number => {
  const at = FIRST.findIndex((word) => name.includes(word));
  return at < 0 ? FIRST.length : at;
};
const words = process.argv.slice(2);
const chosen = [...groups]
  .filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort(([one], [other]) => rank(one) - rank(other));

const folder = join(ROOT, 'node_modules/.cache/tests');
mkdirSync(folder, { recursive: true });
/** The entry that runs a file. */
const entryOf = new Map<string, string>();
const entries = chosen.map(([name, files]) => {
  const entry = join(folder, `${name}.mjs`);
  const suites = Object.fromEntries(files.map((file) => [file, pathToFileURL(join(ROOT, file)).href]));
  writeFileSync(entry, `${LOADER}load(${JSON.stringify(suites, null, 2)});\n`);
  for (const suite of [entry, ...files]) entryOf.set(suite, entry);
  return entry;
});

// What starts a server or a command as a process of its own starts the built program.
const built = join(ROOT, 'node_modules/.cache/cambio');
await buildConsole('stale');
await bundleServer(built);
process.env.CAMBIO_PROGRAM = join(built, 'bin/cambio.mjs');

/** @returns the entries of which a test failed */
async function runTests(files: readonly string[], concurrency: number): Promise<readonly string[]> {
  const failed = new Set<string>();
  const signal = AbortSignal.timeout(RUN_LIMIT_MS);
  const events = run({ files, concurrency, timeout: TEST_LIMIT_MS, signal });
  events.on('test:fail', ({ todo, nesting, name }) => {
    if (nesting === 0 && (todo === undefined || todo === false)) failed.add(entryOf.get(name) ?? name);
  });
  await pipeline(events.compose(spec), process.stdout, { end: false });
  return [...failed];
}

const failed = await runTests(entries, PROCESSES);
const isFewEnough = failed.length <= MAX_REPEATED && failed.every((file) => entries.includes(file));
const repeated = failed.length > 0 && isFewEnough ? await runTests(failed, 1) : failed;
for (const file of failed.filter((one) => !repeated.includes(one)))
  console.log(`Failed beside other tests and passed alone, so look for a race: ${basename(file, '.mjs')}`);
process.exitCode = repeated.length > 0 ? 1 : 0;
