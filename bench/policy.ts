// npm run bench:policy: what three hundred services and a thousand rules cost: check, start, reload, explain, and an exchange. Servers
// of the built package run side by side, one with a small configuration. Reads CPU from /proc (Linux only). Writes policy.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readYaml } from '../packages/server/src/config/yaml.ts';
import { cambioCommand, paths } from './cambio.ts';
import type { Contender } from './contender.ts';
import { openIssuers } from './issuers.ts';
import { count, readOptions } from './options.ts';
import { cpuOfEnded } from './processes.ts';
import { CLIENT } from './request.ts';
import { measure, ratioOf, spreadOf } from './rounds.ts';
import { type Served, serve } from './served.ts';
import { filesOf, THREE_HUNDRED, withResource, withServices } from './services.ts';
import { load, machine, range, table } from './table.ts';
import { cold } from './workloads.ts';

const { rounds, times: TIMES } = readOptions(
  { script: 'bench:policy', purpose: 'Measures what a thousand rules cost, and writes bench/policy.md.' },
  { rounds: count(7, 'number of rounds of exchanges'), times: count(5, 'number of runs of each command') },
);
const EFFORT = { rounds, requests: 1000 };
const issuers = openIssuers();

const built = mkdtempSync(join(tmpdir(), 'cambio-built-'));
const main = join(built, 'dist/main.js');

/** The small configuration, the same with limits of its client, and the large one in the three forms that a person may write. */
const SIZES = ['small', 'limits', 'files', 'yaml', 'json'] as const;
type Size = (typeof SIZES)[number];

const GATEWAY = `  - id: ${CLIENT.client_id}`;
/** Limits that no exchange here reaches. */
const LIMITS = '{ perMinute: 1000000, perDay: 1000000, delegation: 1d }';

interface Written {
  readonly file: string;
  /** The file that a reload changes. */
  readonly changing: string;
}

/** Keeps the folder of the server, to change its file. */
function contenderOf(size: Size): { readonly contender: Contender; readonly written: () => Written } {
  let written: Written = { file: '', changing: '' };
  const command: Contender['command'] = (place) => {
    const line = cambioCommand(place, 'sqlite:cambio.db');
    const file = join(place.folder, 'cambio.yaml');
    const small = readFileSync(file, 'utf8');
    const yaml = withServices(small, THREE_HUNDRED);
    const teams = join(place.folder, 'teams');
    if (size === 'files') {
      mkdirSync(teams);
      for (const [team, text] of filesOf(THREE_HUNDRED).entries()) writeFileSync(join(teams, `${team}.yaml`), text);
      writeFileSync(file, `${small}include: teams/*.yaml\n`);
    }
    if (size === 'limits') writeFileSync(file, small.replace(GATEWAY, `${GATEWAY}\n    limits: ${LIMITS}`));
    if (size === 'yaml') writeFileSync(file, yaml);
    if (size === 'json') writeFileSync(file, JSON.stringify(readYaml(yaml, {}).value, null, 2));
    written = { file, changing: size === 'files' ? join(teams, '7.yaml') : file };
    return [main, ...line.slice(1)];
  };
  return { contender: { name: size, title: '', paths, command }, written: () => written };
}

interface Cost {
  /** Milliseconds. */
  readonly elapsed: number;
  readonly cpu: number;
}

/** Runs a command of the program to its end. */
async function run(args: readonly string[]): Promise<Cost> {
  const [began, before] = [performance.now(), cpuOfEnded()];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  // An exchange that is refused is explained, too.
  if (code !== 0 && code !== 3) throw new Error(`${args[0]}: ${said}`);
  return { elapsed: performance.now() - began, cpu: (cpuOfEnded() - before) / 1000 };
}

async function repeat(work: () => Promise<Cost>): Promise<Cost> {
  const all: Cost[] = [];
  for (let time = 0; time < TIMES; time++) all.push(await work());
  return medianOf(all);
}

interface Reload extends Cost {
  /** Milliseconds for which the event loop was blocked. */
  readonly blocked: number;
}

