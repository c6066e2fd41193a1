// npm run bench:search: how long do the pages that read the audit take: the first page of a search, the series of the overview, the
// tree of a token? What does a row cost to commit and to index? Fills a database, reads it as a server does, and prints.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOverview } from '../packages/server/src/audit/overview.ts';
import { type AuditFilter, searchEvents } from '../packages/server/src/audit/search.ts';
import { findWithSiblings } from '../packages/server/src/audit/siblings.ts';
import { findAncestors, findDescendants, findToken } from '../packages/server/src/audit/token-history.ts';
import { describeError } from '../packages/server/src/primitives/failure.ts';
import { openPostgres } from '../packages/server/src/store/postgres.ts';
import { readPostgresUrl } from '../packages/server/src/store/postgres-url.ts';
import { openStore, type Store, type StoreLocation } from '../packages/server/src/store/store.ts';
import {
  type Cost,
  type Filled,
  fillRows,
  INDEXED_AT_ONCE,
  measureRows,
  PERIOD_MS,
  runSql,
  timeOf,
  tokenOf,
} from '../packages/server/test/support/many-audit-rows.ts';
import { startPostgres } from '../packages/server/test/support/postgres.ts';
import { count, flag, readOptions } from './options.ts';
import { machine, table } from './table.ts';

const options = readOptions(
  { script: 'bench:search', purpose: 'Measures the pages that read the audit log, and prints.' },
  {
    rows: count(1_000_000, 'number of audit rows'),
    measured: count(100_000, 'number of rows whose commit and index are measured', 0),
    postgres: flag('on PostgreSQL instead of SQLite'),
    in: {
      takes: 'PLACE',
      about: 'an SQLite file or the URL of a PostgreSQL database, which is filled unless it is already, and kept',
      read: (given: string | undefined) => given,
    },
  },
);
const DAY_MS = 86_400_000;
/** Rows that one search measures. */
const LIMIT = 100;

