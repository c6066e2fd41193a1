// The index of the audit after SIGKILL: of a server that indexes, and of `cambio audit reindex`, wherever they are.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { type AuditFilter, searchEvents } from '../../src/audit/search.ts';
import { deriveNextRows } from '../../src/store/audit-derived.ts';
import { indexNextRows } from '../../src/store/audit-index.ts';
import { readCounters } from '../../src/store/audit-positions.ts';
import { findLastSequence } from '../../src/store/audit-settled.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { life } from '../support/life.ts';
import { exchangeAt, own, refreshAt, revokeAt, type ServerNode, shared, startNode } from '../support/node.ts';
import { startPostgres } from '../support/postgres.ts';
import { PROGRAM, startProgram } from '../support/program.ts';

const postgres = await startPostgres({ after });
const ANY_PORT = { env: { PORT: '0' } };
/** Of each row that the server wrote. */
const COPIES = 500;

/** Rows of issued, exchanged, refreshed, revoked and refused tokens. */
async function writeRows(node: ServerNode): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const { body } = await exchangeAt(node);
    assert.equal((await exchangeAt(node, body.access_token)).status, 200);
    assert.equal((await refreshAt(node, body.refresh_token)).status, 200);
    assert.equal((await exchangeAt(node, 'not a token')).status, 400);
    assert.equal((await revokeAt(node, (await own(node)).body.access_token)).status, 200);
  }
}

/** Copies the rows, each with tokens of its own. */
const copyRows = (store: Store) =>
  sql`insert into audit (time, request_id, outcome, reason, client, subject, principal, actor, audience, rule, event,
      personal, chain, position, hash)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(COPIES)})
    select time + i, request_id || '-' || i, outcome, reason, client, subject, principal, actor, audience, rule,
      replace(event, '"id":"', '"id":"' || i || '-'), replace(personal, '"id":"', '"id":"' || i || '-'),
      case when chain is null then null else 'copy ' || sequence end, case when chain is null then null else i end, hash
    from audit cross join n`.execute(store);

/** Of each table: what is missing, what no row has, and what is wrong. */
async function damage(store: Store): Promise<void> {
  await sql`delete from audit_index where sequence % 7 = 0`.execute(store);
  await sql`insert into audit_index select 1, '', time, sequence from audit where chain is not null and sequence % 11 = 0`.execute(
    store,
  );
  await sql`insert into audit_index select 3, outcome, time, sequence from audit where outcome = 'issued' and sequence % 11 = 0`.execute(
    store,
  );
  await sql`insert into audit_index values (6, 'nobody', 1, 5), (0, '', 1, 1)`.execute(store);
  await sql`delete from audit_tokens where sequence % 7 = 0`.execute(store);
  await sql`insert into audit_tokens values ('stray', 1, 1, 1, '', 5)`.execute(store);
  await sql`update audit_counts set count = count + 1 where start % 180000 = 0`.execute(store);
}

const TABLES = ['audit_index', 'audit_tokens', 'audit_counts'] as const;

async function contents(store: Store): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  for (const table of TABLES) {
    const { rows } = await sql`select * from ${sql.table(table)}`.execute(store);
    for (const row of rows) all.add(`${table} ${JSON.stringify(row)}`);
  }
  return all;
}

async function buildAgain(store: Store): Promise<void> {
  for (const table of TABLES) await sql`delete from ${sql.table(table)}`.execute(store);
  await sql`update revisions set number = 0 where name in ('audit index', 'audit tokens')`.execute(store);
  await build(store);
}

async function build(store: Store): Promise<void> {
  const last = await findLastSequence(store);
  for (const next of [indexNextRows, deriveNextRows]) while ((await next(store, last, 700)) !== undefined);
}

/** Compares searches with a reading of every row. */
async function assertSearchesFind(store: Store): Promise<void> {
  const rows = await store.selectFrom('audit').selectAll().execute();
  const tokens = rows.flatMap(({ event }) => /"issued":\[\{"id":"([^"]+)/.exec(event)?.[1] ?? []);
  const token = tokens[randomInt(tokens.length)] ?? assert.fail('no row issued a token');
  const one = rows[randomInt(rows.length)]?.request_id ?? '';
  const searches: readonly (readonly [AuditFilter, (row: (typeof rows)[number]) => boolean])[] = [
    [{ requestId: one }, (row) => row.request_id === one],
    [{ outcome: 'refused' }, (row) => row.outcome === 'refused'],
    [{ client: 'gateway' }, (row) => row.client === 'gateway'],
    [{ tokens: [token] }, (row) => `${row.event}${row.personal}`.includes(JSON.stringify(token))],
  ];
  for (const [filter, isWanted] of searches) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await searchEvents(store, filter, { cursor, limit: 500 });
      found.push(...page.found.map(({ row }) => row.request_id));
      cursor = page.next;
    } while (cursor !== undefined);
    const wanted = rows.filter(isWanted).toSorted((a, b) => b.time - a.time || b.sequence - a.sequence);
    assert.ok(wanted.length > 0, JSON.stringify(filter));
    assert.deepEqual(
      found,
      wanted.map(({ request_id }) => request_id),
      JSON.stringify(filter),
    );
  }
}

