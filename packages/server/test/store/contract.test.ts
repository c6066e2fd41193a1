// The contract of the store's functions, tested on SQLite and on PostgreSQL.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { createChains } from '../../src/audit/chain.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { type Changes, createAuditLog } from '../../src/audit/log.ts';
import { createUseReader } from '../../src/audit/use.ts';
import { commitWrites } from '../../src/audit/write.ts';
import { findFamily as readFamily } from '../../src/issuing/family.ts';
import { createLeashCounter } from '../../src/issuing/leash-counter.ts';
import { openRevocations } from '../../src/issuing/revocations.ts';
import { createTokenIds } from '../../src/issuing/token-ids.ts';
import { sinceRotation } from '../../src/model/refresh-family.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { countRows, insertAuditRows, listChainRows, ROWS_AT_ONCE } from '../../src/store/audit-rows.ts';
import { findAuditRow, searchAuditRows } from '../../src/store/audit-search.ts';
import {
  claimApplied,
  claimRejected,
  deleteUnusedTexts,
  findConfigurationTexts,
  insertTexts,
  listTexts,
  touchTexts,
} from '../../src/store/configurations.ts';
import { createFreshness } from '../../src/store/freshness.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { migrate, rollBack } from '../../src/store/migrations/migrate.ts';
import type { Migration } from '../../src/store/migrations/migration.ts';
import { deleteNode, insertNode, listKept, listNodes } from '../../src/store/nodes.ts';
import { changesOne, type OneRow } from '../../src/store/one-row.ts';
import { findOpaqueToken, opaqueTokenInsertion } from '../../src/store/opaque-tokens.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { familyAdvance, familyInsertion, selectFamily, unrevokedFamily } from '../../src/store/refresh-families.ts';
import { insertManyRevoked, listRevocations, revocation } from '../../src/store/revocations.ts';
import type { Database, RefreshFamilyRow } from '../../src/store/schema.ts';
import { findSecret, insertSecret, replaceSecret } from '../../src/store/secrets.ts';
import {
  consumeArtifact,
  deleteArtifact,
  findArtifact,
  pollArtifact,
  putArtifact,
} from '../../src/store/sign-in-artifacts.ts';
import { deleteSigningKey, insertSigningKey, listSigningKeys, resealSigningKey } from '../../src/store/signing-keys.ts';
import { versionReaderOf } from '../../src/store/sqlite.ts';
import {
  isReachable,
  listen,
  openStore,
  orUnavailable,
  type Store,
  type StoreLocation,
} from '../../src/store/store.ts';
import { sweep } from '../../src/store/sweep.ts';
import { firstUse, isUsed, useId } from '../../src/store/used-ids.ts';
import { newDataFolder } from '../support/data-folder.ts';
import { eventually } from '../support/node.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';

const insertFamily = (store: Database, row: Parameters<typeof familyInsertion>[0]) =>
  changesOne(store, familyInsertion(row));
const advanceFamily = (store: Database, rotation: Parameters<typeof familyAdvance>[0]) =>
  changesOne(store, familyAdvance(rotation));
const insertOpaqueToken = (store: Database, row: Parameters<typeof opaqueTokenInsertion>[0]) =>
  changesOne(store, opaqueTokenInsertion(row));
const insertRevocation = (store: Database, id: string, now: number) => changesOne(store, revocation(id, now));

const CONCURRENT_CALLS = 24;
const HOUR_MS = 3_600_000;
const folder = newDataFolder();
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
const kinds = ['sqlite', 'postgres'] as const;

/** The most that the next version may do to the schema: a new column in every table, and a new table. */
const later: Migration = {
  name: '9999-later',
  up: async (schema, sequence) => {
    for (const table of tables) await schema.alterTable(table).addColumn('later', 'text').execute();
    await schema.createTable('later').addColumn('id', sequence.type, sequence.build).execute();
  },
  down: async (schema) => {
    for (const table of tables) await schema.alterTable(table).dropColumn('later').execute();
    await schema.dropTable('later').execute();
  },
  holds: ['later', 'audit.later'],
};
const tables = [...new Set(migrations.flatMap(({ holds }) => holds).filter((name) => !name.includes('.'))), 'nodes'];

const family = (id: string, changed: Partial<RefreshFamilyRow> = {}): RefreshFamilyRow => ({
  id,
  client: 'gateway',
  generation: 0,
  rotated_at: 1,
  expires_at: 2 ** 41,
  confirmation: null,
  remembered: '{}',
  ...changed,
});

const auditRow = (request_id: string, position = 1) => ({
  time: 2 ** 41,
  request_id,
  outcome: 'issued',
  reason: null,
  client: 'gateway',
  subject: null,
  actor: null,
  rule: null,
  principal: null,
  audience: null,
  chain: `chain of ${request_id.split(' ')[0]}`,
  position,
  hash: 'hash',
  personal: '{}',
  event: JSON.stringify({ requestId: request_id, text: 'ü 𝒳 "\\' }),
});

const signingKey = (kid: string, activates_at: number, alg = 'ES256') => ({
  kid,
  alg,
  private_key: `sealed ${kid}`,
  created_at: activates_at,
  activates_at,
});

/** Copies the row, since rows of SQLite have no prototype. */
const plain = <T extends object>(row: T | undefined): T | undefined => row && { ...row };

/** Runs concurrent calls; half of them through the store of another node. */
const race = <T>(stores: readonly Store[], work: (store: Store) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: CONCURRENT_CALLS }, (_, index) => work(stores[index % stores.length] as Store)));

