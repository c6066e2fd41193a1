// npm run bench:start: measures start time and idle cost, of the built package (`npm run build`) and of the sources. Reads CPU and
// memory from /proc (Linux only). Writes start.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine, table } from './table.ts';

const { values } = parseArgs({
  options: { starts: { type: 'string', default: '7' }, idle: { type: 'string', default: '20' } },
});
const IDLE = Number(values.idle);
const STARTS = Number(values.starts);
const ROOT = resolve(import.meta.dirname, '..');
const MIB = 2 ** 20;
/** The unit of `utime` and `stime` in /proc, on every Linux that Node supports. */
const TICKS = 100;

const configuration = `
issuer: http://127.0.0.1:8080
server: { port: 0, metrics: { port: 0 } }
store: sqlite:cambio.db
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
  /** Milliseconds of CPU per second of idle time. */
  readonly idle: number;
}

const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** @param idle seconds of idle time */
async function start(launcher: string, idle: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-start-'));
  writeFileSync(join(folder, 'cambio.yaml'), configuration);
  const began = performance.now();
  const child = spawn(process.execPath, [launcher, 'serve', '--config', join(folder, 'cambio.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    for await (const text of child.stdout.setEncoding('utf8')) if (text.includes(' serves ')) break;
    const ready = performance.now() - began;
    const pid = child.pid ?? 0;
    const [cpu, memory] = [cpuOf(pid), memoryOf(pid)];
    // Start-up work that is still running does not count as idle time.
    await wait(idle > 0 ? 2000 : 0);
    const before = cpuOf(pid);
    await wait(idle * 1000);
    return { ready, cpu, memory, rested: memoryOf(pid), idle: (cpuOf(pid) - before) / idle };
  } finally {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const sizeOf = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : statSync(path).size;

/** @param folder of the package: its compile cache is emptied, so that the first start is cold */
async function measure(name: string, folder: string): Promise<readonly string[]> {
  rmSync(join(folder, 'node_modules/.cache/compile'), { recursive: true, force: true });
  const launcher = join(folder, 'bin/cambio.mjs');
  const cold = await start(launcher, 0);
  const warm: Figures[] = [];
  for (let index = 0; index < STARTS; index++) warm.push(await start(launcher, 0));
  const left = await start(launcher, IDLE);
  return [
    name,
    cold.ready.toFixed(0),
    `${median(warm.map(({ ready }) => ready)).toFixed(0)} (CPU ${median(warm.map(({ cpu }) => cpu)).toFixed(0)})`,
    median(warm.map(({ memory }) => memory)).toFixed(0),
    left.rested.toFixed(0),
    left.idle.toFixed(1),
  ];
}

const built = mkdtempSync(join(tmpdir(), 'cambio-built-'));
try {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-server.ts'), built], { stdio: 'inherit' });
  const size = sizeOf(built) / MIB;
  const rows = [await measure('`npm run build`', built), await measure('sources', join(ROOT, 'packages/server'))];
  const head = ['', 'cold start, ms', 'warm start, ms', 'MiB then', `MiB after ${IDLE} s`, 'idle: CPU ms a second'];
  const installed = `Installed: ${size.toFixed(1)} MiB, and nothing with it but Node.`;
  const result = `# Start and idle\n\n${machine()} Medians of ${STARTS} starts. ${installed}\n\n${table([head, ...rows])}\n`;
  writeFileSync(join(import.meta.dirname, 'start.md'), result);
  console.log(result);
} finally {
  rmSync(built, { recursive: true, force: true });
}
