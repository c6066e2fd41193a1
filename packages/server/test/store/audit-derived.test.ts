// The tables of tokens and counts, which are made of audit rows, on SQLite and on PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { createChains } from '../../src/audit/chain.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { readOverview } from '../../src/audit/overview.ts';
import { columnsOf, textsOf } from '../../src/audit/row.ts';
import { findSettledRow, searchAfter, searchEvents } from '../../src/audit/search.ts';
import { findAncestors, findDescendants, findToken } from '../../src/audit/token-history.ts';
import { startIndexer } from '../../src/audit-retention/indexer.ts';
import { reindexAudit } from '../../src/audit-retention/reindex.ts';
import {
  countMissingDerived,
  deriveNextRows,
  readDerivedPosition,
  removeDerived,
  restartDerived,
} from '../../src/store/audit-derived.ts';
import type { FamilyPlace } from '../../src/store/audit-lineage.ts';
import { deleteChainRows, eraseAuditRow, insertAuditRows } from '../../src/store/audit-rows.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { inSnapshot, openStore, type Store, type StoreLocation } from '../../src/store/store.ts';
import { eventually } from '../support/node.ts';
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

const HOUR = 3_600_000;
const BEGIN = Date.parse('2026-03-01T00:00:00Z');

/** Every fifth request is refused. Token N derives from the token of the row before, in families of ten. */
const eventOfRow = (index: number): AuditEvent => {
  const isRefused = index % 5 === 4;
  const parent = index % 10 === 0 ? `foreign-${index}` : `token-${index - 1}`;
  const trace = { iss: 'https://ours.example', sub: `user-${index % 3}`, id: parent };
  return {
    time: BEGIN + index * 60_000,
    requestId: `request-${index}`,
    action: 'token',
    address: '192.0.2.1',
    client: `client-${index % 2}`,
    subject: trace as unknown as NonNullable<AuditEvent['subject']>,
    outcome: isRefused ? 'refused' : 'issued',
    duration: index % 10,
    ...(isRefused
      ? { reason: 'no_rule_for_subject', audiencesAsked: ['https://a.example'] }
      : {
          targets: index % 4 === 0 ? ['https://a.example', 'https://b.example'] : ['https://b.example'],
          issued: [{ id: `token-${index}`, type: 'access_token', expiresAt: 2_000_000_000 }],
        }),
  };
};

const insert = (store: Store, events: readonly AuditEvent[], from = 1): Promise<void> =>
  insertAuditRows(
    store,
    events.map((event, index) => ({
      ...columnsOf(event),
      ...textsOf(event, 'salt'),
      chain: 'one',
      position: from + index,
      hash: 'hash',
    })),
  );

const eventsOf = (from: number, through: number): readonly AuditEvent[] =>
  Array.from({ length: through - from + 1 }, (_, index) => eventOfRow(from + index));

const deriveAll = async (store: Store, through: number, limit = 1000): Promise<void> => {
  while ((await deriveNextRows(store, through, limit)) !== undefined);
};

const contentOf = async (store: Store) => ({
  tokens: await store
    .selectFrom('audit_tokens')
    .selectAll()
    .orderBy('sequence')
    .orderBy('token')
    .orderBy('child')
    .execute(),
  counts: await store
    .selectFrom('audit_counts')
    .selectAll()
    .orderBy('width')
    .orderBy('kind')
    .orderBy('start')
    .orderBy('term')
    .execute(),
});

const twoHours = { since: BEGIN, until: BEGIN + 2 * HOUR, top: 5 };

