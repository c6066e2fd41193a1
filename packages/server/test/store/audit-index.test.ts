// The index that searches of the audit read, on SQLite and on PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CompiledQuery, type KyselyPlugin, type RootOperationNode, sql } from 'kysely';
import { type AuditFilter, searchEvents, searchEventsInTime } from '../../src/audit/search.ts';
import { reindexAudit } from '../../src/audit-retention/reindex.ts';
import { dropColumnIndexes, indexNextRows, readIndexState } from '../../src/store/audit-index.ts';
import { countMissingEntries, reindexRows } from '../../src/store/audit-reindex.ts';
import { deleteChainRows, eraseAuditRow, insertAuditRows } from '../../src/store/audit-rows.ts';
import { findAuditRow } from '../../src/store/audit-search.ts';
import { findSettled } from '../../src/store/audit-settled.ts';
import { findFirstRowTime } from '../../src/store/audit-use.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { migrate } from '../../src/store/migrations/migrate.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { openStore, type Store, type StoreLocation } from '../../src/store/store.ts';
import { startPostgres } from '../support/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const postgres = await startPostgres({ after });
let files = 0;

const locations = {
  sqlite: async (): Promise<StoreLocation> => ({ kind: 'sqlite', file: join(folder, `${files++}.db`) }),
  postgres: async (): Promise<StoreLocation> => ({
    kind: 'postgres',
    connection: readPostgresUrl(await postgres.database(), '/').connection ?? assert.fail(),
  }),
};

/** Times are not in the order of writing: a row has the time at which its request began. */
const rowOf = (index: number) => {
  const actor = index % 4 === 0 ? { sub: `agent-${index % 8}`, iss: 'https://ours.example' } : undefined;
  const subject = { sub: `user-${index % 10}`, iss: 'https://idp.example' };
  return {
    time: 1_000_000 + index * 10 - (index % 3) * 25,
    request_id: `request-${index}`,
    outcome: index % 5 === 0 ? 'refused' : 'issued',
    reason: index % 5 === 0 ? 'rule_missing' : null,
    client: `client-${index % 3}`,
    subject: subject.sub,
    principal: index % 7 === 0 ? 'renamed' : null,
    actor: actor?.sub ?? null,
    audience: `https://api-${index % 2}.example`,
    rule: `rule ${index % 6}`,
    event: JSON.stringify({ requestId: `request-${index}`, targets: [`https://api-${index % 2}.example`] }),
    personal: JSON.stringify({ salt: 'x', subject, principal: { sub: 'renamed', iss: 'https://ours.example' }, actor }),
    chain: 'one',
    position: index,
    hash: 'hash',
  };
};

const insert = async (store: Store, from: number, through: number): Promise<void> => {
  for (let first = from; first <= through; first += 50)
    await insertAuditRows(
      store,
      Array.from({ length: Math.min(50, through - first + 1) }, (_, index) => rowOf(first + index)),
    );
};

const filters: Readonly<Record<string, AuditFilter>> = {
  none: {},
  request: { requestId: 'request-77' },
  outcome: { outcome: 'refused' },
  'common outcome': { outcome: 'issued' },
  reason: { reason: 'rule_missing' },
  client: { client: 'client-1' },
  subject: { subject: 'user-3' },
  principal: { subject: 'renamed' },
  actor: { actor: 'agent-4' },
  audience: { audience: 'https://api-1.example' },
  rule: { rule: 'rule 2' },
  since: { since: 1_000_500 },
  until: { until: 1_000_500 },
  period: { since: 1_000_300, until: 1_001_200, client: 'client-0' },
  'two columns': { client: 'client-1', reason: 'rule_missing' },
  'none in common': { client: 'client-0', rule: 'rule 1' },
};

/** All rows that a search finds, page by page. */
async function findAll(store: Store, filter: AuditFilter, limit = 7): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await searchEvents(store, filter, { cursor, limit });
    found.push(...page.found.map(({ row }) => row.request_id));
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

const expected = (filter: AuditFilter, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => rowOf(index + 1))
    .filter(
      (row) =>
        [undefined, row.request_id].includes(filter.requestId) &&
        [undefined, row.outcome].includes(filter.outcome as string | undefined) &&
        [undefined, row.reason].includes(filter.reason) &&
        [undefined, row.client].includes(filter.client) &&
        [undefined, row.subject, row.principal].includes(filter.subject) &&
        [undefined, row.actor].includes(filter.actor) &&
        [undefined, row.audience].includes(filter.audience) &&
        [undefined, row.rule].includes(filter.rule) &&
        row.time >= (filter.since ?? 0) &&
        row.time < (filter.until ?? Number.POSITIVE_INFINITY),
    )
    .toSorted((a, b) => b.time - a.time || b.position - a.position)
    .map(({ request_id }) => request_id);

const entriesOf = async (store: Store, sequence?: number) => {
  const query = store.selectFrom('audit_index').selectAll();
  return (sequence === undefined ? query : query.where('sequence', '=', sequence))
    .orderBy('kind')
    .orderBy('term')
    .orderBy('sequence')
    .execute();
};