interface Counters {
  readonly index: number;
  readonly derived: number;
  /** Undefined unless an index is being written again. */
  readonly reindexed: number | undefined;
}

async function readProgress(store: Store): Promise<Counters> {
  const [index = 0, derived = 0, reindexed] = await readCounters(store, 'audit index', 'audit tokens', 'audit reindex');
  return { index, derived, reindexed };
}

/** Runs a command until its work has come to a point, and a moment on. @returns where it was stopped */
async function killWhen(
  t: TestContext,
  store: Store,
  command: readonly string[],
  isThere: (counters: Counters) => boolean,
): Promise<Counters> {
  const program = startProgram(t, [process.execPath, PROGRAM, ...command], ANY_PORT);
  let hasEnded = false;
  program.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && !isThere(await readProgress(store))) await wait(1);
  await wait(randomInt(25));
  program.tellGroup('SIGKILL');
  const { stderr } = await program.ended;
  assert.ok(!/rror/.test(stderr), stderr);
  return readProgress(store);
}

for (const kind of ['sqlite', 'postgres'] as const)
  test(`${kind}: wherever an indexing server and reindex get SIGKILL, the index is that of all rows in the end`, async (t) => {
    const url = kind === 'postgres' ? await postgres.database() : '';
    const source = kind === 'postgres' ? shared(url) : life();
    const owner = t as { after: (work: () => Promise<void>) => void };
    const node = await startNode(owner, source);
    await writeRows(node);
    node.signal('SIGTERM');
    await node.exited;
    const store =
      kind === 'postgres'
        ? openPostgres(readPostgresUrl(url, '/').connection ?? assert.fail(), 'migration')
        : openSqlite(join(node.folder, 'cambio.db'), 'write');
    t.after(() => store.destroy());
    await copyRows(store);
    const last = await findLastSequence(store);
    const point = (from: number): number => from + randomInt(last - from);

    for (let round = 0; round < 2; round++) {
      const { index, derived } = await readProgress(store);
      const [target, of] = index < last ? [point(index), 'index' as const] : [point(derived), 'derived' as const];
      const stopped = await killWhen(t, store, ['serve', '--config', node.file], (now) => now[of] > target);
      t.diagnostic(`a server that indexed: ${JSON.stringify(stopped)} of ${last}`);
    }

    const reindex = ['audit', 'reindex', '--config', node.file];
    await build(store);
    await damage(store);
    const middle = point(1);
    const points: Readonly<Record<string, (now: Counters) => boolean>> = {
      'that adds': ({ reindexed = 0 }) => reindexed > middle,
      'that removes': ({ reindexed = 0 }) => reindexed >= last,
      'that counts': ({ reindexed, derived }) => reindexed === undefined && derived > 0 && derived < last,
    };
    for (const [name, isThere] of Object.entries(points))
      t.diagnostic(`reindex ${name}: ${JSON.stringify(await killWhen(t, store, reindex, isThere))}`);
    const beside = await startNode(owner, source, node);
    t.diagnostic(
      `beside a server: ${JSON.stringify(await killWhen(t, store, reindex, points['that adds'] ?? assert.fail()))}`,
    );
    const whole = startProgram(t, [process.execPath, PROGRAM, ...reindex], ANY_PORT);
    const { code, stderr } = await whole.ended;
    assert.equal(code, 0, stderr);
    beside.signal('SIGTERM');
    await beside.exited;

    await assertSearchesFind(store);
    const found = await contents(store);
    await buildAgain(store);
    const built = await contents(store);
    assert.deepEqual([...found.difference(built)].slice(0, 5), [], 'what no row has');
    assert.deepEqual([...built.difference(found)].slice(0, 5), [], 'what is missing');
    assert.ok(built.size > 4 * last);
  });
