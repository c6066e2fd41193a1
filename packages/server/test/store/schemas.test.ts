// A store of each released schema is opened, upgraded, served and rolled back by this version, on SQLite and on PostgreSQL.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import { migrations } from '../../src/store/migrations/index.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { openStore, type StoreLocation } from '../../src/store/store.ts';
import { admin } from '../support/admin-api.ts';
import { exchange } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { type Configuration, changed, dataOf } from '../support/configuration.ts';
import { newDataFolder } from '../support/data-folder.ts';
import { start, type TestServer } from '../support/harness.ts';
import { basic, introspect, other, refresh } from '../support/life.ts';
import { redeem } from '../support/people.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { type Facts, KINDS, type Kind, loadSqlite, readReleased, releasedSchemas } from '../support/released-store.ts';

const postgres = await startPostgres({ after });

/** @returns the folder of a server, its configuration, and how many migrations its database has */
async function restore(schema: string, kind: Kind) {
  const { configuration, facts, sql } = readReleased(schema, kind);
  const folder = newDataFolder();
  if (kind === 'sqlite') loadSqlite(join(folder, 'cambio.db'), sql);
  const url = kind === 'sqlite' ? undefined : await postgres.database();
  if (url !== undefined) await query(url, sql);
  const world = url === undefined ? dataOf(configuration) : changed(dataOf(configuration), { store: url });
  return { facts, folder, world };
}

const nameOfLast = (kind: Kind): string | undefined =>
  migrations.filter(({ only }) => only === undefined || only === kind).at(-1)?.name;

/** Everything that was in force still is, and everything that was revoked still is. @returns the refresh token that is next */
async function examine(server: TestServer, facts: Facts, current: string): Promise<string> {
  const active = async (token: string): Promise<unknown> => (await introspect(server, token)).body.active;
  assert.deepEqual([await active(facts.access), await active(facts.opaque)], [true, true]);
  assert.equal(await active(facts.revokedAccess), false);
  const exchanged = await exchange(server, { subject_token: facts.access });
  assert.equal(exchanged.status, 200, exchanged.text);
  assert.equal((await exchange(server, { subject_token: facts.revokedAccess })).status, 400);
  assert.equal((await refresh(server, facts.revokedRefresh)).status, 400);
  const own = { grant_type: 'client_credentials' };
  assert.equal((await server.token({ ...own, ...other })).status, 200);
  assert.equal((await server.token(own, basic('agent'))).status, 400, 'the agent is suspended');
  const reports = { client_id: 'reports', client_secret: facts.secret };
  const registered = await server.token({ ...own, ...reports });
  assert.equal(registered.status, 200, registered.text);
  const suspended = await admin(server, 'GET /actors/suspended');
  assert.match(suspended.text, /"agent"/);
  const explained = await admin(server, `GET /audit?request=${facts.request}`);
  assert.match(explained.text, new RegExp(facts.request), explained.text);
  const keys = (await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  assert.ok(keys.keys.some(({ kid }) => kid === facts.kid));
  const renewed = await refresh(server, current);
  assert.equal(renewed.status, 200, renewed.text);
  return String(renewed.body.refresh_token);
}

for (const schema of releasedSchemas()) {
  for (const kind of KINDS) {
    test(`${kind}: the store of ${schema} is upgraded, served, rolled back and upgraded again`, async (t) => {
      const { facts, folder, world } = await restore(schema, kind);
      const open = (): Promise<TestServer> =>
        start({ after: () => undefined, name: t.name }, world as Configuration, { folder, now: facts.now + 1000 });
      let server = await open();
      const current = await examine(server, facts, facts.refresh);
      const redeemed = await redeem(server, new URL(facts.code));
      assert.equal(redeemed.status, 200, redeemed.text);
      await verify(t, server);
      await server.close();
      assert.deepEqual(
        await shapeOf(kind, folder, world),
        await shapeOfNew(kind),
        'an upgrade makes the schema of a new database',
      );

      const taken = await beside(t, server, ['store rollback', '--discard', '--yes']);
      assert.equal(taken.code, 0, taken.stderr);
      assert.ok(taken.stdout.startsWith(`${nameOfLast(kind)} is rolled back.`), taken.stdout);
      server = await start(t, world, { folder, now: facts.now + 2000 });
      assert.equal((await introspect(server, facts.access)).body.active, true);
      assert.equal((await introspect(server, facts.revokedAccess)).body.active, false);
      assert.equal((await refresh(server, current)).status, 200);
      assert.equal((await redeem(server, new URL(facts.code))).status, 400, 'the code was redeemed');
    });
  }
}

/** Columns, indexes and triggers. */
async function shapeOf(kind: Kind, folder: string, { store }: Configuration): Promise<readonly unknown[]> {
  if (kind === 'postgres') return query(String(store), SHAPE_OF_POSTGRES);
  const database = new DatabaseSync(join(folder, 'cambio.db'), { readOnly: true });
  try {
    return database.prepare('select name, sql from sqlite_schema order by type, name').all();
  } finally {
    database.close();
  }
}

const SHAPE_OF_POSTGRES = `
select table_name || '.' || column_name as name, data_type || ' ' || is_nullable || coalesce(column_default, '') as definition
from information_schema.columns where table_schema = 'public'
union all select indexname, indexdef from pg_indexes where schemaname = 'public'
union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
order by 1, 2`;

async function shapeOfNew(kind: Kind): Promise<readonly unknown[]> {
  const folder = newDataFolder();
  const url = kind === 'sqlite' ? 'sqlite:cambio.db' : await postgres.database();
  const location: StoreLocation =
    kind === 'sqlite'
      ? { kind, file: join(folder, 'cambio.db') }
      : { kind, connection: readPostgresUrl(url, folder).connection ?? assert.fail() };
  await (await openStore(location, 'write', 0)).destroy();
  return shapeOf(kind, folder, { store: url });
}

async function verify(t: TestContext, server: TestServer): Promise<void> {
  const verified = await beside(t, server, ['audit verify']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
}