const endings: (() => unknown)[] = [];
async function locate(): Promise<StoreLocation> {
  const url = options.in?.startsWith('postgres') ? options.in : undefined;
  if (url !== undefined || options.postgres) {
    const flags = ['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=8GB', '-c', 'synchronous_commit=off'];
    const database =
      url ?? (await (await startPostgres({ after: (work) => void endings.push(work) }, flags)).database());
    const { connection } = readPostgresUrl(database, '/');
    if (connection === undefined) throw new Error(`${database} is not the URL of a database`);
    return { kind: 'postgres', connection };
  }
  const folder = mkdtempSync(join(tmpdir(), 'cambio-search-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  return { kind: 'sqlite', file: options.in ?? join(folder, 'cambio.db') };
}

const location = await locate();
const store = await openStore(location, 'write', Date.now());
const first = await store.selectFrom('audit').select('time').orderBy('sequence').limit(1).executeTakeFirst();
const newest = Date.now();
const filled: Filled = {
  total: options.rows,
  begins: first === undefined ? newest - PERIOD_MS : first.time - Math.floor(PERIOD_MS / options.rows),
};
await fill();
const costs = await measureRows(store, options.measured - (options.measured % INDEXED_AT_ONCE));

/** On a connection whose statements may take long. */
async function fill(): Promise<void> {
  if (location.kind === 'postgres') {
    const slow = openPostgres(location.connection, 'migration');
    await fillRows(slow, filled);
    await slow.destroy();
    return;
  }
  for (const setting of ['synchronous = off', 'cache_size = -1000000', 'wal_autocheckpoint = 100000'])
    await runSql(store, `pragma ${setting}`);
  await fillRows(store, filled);
  for (const setting of ['synchronous = full', 'cache_size = -2000', 'wal_autocheckpoint = 1000'])
    await runSql(store, `pragma ${setting}`);
}

const end = timeOf(filled, filled.total);
const one = tokenOf(filled, filled.total - 7);
const filters: Readonly<Record<string, AuditFilter>> = {
  none: {},
  '--request': { requestId: one },
  '--subject': { subject: 'user-77' },
  '--actor': { actor: 'agent-4' },
  '--party': { party: 'user-77' },
  '--client': { client: 'client-7' },
  '--audience': { audience: 'https://api-9.example' },
  '--rule': { rule: 'rule 9' },
  '--outcome refused': { outcome: 'refused' },
  '--outcome issued': { outcome: 'issued' },
  '--reason': { reason: 'actor_limit_minute' },
  '--until': { until: timeOf(filled, Math.floor(filled.total / 3)) },
  '--client and --reason': { client: 'client-100', reason: 'actor_limit_minute' },
  '--subject and --client': { subject: 'user-77', client: 'client-7' },
  'two that never meet': { client: 'client-7', rule: 'rule 8' },
  'a name that no row has': { subject: 'nobody' },
  '--token': { tokens: [one] },
  '--token that 1 % of the rows present': { tokens: [tokenOf(filled, 1)] },
};
/** @param days from the end of the rows backwards */
const overview = (days: number) => async (): Promise<number> =>
  (await readOverview(store, { since: end - days * DAY_MS, until: end, top: 10 })).total.issued;
const descendantsOf = (index: number) => async (): Promise<number> =>
  (await findDescendants(store, tokenOf(filled, index), { after: undefined, limit: LIMIT, now: end })).all;
const reads: Readonly<Record<string, () => Promise<number>>> = {
  'overview of an hour': overview(1 / 24),
  'overview of a day': overview(1),
  'overview of a week': overview(7),
  'overview of 30 days': overview(30),
  'descendants: 400': descendantsOf(38_001),
  'descendants: 4,000': descendantsOf(20_001),
  'descendants: more than are counted': descendantsOf(1),
  'ancestors: 10 deep': async () => {
    const token = await findToken(store, tokenOf(filled, 38_002 + 3));
    return token === undefined ? 0 : (await findAncestors(store, token)).ancestors.length;
  },
  'one row, and those that belong to it': async () => (await findWithSiblings(store, one))?.siblings.length ?? 0,
};

/** What the database does not answer before its deadline is a row, too. */
async function measure(read: () => Promise<number>): Promise<readonly string[]> {
  const took: number[] = [];
  let found = 0;
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    try {
      found = await read();
    } catch (error) {
      console.error(describeError(error));
      return ['failed', (performance.now() - began).toFixed(1), ''];
    }
    took.push(performance.now() - began);
  }
  return [found.toLocaleString('en'), Number(took[0]).toFixed(1), Math.min(...took).toFixed(1)];
}

const searches = [];
for (const [name, filter] of Object.entries(filters))
  searches.push([
    name,
    ...(await measure(async () => (await searchEvents(store, filter, { limit: LIMIT })).found.length)),
  ]);
const others = [];
for (const [name, read] of Object.entries(reads)) others.push([name, ...(await measure(read))]);
const size = await sizeOf(store);
await store.destroy();
for (const work of endings.toReversed()) await work();

async function sizeOf(database: Store): Promise<number> {
  const text =
    location.kind === 'postgres'
      ? 'select pg_database_size(current_database()) as bytes'
      : 'select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()';
  const rows = await runSql<{ bytes: number }>(database, text);
  return Number(rows[0]?.bytes);
}

const perRow = ({ cpu, ms, longest }: Cost): string =>
  `${(cpu / options.measured).toFixed(1)} µs of CPU, ${((ms * 1000) / options.measured).toFixed(1)} µs, the longest ${longest.toFixed(0)} ms`;
const ofRows =
  options.measured === 0
    ? ''
    : `A row to commit, 64 at once: ${perRow(costs.commit)}. To index, ${INDEXED_AT_ONCE} at once: ${perRow(costs.index)}. For tokens and counts, ${INDEXED_AT_ONCE / 2} at once: ${perRow(costs.derive)}.\n\n`;
console.log(`# Search

${machine()} ${filled.total.toLocaleString('en')} rows in ${location.kind === 'postgres' ? 'PostgreSQL' : 'SQLite'}, ${(size / 2 ** 20).toFixed(0)} MiB.

${ofRows}${table([['first page of', 'rows', 'first time, ms', 'least of five, ms'], ...searches])}

${table([['series and trees', 'found', 'first time, ms', 'least of five, ms'], ...others])}`);
