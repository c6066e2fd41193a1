// npm run bench:start: measures start time and idle cost, of the built package (`npm run build`) and of the sources, on SQLite and on
// PostgreSQL. Reads CPU and memory from /proc (Linux only). Writes start.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startPostgres } from '../packages/server/test/support/postgres.ts';
import { count, readOptions } from './options.ts';
import { memoryOf } from './processes.ts';
import { machine, table } from './table.ts';
import { cpuOf, type ThreadTimes, threadTimes } from './threads.ts';

const { starts: STARTS, idle: IDLE } = readOptions(
  { script: 'bench:start', purpose: 'Measures starts and an idle server, and writes bench/start.md.' },
  { starts: count(7, 'number of warm starts'), idle: count(20, 'seconds of idle time') },
);
const ROOT = resolve(import.meta.dirname, '..');
const MIB = 2 ** 20;
const SQLITE = 'sqlite:cambio.db';

const configurationOn = (store: string): string => `
issuer: http://127.0.0.1:8080
server: { port: 0, metrics: { port: 0 } }
sealingKey: { plain: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc= }
store: ${store}
resources: [{ audience: https://api.example, scopes: [read] }]
clients: [{ id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [token_exchange], scopes: [read] }]
rules: [{ client: gateway, grant: { audiences: [https://api.example], scopes: [read] } }]
`;

interface Figures {
  /** Milliseconds from the command to the line that reports it is ready. */
  readonly ready: number;
  /** Milliseconds of CPU until then. */
  readonly cpu: number;
  /** MiB of resident memory then, and after the idle time. */
  readonly memory: number;
  readonly rested: number;
  /** Milliseconds of CPU per second of idle time, by thread. */
  readonly idle: ThreadTimes;
}

/** @param idle seconds of idle time */
async function start(launcher: string, idle: number, store = SQLITE): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-start-'));
  writeFileSync(join(folder, 'cambio.yaml'), configurationOn(store));
  const began = performance.now();
  const child = spawn(process.execPath, [launcher, 'serve', '--config', join(folder, 'cambio.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    for await (const text of child.stdout.setEncoding('utf8')) if (text.includes(' serves ')) break;
    const ready = performance.now() - began;
    const pid = child.pid ?? 0;
    const [cpu, memory] = [cpuOf(pid), memoryOf(pid) / MIB];
    return { ready, cpu, memory, ...(await rest(pid, idle)) };
  } finally {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Start-up work that is still running does not count as idle time. */
const SETTLING_MS = 3000;

async function rest(pid: number, seconds: number): Promise<Pick<Figures, 'rested' | 'idle'>> {
  if (seconds === 0) return { rested: Number.NaN, idle: new Map() };
  await wait(SETTLING_MS);
  const before = threadTimes(pid);
  await wait(seconds * 1000);
  const idle = [...threadTimes(pid)].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / seconds] as const);
  return { rested: memoryOf(pid) / MIB, idle: new Map(idle) };
}

const sum = (times: ThreadTimes): number => [...times.values()].reduce((all, one) => all + one, 0);

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const sizeOf = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : statSync(path).size;

interface Measured {
  /** A row of the first table. */
  readonly row: readonly string[];
  readonly idle: Readonly<Record<'SQLite' | 'PostgreSQL', ThreadTimes>>;
}

/**
 * @param folder of the package: its compile cache is emptied, so that the first start is cold
 * @param postgres the URL of an empty database
 */
async function measure(name: string, folder: string, postgres: string): Promise<Measured> {
  rmSync(join(folder, 'node_modules/.cache/compile'), { recursive: true, force: true });
  const launcher = join(folder, 'bin/cambio.mjs');
  const cold = await start(launcher, 0);
  const warm: Figures[] = [];
  for (let index = 0; index < STARTS; index++) warm.push(await start(launcher, 0));
  const left = await start(launcher, IDLE);
  const onPostgres = await start(launcher, IDLE, postgres);
  const row = [
    name,
    cold.ready.toFixed(0),
    `${median(warm.map(({ ready }) => ready)).toFixed(0)} (CPU ${median(warm.map(({ cpu }) => cpu)).toFixed(0)})`,
    median(warm.map(({ memory }) => memory)).toFixed(0),
    left.rested.toFixed(0),
    sum(left.idle).toFixed(2),
    sum(onPostgres.idle).toFixed(2),
  ];
  return { row, idle: { SQLite: left.idle, PostgreSQL: onPostgres.idle } };
}

const IDLE_HEAD = ['idle: CPU ms a second', 'idle on PostgreSQL'];
const HEAD = ['', 'cold start, ms', 'warm start, ms', 'MiB then', `MiB after ${IDLE} s`, ...IDLE_HEAD];

function format(size: number, measured: readonly Measured[]): string {
  const installed = `Installed: ${size.toFixed(1)} MiB, and nothing with it but Node.`;
  const threads = measured.flatMap(({ row: [name = ''], idle }) =>
    Object.entries(idle).map(([store, times]) => [`${name}, ${store}`, describeThreads(times)]),
  );
  return `# Start and idle

${machine()} Medians of ${STARTS} starts. ${installed}

${table([HEAD, ...measured.map(({ row }) => row)])}

The same idle time by thread, in microseconds of CPU a second. Threads with less than 5 are left out.

${table([['', 'threads'], ...threads])}
`;
}

const describeThreads = (times: ThreadTimes): string =>
  [...times]
    .filter(([, ms]) => ms >= 0.005)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, ms]) => `${name} ${(ms * 1000).toFixed(0)}`)
    .join(', ');

const endings: (() => Promise<void>)[] = [];
try {
  const built = mkdtempSync(join(tmpdir(), 'cambio-built-'));
  endings.push(async () => rmSync(built, { recursive: true, force: true }));
  const { database } = await startPostgres({ after: (work) => void endings.push(work) });
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-server.ts'), built], { stdio: 'inherit' });
  const result = format(sizeOf(built) / MIB, [
    await measure('`npm run build`', built, await database()),
    await measure('sources', join(ROOT, 'packages/server'), await database()),
  ]);
  writeFileSync(join(import.meta.dirname, 'start.md'), result);
  console.log(result);
} finally {
  for (const end of endings) await end();
}
