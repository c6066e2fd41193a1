// Changes come into force, even if the database fails meanwhile.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadConfiguration, startServer } from '../src/app.ts';
import { client, gateway } from './support/basics.ts';
import { added, type Configuration, changed, changeFile, dataOf, edited, yamlOf } from './support/configuration.ts';
import { newDataFolder } from './support/data-folder.ts';
import { type Answer, EXCHANGE, freePort, read, type } from './support/harness.ts';
import { ISSUER, life, other, plain } from './support/life.ts';
import { eventually, type ServerNode, startNode } from './support/node.ts';
import { scrape } from './support/scrape.ts';

const statusOf = async (node: ServerNode, client: Record<string, string>): Promise<number> =>
  (await node.token({ grant_type: 'client_credentials', ...client })).status;

/** Waits until the client is refused, or accepted. */
const becomes = (node: ServerNode, client: Record<string, string>, status: number): Promise<number> =>
  eventually(
    () => statusOf(node, client),
    (answered) => answered === status,
  );

const disabled = (id: string): Configuration => ({ clients: edited(id, { disabled: true }) });
const grantsOfAgent = (...grants: readonly string[]): Configuration => ({ clients: edited('agent', { grants }) });
const people = {
  accounts: [{ username: 'ada', password: { plain: 'lovelace' } }],
  clients: added(
    client('web', {
      grants: ['authorization_code'],
      redirectUris: ['https://web.example/cb'],
      scopes: ['openid'],
    }),
  ),
};

async function startWatched(t: TestContext) {
  const metrics = await freePort();
  const yaml = changed(life(), { server: { metrics: { port: metrics } } });
  const node = await startNode(t, yaml);
  const value = async (name: string): Promise<number> => (await scrape(metrics)).value(name) ?? Number.NaN;
  const text = async (): Promise<string> => (await scrape(metrics)).text;
  /** The readiness of the node, with the details for its operator. */
  const examine = async (): Promise<Answer> => read(await fetch(`http://127.0.0.1:${metrics}/readyz`));
  return { node, value, text, examine };
}

/** Holds a write lock on the database of the node, from another process: this one. */
function lock({ folder }: ServerNode): () => void {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { timeout: 5000 });
  database.exec('begin immediate');
  return () => {
    database.exec('rollback');
    database.close();
  };
}

for (const [what, alsoChanges] of [
  ['needs nothing of the database', {}],
  ['needs a new key', { keys: { alg: 'Ed25519' } }],
  ['needs a new secret', people],
] as const) {
  test(`puts a file that changes while the database is locked in force, and all later ones (the change ${what})`, async (t) => {
    const { node, value } = await startWatched(t);
    assert.equal(await statusOf(node, plain), 200);
    const unlock = lock(node);
    changeFile(node.file, disabled('plain'), alsoChanges);
    await node.prints('a change is not in force yet');
    unlock();
    await becomes(node, plain, 401);
    assert.equal(await value('cambio_configuration_pending_seconds'), 0);
    assert.equal((await node.get('/readyz')).status, 200);
    // By the file again, and by SIGHUP.
    changeFile(node.file, disabled('other'));
    await becomes(node, other, 401);
    changeFile(node.file, disabled('gateway'));
    node.signal('SIGHUP');
    await becomes(node, gateway, 401);
  });
}

test('keeps the configuration in force and the node ready with an invalid file, and metrics and readyz report it until the file is valid', async (t) => {
  const { node, value, text, examine } = await startWatched(t);
  const digest = async () => /^cambio_configuration_info\{digest="(.+)"\} 1$/m.exec(await text())?.[1];
  const before = await digest();
  const readAt = await value('cambio_configuration_read_timestamp_seconds');
  for (const name of ['cambio_configuration_faulty', 'cambio_configuration_reload_failed'])
    assert.equal(await value(name), 0);
  assert.deepEqual((await examine()).body, { status: 'ok' });
  changeFile(node.file, grantsOfAgent('made_up'));
  await eventually(
    () => value('cambio_configuration_faulty'),
    (faulty) => faulty === 1,
  );
  await node.prints('invalid; keeping the previous configuration');
  assert.equal(await value('cambio_configuration_reload_failed'), 1);
  assert.equal(await value('cambio_configuration_read_timestamp_seconds'), readAt);
  assert.equal(await digest(), before);
  const [seen, known] = [await node.get('/readyz'), await examine()];
  assert.deepEqual([seen.status, seen.body.status, known.status], [200, 'ok', 200]);
  const [{ details, ...warning }] = known.body.warnings as [Record<string, unknown>];
  assert.equal(warning.reason, 'configuration_faulty');
  assert.ok(Math.abs(Date.parse(String(warning.since)) - Date.now()) < 60_000);
  assert.match(String(details), /cambio\.yaml:\d+:\d+: clients\[agent\]\.grants\[0\]$/);
  assert.deepEqual(seen.body.warnings, [warning], 'a caller sees no details');
  assert.equal(await statusOf(node, gateway), 200);
  // A file that is absent for a moment, as between two steps of an editor, does not count as a change.
  const faulty = dataOf(readFileSync(node.file, 'utf8'));
  rmSync(node.file);
  // Nothing shows that the node has looked. A shorter pause would only prove less.
  await wait(500);
  writeFileSync(node.file, yamlOf(changed(faulty, grantsOfAgent('client_credentials'), disabled('plain'))));
  await becomes(node, plain, 401);
  for (const name of ['cambio_configuration_faulty', 'cambio_configuration_reload_failed'])
    assert.equal(await value(name), 0);
  assert.ok((await value('cambio_configuration_read_timestamp_seconds')) > readAt);
  assert.notEqual(await digest(), before);
  assert.deepEqual((await examine()).body, { status: 'ok' });
});