/** Migrates in a process of its own, as a starting node does. */
const openElsewhere = (t: TestContext, location: StoreLocation, now: number) => {
  const script = `import { openStore } from './packages/server/src/store/store.ts';
    await (await openStore(${JSON.stringify(location)}, 'write', ${now})).destroy();`;
  return runProgram(t, [process.execPath, '--conditions=source', '--input-type=module', '--eval', script]);
};

/** Two nodes on one database, with the schema of this version and of the next one. */
async function openNodes(kind: (typeof kinds)[number], known: readonly Migration[]): Promise<readonly [Store, Store]> {
  const location = await locations[kind]();
  // On threads, as in a server. The other one is like a command.
  const one = await openStore(location, 'write', 1, 'migrate', { report: assert.fail });
  await migrate(one, kind, 1, known);
  // The second node finds the schema of the first.
  const two = await openStore(location, 'write', 2);
  after(async () => {
    await one.destroy();
    await two.destroy();
  });
  return [one, two];
}

// Open all before the first test: the runner would not wait for those that come later.
const nodes = {
  sqlite: await openNodes('sqlite', migrations),
  'sqlite one step ahead': await openNodes('sqlite', [...migrations, later]),
  postgres: await openNodes('postgres', migrations),
  'postgres one step ahead': await openNodes('postgres', [...migrations, later]),
};