for (const kind of ['sqlite', 'postgres'] as const) {
  const locate = locations[kind];

  test(`${kind}: counts requests by minute, reason, audience and client, and says up to which row`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, eventsOf(0, 119));
    await insert(store, [{ ...eventOfRow(1), requestId: 'by-operator', action: 'admin' }], 121);
    await insert(store, [{ ...eventOfRow(4), requestId: 'throttled', count: 40 }], 122);
    await deriveAll(store, 121, 17);
    const found = await readOverview(store, twoHours);
    assert.deepEqual([found.bucketSeconds, found.buckets.length, found.countedUpTo.position], [60, 120, 121]);
    assert.deepEqual(found.total, { issued: 96, refused: 24, failed: 0, p50: 3, p99: 8 });
    assert.deepEqual(found.buckets[4], {
      start: '2026-03-01T00:04:00.000Z',
      issued: 0,
      refused: 1,
      failed: 0,
    });
    assert.deepEqual(
      found.reasons.map(({ outcome, reason, count, countIn }) => [outcome, reason, count, countIn.length]),
      [['refused', 'no_rule_for_subject', 24, 120]],
    );
    assert.deepEqual(
      found.audiences.map(({ name, issued, refused, issuedIn, refusedIn, p50, p99 }) => [
        name,
        issued,
        refused,
        issuedIn.reduce((a, b) => a + b),
        refusedIn.reduce((a, b) => a + b),
        p50,
        p99,
      ]),
      [
        ['https://b.example', 96, 0, 96, 0, 3, 8],
        ['https://a.example', 24, 24, 24, 24, 2, 8],
      ],
    );
    const [first] = (await readOverview(store, { ...twoHours, top: 1 })).clients;
    const rest = (await readOverview(store, { ...twoHours, top: 1 })).clients[1];
    assert.deepEqual([first?.name, first?.issued, first?.refused], ['client-0', 48, 12]);
    assert.deepEqual([rest?.name, rest?.issued, rest?.refused], [undefined, 48, 12]);
    await deriveAll(store, 122);
    assert.equal((await readOverview(store, twoHours)).total.refused, 64, 'a row may stand for many requests');
    const year = await readOverview(store, { since: BEGIN - 200 * 24 * HOUR, until: BEGIN + 100 * 24 * HOUR, top: 5 });
    assert.ok(year.buckets.length <= 120);
    assert.deepEqual(year.total, { issued: 96, refused: 64, failed: 0, p50: 3, p99: 8 });
    await store.destroy();
  });

  test(`${kind}: the names with the most requests in a period of days, which begins and ends within a day`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    const nameOf = (hour: number): string => `client-${(hour * hour) % 11}`;
    const hours = Array.from({ length: 120 }, (_, hour) => hour);
    await insert(
      store,
      hours.map((hour) => ({ ...eventOfRow(0), time: BEGIN + hour * HOUR, client: nameOf(hour) })),
    );
    await deriveAll(store, 120);
    const inPeriod = hours.filter((hour) => hour >= 5 && hour < 100);
    const expected = [...Map.groupBy(inPeriod, nameOf)]
      .map(([name, all]) => ({ name, issued: all.length }))
      .toSorted((a, b) => b.issued - a.issued || (a.name < b.name ? -1 : 1));
    const read = async () => {
      const { clients, audiences, total } = await readOverview(store, {
        since: BEGIN + 5 * HOUR,
        until: BEGIN + 100 * HOUR,
        top: 3,
      });
      assert.deepEqual([total.issued, audiences.map(({ issued }) => issued)], [95, [95, 95]]);
      const [first] = clients;
      assert.deepEqual(
        first?.issuedIn.flatMap((count, bucket) => (count > 0 ? 5 + bucket : [])),
        inPeriod.filter((hour) => nameOf(hour) === first?.name),
      );
      const others = clients.find(({ name }) => name === undefined)?.issued ?? 0;
      assert.equal(
        clients.reduce((sum, { issued }) => sum + issued, 0),
        95,
      );
      assert.ok(others > 0);
      return clients.flatMap(({ name, issued }) => (name === undefined ? [] : { name, issued }));
    };
    assert.deepEqual(await read(), expected.slice(0, 3));
    // A day that counts some names together does not know who has the most.
    await sql`update audit_counts set term = '' where width = 86400000 and term = ${expected[0]?.name ?? ''}`.execute(
      store,
    );
    assert.deepEqual(await read(), expected.slice(0, 3));
    await store.destroy();
  });

  test(`${kind}: names beyond a limit are counted together`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    for (let from = 0; from < 1200; from += 300) {
      const events = Array.from({ length: 300 }, (_, index) => ({
        ...eventOfRow(0),
        client: `https://${from + index}.example`,
      }));
      await insert(store, events, from + 1);
      await deriveAll(store, from + 300);
    }
    const { total, clients } = await readOverview(store, { since: BEGIN, until: BEGIN + 60_000, top: 2 });
    assert.deepEqual([total.issued, clients.reduce((sum, { issued }) => sum + issued, 0)], [1200, 1200]);
    const { rows } = await sql<{ count: number }>`select count(*) as count from audit_counts
      where kind = 6 and width = 60000`.execute(store);
    assert.equal(Number(rows[0]?.count), 601);
    await store.destroy();
  });

  test(`${kind}: an audience whose durations are not all counted by name has none`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    const events = Array.from({ length: 450 }, (_, index) => ({
      ...eventOfRow(0),
      duration: 7,
      targets: [index < 250 ? 'https://often.example' : `https://${index}.example`],
    }));
    await insert(store, events);
    await deriveAll(store, 450);
    await insert(
      store,
      [...events.keys()]
        .slice(0, 400)
        .map((index) => ({ ...eventOfRow(0), targets: [`https://more-${index}.example`] })),
      451,
    );
    await deriveAll(store, 850);
    const minute = { since: BEGIN, until: BEGIN + 60_000, top: 1 };
    const often = async () => (await readOverview(store, minute)).audiences[0];
    assert.deepEqual([(await often())?.issued, (await often())?.p50, (await often())?.p99], [250, 7, 7]);
    await insert(store, [{ ...eventOfRow(0), duration: 3000, targets: ['https://often.example'] }], 851);
    await deriveAll(store, 851);
    assert.deepEqual(
      [(await often())?.issued, (await often())?.p50, (await often())?.p99],
      [251, undefined, undefined],
    );
    await store.destroy();
  });

  test(`${kind}: deleted rows leave no count of names that were counted together`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    for (let from = 0; from < 900; from += 300) {
      const events = Array.from({ length: 300 }, (_, index) => ({
        ...eventOfRow(0),
        client: `https://${from + index}.example`,
      }));
      await insert(store, events, from + 1);
      await deriveAll(store, from + 300);
    }
    for (const after of [0, 300, 600]) {
      await store
        .transaction()
        .execute((inner) => deleteChainRows(inner, { chain: 'one', after, through: after + 300 }));
      const { total, clients } = await readOverview(store, { since: BEGIN, until: BEGIN + 60_000, top: 2 });
      const left = 600 - after;
      assert.deepEqual([total.issued, clients.reduce((sum, { issued }) => sum + issued, 0)], [left, left]);
    }
    assert.deepEqual((await contentOf(store)).counts, []);
    await store.destroy();
  });

  test(`${kind}: rows with claims of unusual text are read, and do not stop the others`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    const texts = ['\0', '\0\0a\0', '\ud800', '\udfff\ud800x', '\\u0000', '\\\0', '😀', '\u0001', '"\n'];
    const events = texts.map((text, index) => ({
      ...eventOfRow(10 * index),
      facts: { 'subject.claims.team': text, [text]: 1 },
      scopeGiven: [text],
    }));
    await insert(store, [...events, eventOfRow(1)]);
    await deriveAll(store, texts.length + 1);
    for (const index of texts.keys())
      assert.equal((await findToken(store, `token-${10 * index}`))?.source, 'issued', JSON.stringify(texts[index]));
    const { total } = await readOverview(store, { since: BEGIN, until: BEGIN + 2 * HOUR, top: 2 });
    assert.equal(total.issued, texts.length + 1);
    await store.destroy();
  });

  test(`${kind}: deleted and erased rows leave the tables, and reindexing makes the same tables of the rows`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, eventsOf(0, 59));
    await deriveAll(store, 40);
    await store.transaction().execute((inner) => deleteChainRows(inner, { chain: 'one', after: 0, through: 20 }));
    await store.transaction().execute((inner) => eraseAuditRow(inner, 31, 'digest'));
    await store.transaction().execute((inner) => deleteChainRows(inner, { chain: 'one', after: 50, through: 52 }));
    await deriveAll(store, 60);
    assert.equal(await countMissingDerived(store, 0, 60), 0);
    const before = await contentOf(store);
    assert.equal((await readOverview(store, twoHours)).total.issued, 29 + 1);
    assert.ok(before.tokens.every(({ sequence, role }) => sequence > 20 && !(sequence === 31 && role === 2)));
    await store.deleteFrom('audit_tokens').where('sequence', '=', 41).execute();
    assert.equal(await countMissingDerived(store, 0, 60), 2);
    await store
      .insertInto('audit_counts')
      .values({ width: 60_000, kind: 1, start: BEGIN, term: '', count: 5 })
      .execute();
    await reindexAudit(store, { progress: () => undefined, resume: () => undefined });
    assert.deepEqual(await contentOf(store), before);
    assert.equal(await readDerivedPosition(store), 60);
    await store.destroy();
  });

  test(`${kind}: tables that are emptied while they are read hide nothing that an answer says it has`, async () => {
    const location = await locate();
    const [store, other] = [await openStore(location, 'write', 1), await openStore(location, 'write', 1)];
    await insert(store, eventsOf(0, 59));
    const reads = {
      'a search': async (from: Store) => (await searchEvents(from, { tokens: ['token-0'] }, { limit: 9 })).found.length,
      'the overview': async (from: Store) => {
        const { countedUpTo, total } = await readOverview(from, twoHours);
        return [countedUpTo.position, total.issued];
      },
      'the descendants': async (from: Store) => {
        const { all, upTo } = await findDescendants(from, 'token-0', { after: undefined, limit: 9, now: BEGIN });
        return [upTo.position, all];
      },
    };
    const complete = { 'a search': [2], 'the overview': [[60, 48]], 'the descendants': [[60, 3]] };
    const empty = { 'a search': [], 'the overview': [[0, 0]], 'the descendants': [[0, 0]] };
    for (const [name, read] of Object.entries(reads)) {
      const known: readonly unknown[] = [...complete[name as keyof typeof reads], ...empty[name as keyof typeof reads]];
      let restarts = 0;
      for (let at = 1, results = at; results >= at; at++) {
        await deriveAll(store, 60);
        results = 0;
        const watched = store.withPlugin({
          transformQuery: ({ node }) => node,
          transformResult: async ({ result }) => {
            // In PostgreSQL it waits for a transaction that has read the tables.
            if (++results === at)
              await restartDerived(other).then(
                () => restarts++,
                () => undefined,
              );
            return result;
          },
        });
        const answer = await read(watched);
        assert.ok(
          known.some((one) => isDeepStrictEqual(one, answer)),
          `${name}, emptied after ${at} results: ${answer}`,
        );
      }
      assert.ok(restarts > 2, name);
    }
    for (const one of [store, other]) await one.destroy();
  });

  test(`${kind}: lists the descendants of a token in pages, counts the living ones, and follows a token to its origin`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, eventsOf(0, 19));
    await deriveAll(store, 18);
    const page = (after?: FamilyPlace) => findDescendants(store, 'token-0', { after, limit: 2, now: BEGIN });
    const first = await page();
    assert.deepEqual([first.all, first.living, first.isComplete, first.upTo.position], [3, 3, true, 18]);
    const second = await page(first.next);
    assert.deepEqual(
      [...first.tokens, ...second.tokens].map(({ id }) => id),
      ['token-1', 'token-2', 'token-3'],
    );
    await store.insertInto('revocations').values({ id: 'token-2', revoked_at: 1, kind: 'token', name: null }).execute();
    const after = await page();
    assert.deepEqual([after.all, after.living], [3, 1]);
    assert.deepEqual(
      [...after.tokens, ...(await page(after.next)).tokens].map(({ isCut }) => isCut),
      [false, false, true],
    );
    assert.equal((await findDescendants(store, 'token-0', { after: undefined, limit: 2, now: 3e12 })).living, 0);
    for (const id of ['token-3', 'token-18']) {
      const found = (await findToken(store, id)) ?? assert.fail(`${id}: a row that is not in the table yet is read`);
      const { ancestors } = await findAncestors(store, found);
      assert.deepEqual([found.source, ancestors.length], ['issued', 4]);
    }
    assert.equal((await findToken(store, 'foreign-0'))?.source, 'presented');
    assert.equal(await findToken(store, 'nothing'), undefined);
    await store.destroy();
  });

  test(`${kind}: the numbers of descendants are those of the list, while rows are read`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    const trace = eventOfRow(0).subject as NonNullable<AuditEvent['subject']>;
    await insert(
      store,
      Array.from({ length: 60 }, (_, index) => ({
        ...eventOfRow(10 * index),
        subject: { ...trace, id: 'root' },
      })),
    );
    let isRead = false;
    const reading = deriveAll(store, 60, 1).then(() => {
      isRead = true;
    });
    while (!isRead) {
      const { all, tokens, upTo } = await findDescendants(store, 'root', { after: undefined, limit: 200, now: BEGIN });
      assert.deepEqual([all, upTo.position], [tokens.length, tokens.length]);
    }
    await reading;
    await store.destroy();
  });

  test(`${kind}: rows after a position come in the order of writing, each once, also with filters`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, eventsOf(0, 99));
    for (const filter of [{}, { party: 'user-1' }, { tokens: ['token-5'] }, { reason: 'no_rule_for_subject' }]) {
      const found: string[] = [];
      for (let after = 0, more = true; more; ) {
        const page = await searchAfter(store, filter, { after, limit: 7, settled: await findSettledRow(store) });
        found.push(...page.found.map(({ event }) => event.requestId));
        ({ position: after, more } = page);
      }
      const listed = await searchEvents(store, filter, { limit: 200 });
      assert.deepEqual(found, listed.found.map(({ event }) => event.requestId).toReversed(), JSON.stringify(filter));
    }
    await store.destroy();
  });

  test(`${kind}: a batch is in both tables with its position, or in neither; the background work goes on there`, async () => {
    const store = await openStore(await locate(), 'write', 1);
    await insert(store, eventsOf(0, 99));
    await deriveAll(store, 20);
    const before = await contentOf(store);
    await sql
      .raw(
        kind === 'sqlite'
          ? "create trigger broken before insert on audit_counts when new.kind = 6 begin select raise(abort, 'broken'); end"
          : 'alter table audit_counts add constraint broken check (kind <> 6) not valid',
      )
      .execute(store);
    await assert.rejects(deriveNextRows(store, 100, 20), /broken/);
    assert.deepEqual(await contentOf(store), before);
    await sql
      .raw(kind === 'sqlite' ? 'drop trigger broken' : 'alter table audit_counts drop constraint broken')
      .execute(store);
    const indexer = startIndexer({ store, chains: createChains(), report: () => undefined });
    await eventually(
      () => readDerivedPosition(store),
      (position) => position === 100,
    );
    await indexer.stop();
    const { total } = await readOverview(store, twoHours);
    assert.deepEqual([total.issued, total.refused], [80, 20]);
    await store.destroy();
  });
}

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`${kind}: a row whose JSON was altered stops neither the others, nor a deletion, nor the check of the tables`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    await insert(store, eventsOf(0, 9));
    await sql`update audit set event = 'no JSON' where sequence = 3`.execute(store);
    await sql`update audit set event = '{"action":"token","issued":["x",{"id":7}],"targets":{"a":1}}', personal = '[' where sequence = 4`.execute(
      store,
    );
    await deriveAll(store, 10);
    // SQLite reads each text by itself.
    assert.equal((await readOverview(store, twoHours)).total.issued, kind === 'sqlite' ? 7 : 6);
    await inSnapshot(store, async (database) => assert.equal(await countMissingDerived(database, 0, 10), 0));
    await store.transaction().execute((transaction) => removeDerived(transaction, sql`sequence <= 5`, 'all'));
    assert.equal((await readOverview(store, twoHours)).total.issued, 4);
    await store.destroy();
  });
}
