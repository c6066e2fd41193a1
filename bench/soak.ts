// npm run soak: does a server that runs for long grow, slow down or lose rows? It is reloaded, restarted under load, also by SIGKILL, its keys
// rotate, tokens are revoked, and old rows are deleted. Fails if a limit is exceeded. Reads memory from /proc (Linux only).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openIssuers } from './issuers.ts';
import { count, flag, readOptions } from './options.ts';
import { freePort } from './served.ts';
import { startCallers } from './soak-callers.ts';
import { openPostgresServer, openSqliteFile, type SoakDatabase } from './soak-database.ts';
import { openSoaked } from './soaked.ts';
import { machine, table } from './table.ts';

const { minutes, rate, postgres } = readOptions(
  {
    script: 'soak',
    purpose: 'Runs a server under load, reloads, restarts and retention; fails if it grows or loses a row.',
  },
  {
    minutes: count(60, 'its duration'),
    rate: count(100, 'requests a second'),
    postgres: flag('on PostgreSQL instead of SQLite'),
  },
);
const TOTAL_MS = minutes * 60_000;
/** The server is restarted in the first part, and then runs to the end. Memory is judged after another part, in which it warms up. */
const [RESTARTS, LAST_START, WARM] = [4, 0.4, 0.6];
const TICK_MS = 1000;
const RELOAD_TICKS = 10;
const CHECK_TICKS = 5;
/** Rows that are read again at each check. */
const OVERLAP_ROWS = 1000;
const ROTATIONS = 10;
const RETENTION = TOTAL_MS > 600_000 ? '5m' : '30s';
/** The growth of memory in the time that is judged, of its mean. */
const MAX_GROWTH = 0.02;
/** The largest size and the median latency of the last third, of those of the first. Retention deletes as many rows as are written. */
const MAX_SIZE_RATIO = 1.15;
const MAX_LATENCY_RATIO = 1.25;

interface Second {
  readonly at: number;
  readonly memory: number;
  /** Of the database, without what outlasts the run. */
  readonly size: number;
  readonly lasting: number;
  readonly latencies: readonly number[];
}

const folder = mkdtempSync(join(tmpdir(), 'cambio-soak-'));
const issuers = openIssuers();
const port = await freePort();
const database = postgres ? await openPostgresServer() : openSqliteFile(folder);
const place = { folder, port, issuers, workers: 1, after: () => undefined };
const server = openSoaked(place, database.location, RETENTION);
try {
  await server.start();
  const failed = await soak();
  process.exitCode = failed ? 1 : 0;
} finally {
  await server.stop('SIGKILL');
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}