for (const [name, [one, two]] of Object.entries(nodes)) {
  test(`${name}: exactly one of several concurrent uses of an id succeeds, on one node and on two`, async () => {
    assert.equal(await isUsed(one, 'id'), false);
    const first = await race([one, two], (store) => useId(store, 'id', 5));
    assert.equal(first.filter(Boolean).length, 1);
    assert.equal(await isUsed(two, 'id'), true);
    assert.equal(await useId(two, 'another', 5), true);
  });

  test(`${name}: exactly one of several concurrent rotations of a family succeeds`, async () => {
    await insertFamily(one, family('raced'));
    const advanced = await race([one, two], (store) =>
      advanceFamily(store, { id: 'raced', generation: 0, now: 7, by: 'node', confirmation: null }),
    );
    assert.equal(advanced.filter(Boolean).length, 1);
    const { rotated_by, rotated_ago, ...row } = (await selectFamily(two, 'raced')) ?? {};
    assert.deepEqual(
      [row, rotated_by, typeof rotated_ago],
      [family('raced', { generation: 1, rotated_at: 7 }), 'node', 'number'],
    );
    assert.equal(
      await advanceFamily(two, { id: 'raced', generation: 1, now: 8, by: 'node', confirmation: 'key' }),
      true,
    );
    // The binding never changes.
    assert.equal(
      await advanceFamily(two, { id: 'raced', generation: 2, now: 9, by: 'node', confirmation: 'other' }),
      true,
    );
    assert.equal((await selectFamily(two, 'raced'))?.confirmation, 'key');
  });

  test(`${name}: exactly one of several concurrent uses of a code succeeds, and none of an expired code`, async () => {
    const artifact = (id: string) => ({ id, handle: `handle of ${id}`, payload: 'sealed', expires_at: 2 ** 41 });
    await putArtifact(one, artifact('raced'));
    const consumed = await race([one, two], (store) => consumeArtifact(store, 'raced', 7));
    assert.equal(consumed.filter(Boolean).length, 1);
    // A later update does not make it usable again.
    await putArtifact(two, { ...artifact('raced'), payload: 'other' });
    const found = await findArtifact(one, 'handle', 'handle of raced');
    assert.deepEqual([found?.payload, found?.consumed_at], ['other', 7]);
    await putArtifact(one, { ...artifact('late'), expires_at: 7 });
    assert.equal(await consumeArtifact(two, 'late', 7), false);
    assert.equal(await consumeArtifact(two, 'late', 6), true);
    await deleteArtifact(one, 'late');
    assert.equal(await findArtifact(two, 'id', 'late'), undefined);
  });

  test(`${name}: a device that polls too soon must wait five seconds longer from then on`, async () => {
    await putArtifact(one, { id: 'device', handle: null, payload: 'sealed', expires_at: 2 ** 41 });
    const times = [10_000, 14_999, 24_998, 39_998];
    const polled = [];
    for (const now of times) polled.push(await pollArtifact(two, 'device', now));
    assert.deepEqual(polled, ['polled', 'too soon', 'too soon', 'polled']);
  });

  test(`${name}: does not advance a family that is revoked, expired, unknown or of another generation`, async () => {
    await insertFamily(one, family('revoked'));
    await insertFamily(one, family('expired', { expires_at: 10 }));
    await insertFamily(one, family('further', { generation: 2 }));
    await insertRevocation(two, 'revoked', 1);
    for (const [id, now] of [
      ['revoked', 5],
      ['expired', 10],
      ['further', 5],
      ['unknown', 5],
    ] as const) {
      assert.equal(await advanceFamily(one, { id, generation: 0, now, by: 'node', confirmation: null }), false, id);
    }
    assert.equal(
      await advanceFamily(one, { id: 'expired', generation: 0, now: 9, by: 'node', confirmation: null }),
      true,
    );
    assert.equal(await selectFamily(one, 'unknown'), undefined);
    await assert.rejects(insertFamily(one, family('further')), 'an id is taken once');
  });

  test(`${name}: writes a revocation once and reads revocations in sequence`, async () => {
    const before = await listRevocations(one, 0);
    await race([one, two], (store) => insertRevocation(store, 'a token', 3));
    await insertRevocation(two, 'another token', 4);
    const rows = (await listRevocations(one, before.at(-1)?.sequence ?? 0)).map(({ id }) => id);
    assert.deepEqual(rows, ['a token', 'another token']);
    const all = await listRevocations(two, 0);
    assert.deepEqual(
      all.map(({ sequence }) => sequence),
      all.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
    );
    assert.deepEqual(await listRevocations(one, all.at(-1)?.sequence ?? 0), []);
  });

  test(`${name}: gives each bulk revocation a later time than all earlier ones, even if clocks differ`, async () => {
    const revoke = (store: Store, now: number) =>
      store.transaction().execute((database) => insertManyRevoked(database, [{ kind: 'subject', name: 'ada' }], now));
    assert.equal(await revoke(one, 5000), 5000);
    assert.equal(await revoke(two, 4000), 5001);
    // SQLite blocks the process while it waits, so the other store of this process could not finish. Four: each waits for those
    // before it, and a statement that waits for 450 ms on a busy machine fails.
    const stores = name.startsWith('postgres') ? [one, two] : [one, one];
    const raced = await Promise.all([...stores, ...stores].map((store) => revoke(store, 4500)));
    assert.deepEqual(raced.toSorted(), [5002, 5003, 5004, 5005]);
    assert.equal(await revoke(one, 9000), 9000);
    const [row, ...others] = (await listRevocations(two, 0)).filter(({ kind }) => kind === 'subject');
    assert.deepEqual([row?.id, row?.name, Number(row?.revoked_at), others.length], ['subject:ada', 'ada', 9000, 0]);
  });

  test(`${name}: revokes a name of any length that a token can have, and no other`, async () => {
    const ids = createTokenIds('key', Date.now);
    const issuer = 'https://us.example';
    const refuseStale = () => undefined;
    const about = { issuer, clock: () => 1, freshness: createFreshness(), ids, refuseStale } as const;
    const [revoking, polling] = [await openRevocations(one, about), await openRevocations(two, about)];
    const commit = (write: (database: Database) => Promise<void>) => one.transaction().execute(write);
    const facts = { lineage: [], actorLineage: [], principal: { iss: 'x', sub: 'x' }, chain: [], issuedAt: 0 };
    for (const sub of ['語'.repeat(1024), 'x'.repeat(1024), '𝒳'.repeat(4096)]) {
      const token = { ...facts, id: ids.make(revoking.epoch()), sub, clientId: sub };
      const other = { ...token, sub: `${sub}.`, clientId: `${sub}.` };
      assert.equal(polling.isRevoked(token), false);
      await revoking.revokeMany([{ subject: sub }, { client: sub }, { principal: { iss: sub, sub } }], commit);
      await polling.poll();
      for (const node of [revoking, polling])
        assert.deepEqual([node.isRevoked(token), node.isRevoked(other)], [true, false]);
      assert.equal(polling.isRevoked({ ...token, id: ids.make(polling.epoch()) }), false);
    }
  });

  test(`${name}: a node misses no revocation that is committed after many later ones`, async () => {
    const ids = createTokenIds('key', Date.now);
    const about = { issuer: 'https://us.example', clock: () => 1, freshness: createFreshness(), ids };
    const node = await openRevocations(two, { ...about, refuseStale: () => undefined });
    const wrote = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const late = one.transaction().execute(async (transaction) => {
      await transaction.executeQuery(revocation('late', 1)(transaction).compile());
      wrote.resolve();
      // SQLite has one writer at a time.
      if (name === 'postgres') await going.promise;
    });
    await wrote.promise;
    const subjects = Array.from({ length: 1500 }, (_, index) => ({ kind: 'subject', name: `late-${index}` }) as const);
    await two.transaction().execute((transaction) => insertManyRevoked(transaction, subjects, 1));
    await node.poll();
    assert.equal(node.anyOf(['late']), name !== 'postgres');
    going.resolve();
    await late;
    // The database has nothing new since the poll that met the open transaction, by the latest numbers.
    await node.poll('nothing');
    assert.equal(node.anyOf(['late']), true);
  });

  test(`${name}: of requests that come at once, counts exactly as many as a limit allows, and leaves no gap`, async () => {
    const counter = createLeashCounter(() => 1_000_000, { isRevoked: () => false });
    const limits = { perMinute: 5, perDay: 8, delegation: 'unbounded', descendants: 7 } as const;
    const leashes = [{ key: 'client agent', name: 'client agent', limits }];
    const principal = { iss: 'https://us.example', sub: 'ada' };
    const facts = { lineage: [], actorLineage: [], principal, sub: 'ada', clientId: 'agent', chain: [], issuedAt: 0 };
    let ids = 0;
    const logs = new Map([one, two].map((store) => [store, createAuditLog(store, createChains())]));
    const issueAt = async (store: Store, now: number): Promise<string> => {
      const write = counter.count({ leashes, tokens: [{ id: `token ${ids++}`, expiresAt: 10_000 }], facts }, now);
      const event: AuditEvent = { time: now, requestId: `limited ${name} ${ids}`, action: 'token', outcome: 'issued' };
      // Alone, or with the rows of other requests, where the database can.
      const committed =
        ids % 3 === 0 || name.startsWith('postgres')
          ? store.transaction().execute(write.run)
          : commitWrites(logs.get(store) ?? assert.fail(), event, [write]);
      return committed.then(
        () => 'issued',
        (error) => (error instanceof Refusal ? error.reason : String(error)),
      );
    };
    // SQLite blocks the process while it waits, so the other store of this process could not finish.
    const stores = name.startsWith('postgres') ? [one, two] : [one];
    // On a busy machine a transaction waits for the others until it is cut off: nothing of it is written, and it is repeated.
    const decided = (store: Store, now: number): Promise<string> =>
      eventually(
        () => issueAt(store, now),
        (answer) => answer === 'issued' || answer.startsWith('actor_limit'),
      );
    const raced = async (now: number): Promise<readonly string[]> =>
      (
        await Promise.all(Array.from({ length: 12 }, (_, index) => decided(stores[index % stores.length] ?? one, now)))
      ).toSorted();
    const times = (count: number, text: string): readonly string[] => Array(count).fill(text);
    assert.deepEqual(await raced(1_000_000), [...times(7, 'actor_limit_minute'), ...times(5, 'issued')]);
    // A node whose clock is behind counts on.
    assert.equal(await issueAt(two, 990_000), 'actor_limit_minute');
    assert.deepEqual(await raced(1_060_000), [...times(10, 'actor_limit_descendants'), ...times(2, 'issued')]);
    const { rows } = await sql<{ number: number }>`select number from leash_counts`.execute(two);
    assert.deepEqual(
      rows.map(({ number }) => Number(number)),
      [7],
    );
    await sweep(one, 1_060_000 + 30 * HOUR_MS);
    assert.equal(await issueAt(one, 1_060_000 + 30 * HOUR_MS), 'issued');
  });

  test(`${name}: a transaction that begins when its caller was answered writes nothing, and delays nobody`, async () => {
    const log = createAuditLog(one, createChains());
    const eventOf = (requestId: string): AuditEvent => ({ time: 1, requestId, action: 'token', outcome: 'issued' });
    const [busy, freed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // All connections: SQLite has one, and PostgreSQL ten.
    const holders = Array.from({ length: name.startsWith('postgres') ? 10 : 1 }, () =>
      one.transaction().execute(async (transaction) => {
        await sql`select 1`.execute(transaction);
        busy.resolve();
        await freed.promise;
      }),
    );
    await busy.promise;
    let begun = 0;
    const count = async (): Promise<void> => void begun++;
    const late = log.appendWith(eventOf(`late ${name}`), count, 50);
    const inTime = log.appendWith(eventOf(`in time ${name}`), count, 60_000);
    await assert.rejects(late, { reason: 'store_unavailable' });
    freed.resolve();
    await Promise.all([...holders, inTime]);
    assert.equal(begun, 1);
    const { rows } = await sql<{
      id: string;
    }>`select request_id as id from audit where request_id like ${`%in time ${name}`}
      or request_id like ${`late ${name}`}`.execute(two);
    assert.deepEqual(
      rows.map(({ id }) => id),
      [`in time ${name}`],
    );
  });

  test(`${name}: a refresh that is repeated is committed with other requests, unless its family is revoked`, async () => {
    await insertFamily(one, family('repeated'));
    const statement = unrevokedFamily('repeated');
    assert.equal(await changesOne(one, statement), true);
    assert.equal(await changesOne(one, unrevokedFamily('unknown')), false);
    const before = await readFamily(two, 'repeated');
    const log = createAuditLog(one, createChains());
    const event: AuditEvent = { time: 1, requestId: `repeated ${name}`, action: 'token', outcome: 'issued' };
    const append = (requestId: string, statements: readonly OneRow[], order: Changes['order'] = 'any') =>
      log.append({ ...event, requestId: `${requestId} ${name}` }, { statements, order });
    assert.equal(await append('repeated', [statement]), 'committed');
    assert.deepEqual(await readFamily(two, 'repeated'), before);
    // Of PostgreSQL, the statements of a request see none of each other.
    const inOrder = name.startsWith('postgres') ? 'not committed' : 'committed';
    assert.equal(await append('in order', [statement], 'one after the other'), inOrder);
    for (const [use, other, outcome] of [
      ['both hold', 'repeated', 'committed'],
      ['one holds', 'unknown', 'not committed'],
      ['both hold', 'repeated', 'not committed'],
    ] as const) {
      const [id, expiresAt] = [`${use} ${name}`, 9_000_000_000_000];
      const before = [await isUsed(two, id), await countRows(two)];
      assert.equal(await append(use, [firstUse(id, expiresAt), unrevokedFamily(other)]), outcome);
      const after = [await isUsed(two, id), await countRows(two)];
      const [used, rows] = before as [boolean, number];
      assert.deepEqual(
        after,
        outcome === 'committed' ? [true, rows + 1] : [used, rows],
        `${use}: all of it or nothing`,
      );
    }
    await sql`insert into revocations (id, revoked_at) values ('repeated', 1)`.execute(two);
    assert.equal(await changesOne(one, statement), false);
    assert.equal(await append('refused', [statement]), 'not committed');
  });

  test(`${name}: measures the time since a rotation by the process that did it, or by the database`, async () => {
    await insertFamily(one, family('rotated'));
    const age = async (by: { now: number; node: string }) => {
      const found = await readFamily(two, 'rotated');
      return found && sinceRotation(found, by);
    };
    assert.equal(await age({ now: 5, node: 'a' }), 4, 'never rotated');
    await advanceFamily(one, { id: 'rotated', generation: 0, now: 1_000_000, by: 'a', confirmation: null });
    assert.equal(await age({ now: 1_000_500, node: 'a' }), 500);
    const elsewhere = Number(await age({ now: 0, node: 'b' }));
    assert.ok(elsewhere >= 0 && elsewhere < 60_000, String(elsewhere));
  });

  test(`${name}: reads audit rows as they were written, oldest first`, async () => {
    const names = Array.from({ length: ROWS_AT_ONCE }, (_, index) => `request ${index}`);
    await insertAuditRows(
      one,
      names.map((name, index) => auditRow(name, index + 1)),
    );
    assert.equal((await findAuditRow(two, 'request 3'))?.event, auditRow('request 3').event);
    assert.equal(await findAuditRow(two, 'request'), undefined);
    const chain = 'chain of request';
    const firstPage = await listChainRows(two, { chain, after: 0, limit: 10 });
    const rest = await listChainRows(two, { chain, after: firstPage.at(-1)?.position ?? 0, limit: 100 });
    assert.deepEqual(
      [...firstPage, ...rest].map(({ event }) => JSON.parse(event).requestId),
      names,
    );
    await assert.rejects(insertAuditRows(two, [auditRow('request again', 3)]), 'a position in a chain is unique');
  });

  test(`${name}: a transaction that fails leaves nothing behind, and the next one succeeds`, async () => {
    const work = (reason: string) =>
      one.transaction().execute(async (transaction) => {
        await useId(transaction, `${reason} id`, 5);
        await insertAuditRows(transaction, [auditRow(reason)]);
        if (reason === 'fails') throw new Error('half-way');
      });
    await assert.rejects(work('fails'), /half-way/);
    await work('succeeds');
    for (const [reason, expected] of [
      ['fails', false],
      ['succeeds', true],
    ] as const) {
      assert.equal(await isUsed(two, `${reason} id`), expected);
      assert.equal((await findAuditRow(two, reason)) !== undefined, expected);
    }
  });

  test(`${name}: finds an opaque token by its hash`, async () => {
    await insertOpaqueToken(one, { hash: 'hash', claims: '{"sub":"ada"}', expires_at: 5 });
    assert.equal(await findOpaqueToken(two, 'hash'), '{"sub":"ada"}');
    assert.equal(await findOpaqueToken(two, 'other'), undefined);
    await assert.rejects(insertOpaqueToken(two, { hash: 'hash', claims: '{}', expires_at: 5 }));
  });

  test(`${name}: of several nodes that insert a secret or a key for the same time, one succeeds`, async () => {
    let made = 0;
    await race([one, two], (store) => insertSecret(store, 'shared', `value ${made++}`));
    const value = await findSecret(one, 'shared');
    assert.equal(await findSecret(two, 'shared'), value);
    await replaceSecret(two, 'shared', 'sealed again');
    assert.equal(await findSecret(one, 'shared'), 'sealed again');
    assert.equal(await findSecret(one, 'other'), undefined);
    await race([one, two], (store) => insertSigningKey(store, signingKey(`key ${made++}`, 100), []));
    assert.equal((await listSigningKeys(one)).length, 1);
  });

  test(`${name}: lists signing keys oldest first, seals them again and deletes them`, async () => {
    for (const { kid } of await listSigningKeys(one)) await deleteSigningKey(one, kid);
    for (const key of [signingKey('b', 300), signingKey('a', 200), signingKey('c', 200, 'RS256')]) {
      await insertSigningKey(one, key, []);
    }
    await resealSigningKey(two, { ...signingKey('a', 999), private_key: 'sealed again' });
    await deleteSigningKey(two, 'c');
    await deleteSigningKey(two, 'never there');
    assert.deepEqual((await listSigningKeys(one)).map(plain), [
      { ...signingKey('a', 200), private_key: 'sealed again' },
      signingKey('b', 300),
    ]);
  });

  test(`${name}: a node whose clock is fast deletes nothing that has not expired by the clock of the database`, async () => {
    await useId(one, 'good', Date.now());
    await useId(one, 'over', Date.now() - 2 * HOUR_MS);
    await sweep(two, Date.now() + 24 * HOUR_MS);
    assert.deepEqual([await isUsed(one, 'good'), await isUsed(one, 'over')], [true, false]);
  });

  test(`${name}: deletes rows an hour after they expired, and no others`, async () => {
    const now = 2 ** 40;
    for (const [id, expires_at] of [
      ['old', now - HOUR_MS - 1],
      ['new', now - HOUR_MS],
    ] as const) {
      await useId(one, id, expires_at);
      await insertOpaqueToken(one, { hash: id, claims: '{}', expires_at });
      await insertFamily(one, family(id, { expires_at }));
    }
    await insertRevocation(one, 'old', 1);
    await sweep(two, now);
    for (const [id, kept] of [
      ['old', false],
      ['new', true],
    ] as const) {
      assert.equal(await isUsed(one, id), kept);
      assert.equal((await findOpaqueToken(one, id)) !== undefined, kept);
      assert.equal((await selectFamily(one, id)) !== undefined, kept);
    }
    assert.ok(
      (await listRevocations(one, 0)).some(({ id }) => id === 'old'),
      'a revocation is kept forever',
    );
  });

  test(`${name}: lists a node once, as last seen, until it leaves or is silent for too long`, async () => {
    await insertNode(one, { id: 'a', configuration: 'old', kept: null, about: null, seen_at: 10 });
    await insertNode(two, { id: 'b', configuration: 'new', kept: 'two', about: null, seen_at: 10 });
    await insertNode(one, { id: 'a', configuration: 'new', kept: 'one', about: '{}', seen_at: 20 });
    assert.deepEqual((await listKept(one, 10)).toSorted(), ['one', 'two']);
    assert.deepEqual(await listKept(one, 15), ['one']);
    assert.deepEqual((await listNodes(two, 10)).map(({ id }) => id).toSorted(), ['a', 'b']);
    assert.deepEqual((await listNodes(two, 15)).map(plain), [
      { id: 'a', configuration: 'new', kept: 'one', about: '{}', seen_at: 20 },
    ]);
    await deleteNode(two, 'a');
    assert.deepEqual(await listNodes(one, 0), []);
  });

  test(`${name}: reports errors of the database as unavailable, and keeps other refusals`, async () => {
    await assert.rejects(
      orUnavailable(insertAuditRows(one, [{ ...auditRow('bad'), event: null as unknown as string }])),
      ({ reason }: Refusal) => reason === 'store_unavailable',
    );
    const refusal = new Refusal('refresh_token_reused');
    await assert.rejects(orUnavailable(Promise.reject(refusal)), refusal);
  });
}

/** Reads tables, columns, indexes and triggers as the database describes them. */
async function describe(store: Store, kind: (typeof kinds)[number]): Promise<unknown> {
  const { rows } = await (kind === 'sqlite'
    ? sql`select name, sql from sqlite_master order by name`
    : sql`select table_name || '.' || column_name as name, data_type as what from information_schema.columns where table_schema = 'public'
        union select indexname, indexdef from pg_indexes where schemaname = 'public'
        union select event_object_table || ' ' || event_manipulation, trigger_name from information_schema.triggers
        union select routine_name, routine_type from information_schema.routines where routine_schema = 'public'
        order by 1`
  ).execute(store);
  return rows;
}

for (const kind of kinds) {
  test(`${kind}: nodes that start together migrate once, and a second start changes nothing`, async (t) => {
    const fresh = await locations[kind]();
    const started = await Promise.all([3, 4, 5].map((now) => openElsewhere(t, fresh, now)));
    assert.deepEqual(
      started.map(({ code, stderr }) => code ?? stderr),
      [0, 0, 0],
      started[0]?.stderr,
    );
    const store = await openStore(fresh, 'write', 6);
    const applied = await store.selectFrom('migrations').select(['name', 'applied_at']).orderBy('name').execute();
    assert.ok(applied.length >= 2);
    assert.equal(new Set(applied.map(({ applied_at }) => applied_at)).size, 1, 'one node applied them all');
    assert.notEqual(applied[0]?.applied_at, 6);
    assert.equal(await isReachable(store), true);
    await store.destroy();
    assert.equal(await isReachable(store), false);
  });

  test(`${kind}: searches for a token id in a limited number of rows at a time, and finds it in the end`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const count = 2500;
    const rowOf = (index: number) => ({
      ...auditRow('many', index + 1),
      request_id: `request ${index}`,
      time: 1_000_000 + Math.floor(index / 7),
      event: JSON.stringify({ id: index === 3 ? 'a_-b' : `a${index % 10}-b` }),
      personal: JSON.stringify({ id: index === 2400 ? 'personal' : 'personal2' }),
    });
    for (let first = 0; first < count; first += 50)
      await insertAuditRows(
        store,
        Array.from({ length: 50 }, (_, index) => rowOf(first + index)),
      );
    const find = async (...tokens: string[]): Promise<{ found: string[]; searches: number }> => {
      const found: string[] = [];
      let before: { readonly time: number; readonly sequence: number } | undefined;
      for (let searches = 1; ; searches++) {
        const { rows, end } = await searchAuditRows(store, { tokens }, { before, limit: 1 });
        found.push(...rows.map(({ request_id }) => request_id));
        if (end === undefined) return { found, searches };
        before = end;
      }
    };
    assert.deepEqual(await find('personal', 'a_-b'), {
      found: ['request 2400', 'request 3'],
      searches: 5,
    });
    for (const none of ['nowhere', 'persona', 'PERSONAL']) assert.deepEqual((await find(none)).found, []);
    await store.destroy();
  });

  test(`${kind}: finds the last use of a rule, and the names that none of its rows has`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const rowOf = (index: number, members: Record<string, unknown>, columns: object = {}) => ({
      ...auditRow('use', index),
      request_id: `request ${index}`,
      time: 1000 + index,
      rule: 'orders',
      event: JSON.stringify({ requestId: `request ${index}`, ...members }),
      ...columns,
    });
    const used = { targets: ['a'], scopeGiven: ['read'] };
    for (let first = 1; first <= 4500; first += 50)
      await insertAuditRows(
        store,
        Array.from({ length: 50 }, (_, index) => rowOf(first + index, first === 1 ? { targets: ['b'] } : used)),
      );
    await insertAuditRows(store, [
      rowOf(4501, { scopeAsked: ['write'], scopeGiven: undefined }, { outcome: 'refused', client: 'other' }),
      rowOf(4502, { scopeAsked: ['admin'], ...used, shadows: [{ rule: 'trial', targets: ['a'] }] }),
      rowOf(4503, { ...used, scopeGiven: ['all'] }, { rule: 'another' }),
    ]);
    const reader = (since: number, until = Number.POSITIVE_INFINITY) => createUseReader(store, since, until);
    const wanted = {
      clients: new Set(['gateway', 'other', 'stranger']),
      audiences: new Set(['a', 'b', 'c']),
      scopes: new Set(['read', 'write', 'admin', 'all']),
    };
    assert.equal(await reader(0).begins(), 1001);
    assert.equal(await reader(9000).lastUse('rule', 'orders'), 5502);
    assert.equal(await reader(0).lastUse('rule', 'order'), undefined);
    assert.deepEqual(await reader(0).unused('rule', 'orders', wanted), {
      clients: new Set(['stranger']),
      audiences: new Set(['c']),
      scopes: new Set(['admin', 'all']),
    });
    assert.deepEqual((await reader(2000).unused('rule', 'orders', wanted)) as object, {
      clients: new Set(['stranger']),
      audiences: new Set(['b', 'c']),
      scopes: new Set(['admin', 'all']),
    });
    assert.equal(await reader(0, 0).unused('rule', 'orders', wanted), 'unknown', 'there was no time');
    assert.equal(await reader(0).hasShadow('trial', new Set(['other', 'gateway'])), true);
    assert.equal(await reader(0).hasShadow('trial', new Set(['other'])), false);
    assert.equal(await reader(0).hasShadow('trial', 'any'), true);
    assert.equal(await reader(6000).hasShadow('trial', 'any'), false);
    await store.destroy();
  });

  test(`${kind}: a search reads a limited number of bytes, and other work has its turn meanwhile`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const filler = 'a:'.repeat(50_000);
    for (let index = 0; index < 100; index++)
      await insertAuditRows(store, [
        {
          ...auditRow('large', index + 1),
          request_id: `request ${index}`,
          time: 1_000_000 + Math.floor(index / 7),
          event: JSON.stringify({ id: index === 1 ? 'wanted' : 'other', filler }),
        },
      ]);
    let turns = 0;
    const search = async (terms: { tokens?: string[] }, limit: number) => {
      const pages: string[][] = [];
      let before: { readonly time: number; readonly sequence: number } | undefined;
      do {
        let searching = true;
        const count = (): void => {
          if (!searching) return;
          turns++;
          setImmediate(count);
        };
        count();
        const page = searchAuditRows(store, terms, { before, limit });
        // A search that fails ends the counting, too: otherwise this process would never end.
        const { rows, end } = await page.finally(() => {
          searching = false;
        });
        pages.push(rows.map(({ request_id }) => request_id));
        before = end;
      } while (before !== undefined);
      return pages;
    };
    assert.deepEqual(await search({ tokens: ['wanted'] }, 100), [[], [], ['request 1']]);
    assert.ok(turns >= 50, `${turns} turns`);
    const all = await search({}, 100);
    assert.ok(all.length > 2 && all.every((page) => page.length <= 42), 'pages without ids are limited, too');
    assert.deepEqual(
      all.flat(),
      Array.from({ length: 100 }, (_, index) => `request ${99 - index}`),
    );
    await store.destroy();
  });

  test(`${kind}: a version works on a schema one step ahead of it, and refuses one further ahead`, async () => {
    const location = await locations[kind]();
    const ahead = await openStore(location, 'write', 1);
    await migrate(ahead, kind, 1, [...migrations, later]);
    for (const access of ['read', 'write'] as const) await (await openStore(location, access, 2)).destroy();
    await migrate(ahead, kind, 1, [...migrations, later, { ...later, name: '9999-latest', up: async () => undefined }]);
    for (const access of ['read', 'write'] as const) {
      await assert.rejects(
        openStore(location, access, 2),
        /is 2 steps ahead of this version .*9999-later, 9999-latest/,
      );
    }
    await ahead.destroy();
  });

  test(`${kind}: refuses an older schema without the right to migrate, and says what to do`, async () => {
    const location = await locations[kind]();
    const open = async (access: 'read' | 'write') =>
      (await openStore(location, access, 1, 'require current')).destroy();
    const early = /(?:no database at .* yet|has no tables of cambio yet).*: start the server .*cambio store migrate/;
    for (const access of ['read', 'write'] as const) await assert.rejects(open(access), early);
    const store = await openStore(location, 'write', 1);
    for (const access of ['read', 'write'] as const) await open(access);
    const step = await rollBack(store, kind, 'keep');
    const behind = new RegExp(`is 1 step behind this version of cambio \\(${step}\\), .*or run cambio store migrate`);
    for (const access of ['read', 'write'] as const) await assert.rejects(open(access), behind);
    await store.destroy();
  });

  test(`${kind}: each version rolls back its own step, and leaves the earlier schema`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    for (let count = migrations.length; count > 1; count--) {
      const known = migrations.slice(0, count);
      if (known.at(-1)?.only === undefined || known.at(-1)?.only === kind) {
        assert.equal(await rollBack(store, kind, 'keep', known), known.at(-1)?.name);
        await assert.rejects(
          rollBack(store, kind, 'keep', known),
          /the last step of the database is .*\. (?:Take the step back|\S+ was taken)/,
        );
        const before = await describe(store, kind);
        await migrate(store, kind, 1, known);
        assert.notDeepEqual(await describe(store, kind), before);
        await rollBack(store, kind, 'keep', known);
        assert.deepEqual(await describe(store, kind), before);
      }
    }
    await migrate(store, kind, 1);
    assert.equal(await useId(store, 'id', 5), true);
    await store.destroy();
  });

  test(`${kind}: keeps the texts of configurations once, finds them by the beginning of their digest, and deletes them with the last row`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const DAY_MS = 24 * HOUR_MS;
    const [whole, part, other] = ['aaaaaa1', 'aaaaaa2', 'aaaaab3'];
    const list = '{"files":[],"registered":[]}';
    await insertTexts(
      store,
      new Map([
        [whole, list],
        [part, '{}'],
      ]),
      DAY_MS,
    );
    await Promise.all(
      Array.from({ length: 8 }, () =>
        insertTexts(
          store,
          new Map([
            [other, list],
            [part, '{}'],
          ]),
          3 * DAY_MS,
        ),
      ),
    );
    const found = async (prefix: string) => (await findConfigurationTexts(store, prefix)).map(({ digest }) => digest);
    assert.deepEqual(await found('aaaaaa'), [whole], 'a part is not a configuration');
    assert.deepEqual(await found('aaaaa'), [whole, other]);
    assert.deepEqual(await found('aaaaac'), []);
    assert.deepEqual([...(await listTexts(store, [part, 'unknown'])).keys()], [part]);
    await insertAuditRows(store, [{ ...auditRow('old'), time: 2 * DAY_MS + 1 }]);
    await touchTexts(store, [other, part], 9 * DAY_MS);
    await deleteUnusedTexts(store, 9 * DAY_MS);
    assert.deepEqual(await found('aaaaa'), [other], 'no row is as old as the other one');
    await store.destroy();
  });

  test(`${kind}: of the processes of a node, one claims the row about a configuration, and one the row about a rejected file`, async () => {
    const location = await locations[kind]();
    const stores = [await openStore(location, 'write', 1), await openStore(location, 'write', 1)];
    const count = async (work: (store: Store) => Promise<boolean>): Promise<number> =>
      (await race(stores, work)).filter(Boolean).length;
    assert.equal(await count((store) => claimApplied(store, 'node', 'one', 1)), 1);
    assert.equal(await count((store) => claimRejected(store, 'node', 'faulty', 1)), 1);
    assert.equal(await count((store) => claimApplied(store, 'node', 'one', 2)), 1, 'again, after a rejected file');
    assert.equal(await count((store) => claimRejected(store, 'node', 'faulty', 2)), 1);
    assert.equal(await count((store) => claimApplied(store, 'another node', 'one', 2)), 1);
    for (const store of stores) await store.destroy();
  });

  test(`${kind}: does not roll back a step while rows have a kind that the previous version does not know`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const steps = migrations.filter(({ name }) => name <= '0011-revocation-kinds');
    for (let count = migrations.length; count > steps.length; count--)
      if (migrations[count - 1]?.only === undefined) await rollBack(store, kind, 'discard', migrations.slice(0, count));
    const revoke = (revoked: 'subject' | 'principal') =>
      store.transaction().execute((database) => insertManyRevoked(database, [{ kind: revoked, name: 'ada' }], 1));
    await revoke('subject');
    assert.equal(await rollBack(store, kind, 'keep', steps), '0011-revocation-kinds');
    await migrate(store, kind, 1, steps);
    await revoke('principal');
    await assert.rejects(
      rollBack(store, kind, 'keep', steps),
      /would lose 1 of revocations\.kind=principal; --discard/,
    );
    assert.equal(await rollBack(store, kind, 'discard', steps), '0011-revocation-kinds');
    await store.destroy();
  });

  test(`${kind}: does not roll back a step whose rows would be lost, unless told to discard them`, async () => {
    const store = await openStore(await locations[kind](), 'write', 1);
    const known = [...migrations, later];
    await migrate(store, kind, 1, known);
    await insertAuditRows(store, [auditRow('before'), auditRow('after')]);
    await sql`update audit set later = 'x' where request_id = 'after'`.execute(store);
    await sql`insert into later (id) values (1), (2)`.execute(store);
    await assert.rejects(
      rollBack(store, kind, 'keep', known),
      /9999-later back would lose 2 of later, 1 of audit\.later; --discard/,
    );
    assert.equal(await rollBack(store, kind, 'discard', known), '9999-later');
    assert.equal((await findAuditRow(store, 'after')) !== undefined, true);
    await store.destroy();
  });
}