/** Adds a resource to the file, and waits until the metadata lists its scope. */
async function reload({ port, watch, usage }: Served, file: string): Promise<Reload> {
  const scope = `reloaded-${++reloads}`;
  const text = withResource(readFileSync(file, 'utf8'), scope);
  const isKnown = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${port}${paths.metadata}`);
    return (await answer.text()).includes(scope);
  };
  const before = await watch();
  const began = performance.now();
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  while (!(await isKnown())) await wait(POLL_MS);
  const elapsed = performance.now() - began;
  const after = await usage();
  return { elapsed, cpu: (after.cpu - before.cpu) / 1000, blocked: after.held.max };
}

let reloads = 0;
const POLL_MS = 5;

/** Milliseconds from the command to the line that reports it is ready, and CPU until then. */
async function start(contender: Contender): Promise<Cost & { readonly served: Served }> {
  const began = performance.now();
  const served = await serve(contender, issuers);
  return { served, elapsed: performance.now() - began, cpu: (await served.usage()).cpu / 1000 };
}

/** Measures each size in turn. */
async function measureAll(): Promise<string> {
  const kinds = SIZES.map(contenderOf);
  const started: (Cost & Written & { readonly served: Served })[] = [];
  try {
    for (const { contender, written } of kinds) started.push({ ...(await start(contender)), ...written() });
    const token = join(built, 'token');
    writeFileSync(token, issuers.people.tokens(1)[0] ?? '');
    const rows: string[][] = [['start', ...started.map(cellOf)]];
    const each = async (name: string, argsOf: (file: string) => readonly string[]): Promise<void> => {
      const costs: Cost[] = [];
      for (const { file } of started) costs.push(await repeat(() => run(argsOf(file))));
      rows.push([name, ...costs.map(cellOf)]);
    };
    await each('`check`', (file) => ['check', '--config', file]);
    const about = ['--client', 'gateway', '--subject-token', `@${token}`];
    await each('`explain`', (file) => ['explain', '--config', file, ...about]);
    const reloads: (readonly Reload[])[] = [];
    for (const { served, changing } of started) reloads.push(await reloadsOf(served, changing));
    rows.push(['reload', ...reloads.map((all) => cellOf(medianOf(all)))]);
    const blocked = reloads.map((all) => spreadOf(all.map((one) => one.blocked)).median.toFixed(0));
    rows.push(['blocks the event loop for', ...blocked]);
    const ways = await measure(
      cold,
      started.map(({ served }) => served),
      issuers,
      EFFORT,
    );
    rows.push(['an exchange', ...ways.map((rounds) => `× ${range(ratioOf(rounds, ways[0]), 2)}`)]);
    const { services, rules } = THREE_HUNDRED;
    const kib = (filesOf(THREE_HUNDRED).join('').length / 1024).toFixed(0);
    const head = [
      'milliseconds (of CPU)',
      'small',
      'small, with limits',
      '50 files of YAML',
      'one file of YAML',
      'one file of JSON',
    ];
    return `# A large policy\n\n${machine()} ${load()} Medians of ${TIMES}; exchanges in ${EFFORT.rounds} interleaved rounds. ${services} services, ${rules} rules, ${kib} KiB of YAML.\n\n${table([head, ...rows])}\n`;
  } finally {
    await Promise.all(started.map(({ served }) => served.stop()));
  }
}

const cellOf = ({ elapsed, cpu }: Cost): string => `${elapsed.toFixed(0)} (${cpu.toFixed(0)})`;

async function reloadsOf(served: Served, file: string): Promise<readonly Reload[]> {
  const all: Reload[] = [];
  for (let time = 0; time < TIMES; time++) all.push(await reload(served, file));
  return all;
}

const medianOf = (all: readonly Cost[]): Cost => ({
  elapsed: spreadOf(all.map(({ elapsed }) => elapsed)).median,
  cpu: spreadOf(all.map(({ cpu }) => cpu)).median,
});

let result = '';
try {
  execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/build-server.ts'), built], { stdio: 'ignore' });
  // The first start fills the cache of compiled code.
  await run(['--version']);
  result = await measureAll();
} finally {
  rmSync(built, { recursive: true, force: true });
}
writeFileSync(join(import.meta.dirname, 'policy.md'), result);
console.log(result);