/** @returns whether a limit was exceeded */
async function soak(): Promise<boolean> {
  const callers = startCallers(port, issuers, rate);
  await database.open();
  const rows = followRows(database);
  const seconds: Second[] = [];
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / TOTAL_MS;
  let [restarts, rotations, lost, faults] = [0, 0, 0, 0];
  let lasting = await database.lastingSize();
  for (let tick = 1; elapsed() < 1; tick++) {
    await wait(TICK_MS);
    const memory = server.memory();
    // The database reads every page of the tables for that.
    if (tick % CHECK_TICKS === 0) lasting = await database.lastingSize();
    const size = (await database.size()) - lasting;
    if (memory !== undefined)
      seconds.push({ at: elapsed(), memory, size, lasting, latencies: callers.takeLatencies() });
    if (tick % RELOAD_TICKS === 0) server.reload();
    if (tick % CHECK_TICKS === 0) lost += await rows.countMissing(callers.granted);
    if (elapsed() > (rotations + 1) / (ROTATIONS + 1)) {
      rotations++;
      if ((await server.command('keys', 'rotate')) !== 0) faults++;
    }
    if (restarts < RESTARTS && elapsed() > ((restarts + 1) / RESTARTS) * LAST_START) {
      await server.stop(restarts++ % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      await server.start();
    }
  }
  await callers.stop();
  lost += await rows.countLost(callers.granted);
  const kept = { written: rows.written(), left: await database.countRows() };
  await server.stop('SIGTERM');
  const verified = await server.command('audit', 'verify');
  const judged = seconds.filter(({ at }) => at > WARM);
  const growth = growthOf(judged.map(({ at, memory }) => [at, memory]));
  const third = (from: number): readonly Second[] =>
    judged.slice(Math.floor((from * judged.length) / 3), Math.floor(((from + 1) * judged.length) / 3));
  const [early, late] = [third(0), third(2)];
  const largest = (of: 'size' | 'lasting'): number[] =>
    [early, late].map((some) => Math.max(...some.map((one) => one[of])) / 2 ** 20);
  const sizes = largest('size');
  const [sizeRatio, latencyRatio] = [ratioOf(sizes), ratioOf([early, late].map((some) => Number(medianOf(some, 0.5))))];
  const { granted, refused, unanswered } = callers.counts;
  console.log(`# Soak

${machine()} ${minutes} minutes, ${rate} requests a second asked for, ${database.name}, rows kept for ${RETENTION}; ${RESTARTS} restarts, half of them by SIGKILL; ${rotations} keys.

${table([
  ['', 'measured', 'limit'],
  ['granted, refused (503), unanswered', `${granted}, ${refused}, ${unanswered}`, ''],
  ['granted without a row', String(lost), '0'],
  ['`cambio audit verify` exits with', String(verified), '0'],
  ['failed commands', String(faults), '0'],
  ['rows written, and kept at the end', `${kept.written}, ${kept.left}`, ''],
  ['MiB of memory at the end', late.at(-1)?.memory.toFixed(0) ?? '', ''],
  ['its growth, by a linear fit', `${(growth * 100).toFixed(1)} %`, `${MAX_GROWTH * 100} %`],
  [
    'MiB of the database at most, early and late',
    sizes.map((size) => size.toFixed(1)).join(', '),
    `× ${MAX_SIZE_RATIO}`,
  ],
  [
    'and of rows that outlast the run',
    largest('lasting')
      .map((size) => size.toFixed(1))
      .join(', '),
    '',
  ],
  [
    'ms to an answer, median, early and late',
    [early, late].map((some) => medianOf(some, 0.5)).join(', '),
    `× ${MAX_LATENCY_RATIO}`,
  ],
  ['the same, p99', [early, late].map((some) => medianOf(some, 0.99)).join(', '), ''],
])}`);
  const isBounded = growth <= MAX_GROWTH && sizeRatio <= MAX_SIZE_RATIO && latencyRatio <= MAX_LATENCY_RATIO;
  return lost > 0 || verified !== 0 || faults > 0 || !isBounded;
}

function ratioOf([early = 0, late = 0]: readonly number[]): number {
  return late / early;
}

function medianOf(seconds: readonly Second[], part: number): string {
  const all = seconds.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b);
  return (all[Math.floor(all.length * part)] ?? Number.NaN).toFixed(1);
}

/** @returns by how much a line through the points rises from the first to the last, of their mean */
function growthOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const slope =
    points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) /
    points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return (slope * ((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0))) / y;
}

/** Follows the audit, before its rows are deleted. */
function followRows({ rowsAfter }: SoakDatabase) {
  let last = 0;
  let written = 0;
  const seen = new Set<number>();
  /** Rows whose requests are not known to be granted: refused, unanswered, or not counted yet. */
  let others = new Set<string>();
  /** Granted requests that had no row at the last check. */
  let doubtful: readonly string[] = [];
  const read = async (): Promise<void> => {
    // PostgreSQL may commit a row after one with a larger number.
    for (const { sequence, id } of await rowsAfter(Math.max(last - OVERLAP_ROWS, 0))) {
      if (seen.has(sequence)) continue;
      seen.add(sequence);
      last = Math.max(last, sequence);
      written++;
      others.add(id);
    }
    for (const sequence of seen) if (sequence < last - OVERLAP_ROWS) seen.delete(sequence);
  };
  return {
    written: () => written,
    /** Forgets the granted requests that have a row. @returns how many have had none for two checks */
    countMissing: async (granted: Set<string>): Promise<number> => {
      // The row is committed before its answer.
      const known = [...granted];
      for (const id of known) granted.delete(id);
      await read();
      const missing = doubtful.filter((id) => !others.delete(id));
      doubtful = known.filter((id) => !others.delete(id));
      others = new Set([...others].slice(-10_000));
      return missing.length;
    },
    /** @returns how many have none after the last request */
    countLost: async (granted: Set<string>): Promise<number> => {
      await wait(2 * TICK_MS + 3000);
      await read();
      return [...doubtful, ...granted].filter((id) => !others.delete(id)).length;
    },
  };
}