test('changes the issuer only by a restart: until then, a file with another one is invalid, and no part of it comes into force', async (t) => {
  const { node, value } = await startWatched(t);
  const exchanges = async (): Promise<number> => {
    const { body } = await node.token({ grant_type: 'client_credentials', ...gateway });
    const subject_token = String(body.access_token);
    const form = { grant_type: EXCHANGE, ...gateway, subject_token, subject_token_type: type('access_token') };
    return (await node.token(form)).status;
  };
  assert.equal(await exchanges(), 200);
  changeFile(node.file, { issuer: 'https://new.example' }, disabled('plain'));
  await eventually(
    () => value('cambio_configuration_faulty'),
    (faulty) => faulty === 1,
  );
  await node.prints(
    /cambio\.yaml:\d+:9: issuer: the server was started as https:\/\/login\.example\. The issuer changes only by a restart\./,
  );
  assert.deepEqual([await exchanges(), await statusOf(node, plain)], [200, 200]);
  changeFile(node.file, { issuer: ISSUER });
  await becomes(node, plain, 401);
  assert.equal(await exchanges(), 200);
});

test('puts an included file that changes, is added or removed in force, and keeps all as it was while one is faulty', async (t) => {
  const folder = newDataFolder();
  const team = (id: string): string => yamlOf({ clients: [client(id, { audiences: ['https://team.example'] })] });
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'teams', name), text);
  const named = (id: string) => ({ client_id: id, client_secret: `${id}-secret` });
  mkdirSync(join(folder, 'teams'));
  write('a.yaml', `resources: [{ audience: https://team.example, scopes: [read] }]\n${team('one')}`);
  const include = [{ path: 'teams/*.yaml', audiences: 'https://team.example' }];
  const node = await startNode(t, changed(life(), { include }), { folder });
  const statuses = () => Promise.all(['one', 'two', 'three', 'gateway'].map((id) => statusOf(node, named(id))));
  assert.deepEqual(await statuses(), [200, 401, 401, 200]);
  write('b.yaml', team('two'));
  await node.prints(/cambio read .* again/);
  assert.deepEqual(await statuses(), [200, 200, 401, 200]);
  // A client of the main file: all stays as it was, also what other files add.
  write('b.yaml', team('gateway'));
  await node.prints(/teams\/b\.yaml:2:\d+: clients\[gateway\]\.id: another client \(.*cambio\.yaml:\d+\)/);
  await node.prints(/invalid; keeping the previous configuration/);
  write('c.yaml', team('three'));
  node.signal('SIGHUP');
  // The same fault is not reported again, so nothing shows that the node has looked. A shorter pause would only prove less.
  await wait(500);
  assert.deepEqual(await statuses(), [200, 200, 401, 200]);
  rmSync(join(folder, 'teams/b.yaml'));
  await node.prints(/cambio read .* again/, 2);
  assert.deepEqual(await statuses(), [200, 401, 200, 200]);
});

test('a configuration that was replaced is not kept in memory', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const folder = newDataFolder();
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, yamlOf(changed(life(), { issuer: 'http://127.0.0.1:1', server: { port: 0, metrics: 'off' } })));
  const load = () => loadConfiguration(file, process.env);
  const server = await startServer(await load(), { report: () => undefined });
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const loaded: WeakRef<object>[] = [];
  const replace = async (): Promise<void> => {
    const next = await load();
    // Its copies have it, too.
    loaded.push(new WeakRef(next.withRegistered));
    await server.reload(next);
  };
  for (let count = 0; count < 6; count++) await replace();
  await eventually(
    async () => {
      collect();
      return loaded.map((one) => one.deref() !== undefined);
    },
    (kept) => kept.slice(0, 4).every((one) => !one),
  );
  assert.ok(loaded.at(-1)?.deref(), 'the one in force is kept');
});