const indexAll = async (store: Store, limit = 1000): Promise<void> => {
  const settled = (await findSettled(store)) ?? assert.fail('rows are not settled');
  while ((await indexNextRows(store, settled, limit)) !== undefined);
};

for (const kind of ['sqlite', 'postgres'] as const) {
  const locate = locations[kind];
  const openRaw = (location: StoreLocation): Store =>
    location.kind === 'sqlite' ? openSqlite(location.file, 'write') : openPostgres(location.connection, 'migration');

  test(`${kind}: every search finds the same rows, in order, however far the index is`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, 1, 150);
    for (const indexed of [0, 60, 150]) {
      if (indexed > 0) await indexNextRows(store, indexed, 1000);
      assert.deepEqual(await readIndexState(store), { position: indexed, phase: 'complete' });
      for (const [name, filter] of Object.entries(filters))
        assert.deepEqual(await findAll(store, filter), expected(filter, 150), `${name}, ${indexed} rows indexed`);
      for (const id of [1, 60, 61, 150])
        assert.equal((await findAuditRow(store, `request-${id}`))?.position, id, `${indexed} rows indexed`);
      assert.equal(await findFirstRowTime(store), Math.min(...[1, 2, 3].map((index) => rowOf(index).time)));
    }
    const page = await searchEventsInTime(store, {}, { limit: 1, settled: undefined });
    assert.deepEqual(page.indexedUpTo, { position: 150, time: new Date(rowOf(150).time).toISOString() });
    assert.equal(page.searchedUpTo, undefined);
    await store.destroy();
  });

  test(`${kind}: a search for people reads a limited number of rows that are not in the index, and says so`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, 1, 1);
    await indexAll(store);
    await sql`insert into audit (time, request_id, outcome, event, client)
      with recursive n(i) as (select 2 union all select i + 1 from n where i < 20500)
      select i, 'late-' || i, 'issued', '{}', 'late' from n`.execute(store);
    const page = await searchEventsInTime(store, { client: 'late' }, { limit: 1, settled: undefined });
    assert.deepEqual([page.indexedUpTo.position, page.searchedUpTo?.position], [1, 20001]);
    assert.equal(page.found[0]?.row.request_id, 'late-20001');
    const { found } = await searchEvents(store, { client: 'late' }, { limit: 1 });
    assert.equal(found[0]?.row.request_id, 'late-20500', 'what decides reads all');
    await store.destroy();
  });

  test(`${kind}: no search reads the rows one by one once they are in the index`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, 1, 150);
    await indexAll(store);
    const queries: RootOperationNode[] = [];
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => {
        queries.push(node);
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    for (const [name, filter] of Object.entries(filters)) {
      queries.length = 0;
      const watched = store.withPlugin(plugin);
      const first = await searchEvents(watched, filter, { limit: 5 });
      if (first.next !== undefined) await searchEvents(watched, filter, { limit: 5, cursor: first.next });
      assert.ok(queries.length > 0);
      const compiled = queries.map((node) => store.getExecutor().compileQuery(node, { queryId: 'explained' }));
      const plans = await store.transaction().execute(async (transaction) => {
        if (kind === 'postgres') await sql`set local enable_seqscan = off`.execute(transaction);
        const all: string[] = [];
        for (const { sql: text, parameters } of compiled) {
          const explain = kind === 'sqlite' ? 'explain query plan' : 'explain';
          const { rows } = await transaction.executeQuery(CompiledQuery.raw(`${explain} ${text}`, [...parameters]));
          all.push(...rows.map((row) => String(Object.values(row as object).at(-1))));
        }
        return all;
      });
      const scans = plans.filter((line) => /^SCAN (audit|entry)\b(?! USING)|Seq Scan on audit/.test(line));
      assert.deepEqual(scans, [], `${name}: ${plans.join('\n')}`);
      if (kind === 'sqlite')
        assert.ok(
          plans.some((line) => /^SEARCH entry USING PRIMARY KEY \(kind=\? AND term=\?/.test(line)),
          `${name}: ${plans.join('\n')}`,
        );
    }
    await store.destroy();
  });

  test(`${kind}: a batch is in the index with its position, or neither is; several processes index each row once`, async () => {
    const location = await locate();
    const stores = [await openStore(location, 'write', 1), await openStore(location, 'write', 1)] as const;
    const [store] = stores;
    await insert(store, 1, 150);
    const break_ =
      kind === 'sqlite'
        ? "create trigger broken before insert on audit_index when new.sequence = 30 begin select raise(abort, 'broken'); end"
        : 'alter table audit_index add constraint broken check (sequence <> 30)';
    const mend = kind === 'sqlite' ? 'drop trigger broken' : 'alter table audit_index drop constraint broken';
    await sql.raw(break_).execute(store);
    assert.equal(await indexNextRows(store, 150, 20), 20);
    const before = await entriesOf(store);
    await assert.rejects(indexNextRows(store, 150, 20), /broken/);
    assert.deepEqual([(await readIndexState(store)).position, (await entriesOf(store)).length], [20, before.length]);
    assert.deepEqual(await findAll(store, { subject: 'user-3' }), expected({ subject: 'user-3' }, 150));
    await sql.raw(mend).execute(store);
    for (let rounds = 0; rounds < 30 && (await readIndexState(store)).position < 150; rounds++)
      if (kind === 'postgres') await Promise.all(stores.map((one) => indexNextRows(one, 150, 10)));
      // In one process, a connection of SQLite cannot wait for another.
      else for (const one of stores) await indexNextRows(one, 150, 10);
    const rows = (await entriesOf(store)).filter((entry) => entry.kind === 0).map(({ sequence }) => sequence);
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      Array.from({ length: 150 }, (_, index) => index + 1),
    );
    assert.equal(await countMissingEntries(store, 0, 150), 0);
    for (const one of stores) await one.destroy();
  });

  if (kind === 'postgres')
    test('postgres: a row that is committed after a later one is not missed by the index', async () => {
      const location = await locate();
      const [slow, store] = [await openStore(location, 'write', 1), await openStore(location, 'write', 1)];
      const rows = Promise.withResolvers<void>();
      const going = Promise.withResolvers<void>();
      const transaction = slow.transaction().execute(async (inner) => {
        await insertAuditRows(inner, [rowOf(1)]);
        rows.resolve();
        await going.promise;
      });
      await rows.promise;
      await insertAuditRows(store, [{ ...rowOf(2), chain: 'two' }]);
      assert.equal(await findSettled(store), undefined, 'a transaction with an earlier number runs');
      going.resolve();
      await transaction;
      assert.equal(await findSettled(store), 2);
      await indexAll(store);
      assert.equal((await findAuditRow(store, 'request-1'))?.position, 1);
      for (const one of [slow, store]) await one.destroy();
    });

  test(`${kind}: rows from before the index are searched by the earlier indexes until it has them, and those are dropped`, async () => {
    const location = await locate();
    const store = openRaw(location);
    const before = migrations.findIndex(({ name }) => name === '0013-audit-index');
    await migrate(store, kind, 1, migrations.slice(0, before));
    await insert(store, 1, 100);
    await migrate(store, kind, 1);
    await insert(store, 101, 120);
    const names = async (): Promise<readonly string[]> => {
      const { rows } = await (kind === 'sqlite'
        ? sql<{
            name: string;
          }>`select name from sqlite_master where type = 'index' and tbl_name = 'audit' and sql is not null`
        : sql<{
            name: string;
          }>`select indexname as name from pg_indexes where tablename = 'audit' and indexname <> 'audit_pkey'`
      ).execute(store);
      return rows.map(({ name }) => name).toSorted();
    };
    const check = async (phase: string): Promise<void> => {
      assert.equal((await readIndexState(store)).phase, phase);
      for (const [name, filter] of Object.entries(filters))
        assert.deepEqual(await findAll(store, filter), expected(filter, 120), `${name}, ${phase}`);
      assert.equal(await findFirstRowTime(store), Math.min(...[1, 2, 3].map((index) => rowOf(index).time)));
    };
    await check('building');
    await indexNextRows(store, 120, 40);
    await check('building');
    await indexAll(store, 40);
    await check('built');
    assert.ok((await names()).length > 5);
    await dropColumnIndexes(store);
    await check('complete');
    assert.deepEqual(await names(), ['audit_chain']);
    await store.destroy();
  });

  test(`${kind}: erasing and deleting rows removes them from the index; writing it again repairs it`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, 1, 100);
    await indexAll(store);
    await store.transaction().execute((transaction) => eraseAuditRow(transaction, 8, 'digest'));
    assert.doesNotMatch(JSON.stringify(await entriesOf(store, 8)), /user|agent|renamed/);
    assert.match(JSON.stringify(await entriesOf(store, 8)), /client-2/);
    assert.match(JSON.stringify(await entriesOf(store, 16)), /user-6.*agent-0/);
    await store
      .transaction()
      .execute((transaction) => deleteChainRows(transaction, { chain: 'one', after: 0, through: 5 }));
    for (const sequence of [1, 5]) assert.deepEqual(await entriesOf(store, sequence), []);
    assert.ok((await entriesOf(store, 6)).length > 0);
    const good = await entriesOf(store);
    const reindex = () => {
      const resumed: number[] = [];
      return reindexAudit(store, { progress: () => undefined, resume: (after) => resumed.push(after) }).then(
        (result) => [result, resumed] as const,
      );
    };
    assert.deepEqual(await reindex(), [{ position: 100, added: 0, removed: 0 }, []]);
    await sql`delete from audit_index where sequence = 40`.execute(store);
    await sql`insert into audit_index values (6, 'nobody', 1, 50), (0, '', 1, 1)`.execute(store);
    assert.ok((await countMissingEntries(store, 5, 100)) > 0);
    // As after an interruption.
    await reindexRows(store, 5, 10);
    const [result, resumed] = await reindex();
    assert.deepEqual([result.removed, resumed], [2, [15]]);
    assert.deepEqual(await entriesOf(store), good);
    await store.destroy();
  });
}