test('postgres: a migration waits for a backup without blocking requests, and fails with a message if the backup takes too long', async (t) => {
  const location = await locations.postgres();
  const [requests, backup] = [await openStore(location, 'write', 1), await openStore(location, 'read', 1)];
  t.after(async () => void (await Promise.all([requests.destroy(), backup.destroy()])));
  const migrating = openPostgres(location.kind === 'postgres' ? location.connection : assert.fail(), 'migration');
  t.after(() => migrating.destroy());
  const known = [...migrations, later];
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: runs, resolve: begun } = Promise.withResolvers<void>();
  const backedUp = backup.transaction().execute(async (transaction) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction);
    for (const table of tables) await sql`lock table ${sql.table(table)} in access share mode`.execute(transaction);
    begun();
    await over;
  });
  await runs;
  const whileItWaits = async (change: Promise<unknown>, turns: number): Promise<void> => {
    try {
      for (let turn = 0; turn < turns; turn++) {
        for (const table of ['revocations', 'used_ids'] as const)
          await requests.selectFrom(table).selectAll().execute();
        await wait(50);
      }
    } finally {
      end();
    }
    await change;
  };
  const inUse = /^the schema cannot be changed: another session has used its tables for 0\.001 s, as a backup does/;
  await assert.rejects(migrate(migrating, 'postgres', 1, known, 1), ({ message }: Error) => inUse.test(message));
  await whileItWaits(migrate(migrating, 'postgres', 1, known), 25);
  await backedUp;
  assert.equal(await rollBack(migrating, 'postgres', 'keep', known), '9999-later');
});

test('sqlite: the version of the file changes with each commit of any process, and with nothing else', async () => {
  const location = await locations.sqlite();
  const server = await openStore(location, 'write', 1, 'migrate', { report: assert.fail });
  const command = await openStore(location, 'write', 2);
  try {
    const readVersion = versionReaderOf(server) ?? assert.fail();
    const versions = [await readVersion()];
    for (const store of [server, command]) {
      await insertRevocation(store, `one ${versions.length}`, 1);
      versions.push(await readVersion());
    }
    assert.equal(new Set(versions).size, 3);
    await listRevocations(server, 0);
    await listRevocations(command, 0);
    assert.equal(await readVersion(), versions.at(-1));
    // A connection does not see its own commits, so a store with one connection has no version.
    assert.equal(versionReaderOf(command), undefined);
  } finally {
    await server.destroy();
    await command.destroy();
  }
});

test('postgres: notifies changes of revocations and keys at once, without polling', async () => {
  const location = await locations.postgres();
  const store = await openStore(location, 'write', 1);
  let notifications = 0;
  const listening = await listen(location, () => notifications++);
  await eventually(
    async () => notifications,
    (times) => times === 1,
  );
  const writes = [
    () => insertRevocation(store, 'revoked', 1),
    () => insertSigningKey(store, signingKey('key', 100), []),
    () => resealSigningKey(store, signingKey('key', 100)),
    () => deleteSigningKey(store, 'key'),
  ];
  for (const [index, write] of writes.entries()) {
    await write();
    await eventually(
      async () => notifications,
      (times) => times === index + 2,
    );
  }
  await listening.stop();
  await store.destroy();
});
