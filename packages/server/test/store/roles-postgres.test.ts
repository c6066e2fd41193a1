// The role of a server on PostgreSQL: it can neither change the schema nor audit rows.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import {
  eventually,
  exchangeAt,
  own,
  refreshAt,
  revokeAt,
  type ServerNode,
  shared,
  startNode,
} from '../support/node.ts';
import { administeredLife } from '../support/nodes.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/program.ts';

const postgres = await startPostgres({ after });

const asRole = (url: string, role: string): string =>
  Object.assign(new URL(url), { username: role, password: role }).href;

/** Runs a command with a configuration for this database. */
async function runWith(t: TestContext, url: string, words: readonly string[], more = {}) {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(changed(shared(url, administeredLife()), more)));
  return cambio(t, [...words, '--config', file], { env: { PORT: '1' } });
}

/** A database whose owner is a role of its own, and the roles of servers. */
async function openOwned(name: string) {
  const url = await postgres.database();
  for (const role of [`${name}_owner`, `${name}_serve`])
    await query(url, `create role ${role} login password '${role}'`);
  await query(url, `alter database ${new URL(url).pathname.slice(1)} owner to ${name}_owner`);
  return { url, owner: asRole(url, `${name}_owner`), serve: asRole(url, `${name}_serve`), role: `${name}_serve` };
}

/** All that a server does with its database. */
async function useAll(node: ServerNode): Promise<void> {
  const issued = await own(node);
  assert.equal(issued.status, 200, issued.text);
  const exchanged = await exchangeAt(node, issued.body.access_token);
  assert.equal(exchanged.status, 200, exchanged.text);
  const refreshed = await refreshAt(node, exchanged.body.refresh_token);
  assert.equal(refreshed.status, 200, refreshed.text);
  assert.equal((await revokeAt(node, refreshed.body.refresh_token)).status, 200);
  assert.equal((await refreshAt(node, refreshed.body.refresh_token)).status, 400);
}

const DENIED = [
  'create table other (id int)',
  'alter table audit add column other int',
  'drop index audit_chain',
  'create index other on audit (time)',
  "update audit set outcome = 'issued'",
  'update audit set personal = null',
  'truncate audit',
  "insert into migrations (name, applied_at) values ('other', 1)",
  'create trigger other before insert on audit for each row execute function suppress_redundant_updates_trigger()',
  'alter table audit disable trigger all',
] as const;

test('a server runs as a role that can neither change the schema nor audit rows, and everything works', async (t) => {
  const { owner, serve, role } = await openOwned('plain');
  const early = await runWith(t, serve, ['store', 'migrate']);
  assert.equal(early.code, 1);
  assert.match(
    early.stderr,
    /the user plain_serve lacks a right in the database\. .*cambio store migrate, with --grant/,
  );
  const migrated = await runWith(t, owner, ['store', 'migrate', '--grant', role]);
  assert.deepEqual([migrated.code, migrated.stderr], [0, '']);
  const node = await startNode(t, shared(serve, administeredLife()));
  await useAll(node);
  const byOperator = { issuer: node.url, token: node.token };
  for (const [what, body] of [
    ['POST /explain', { request: 'a\0' }],
    ['POST /revocations', { id: 'a\0' }],
    ['POST /revocations', { id: 'a\0', unknown: true }],
  ] as const) {
    const answer = await admin(byOperator, what, { body });
    assert.equal(answer.status, 404, `a text that PostgreSQL cannot hold names nothing: ${answer.text}`);
  }
  for (const statement of [...DENIED, 'delete from audit']) {
    await assert.rejects(query(serve, statement), { code: '42501' }, statement);
  }
  // The owner may.
  for (const statement of DENIED.slice(0, 2)) await query(owner, `begin; ${statement}; rollback`);
  assert.equal((await query(serve, 'select count(*)::int as rows from audit')).length, 1);
  const erased = await runWith(t, owner, ['audit', 'erase', '--subject', 'gateway', '--yes']);
  assert.equal(erased.code, 0, erased.stderr);
  const verified = await runWith(t, owner, ['audit', 'verify']);
  assert.equal(verified.code, 0, verified.stderr + verified.stdout);
});

test('--grant lets a server delete audit rows only if the file has a retention, and takes rights away that it had', async (t) => {
  const { owner, serve, role } = await openOwned('kept');
  const retention = { audit: { retention: '30d' } };
  assert.equal((await runWith(t, owner, ['store', 'migrate', '--grant', role], retention)).code, 0);
  await query(serve, 'delete from audit');
  await assert.rejects(query(serve, 'update audit set personal = null'), { code: '42501' });
  await query(owner, `grant update on audit to ${role}`);
  assert.equal((await runWith(t, owner, ['store', 'migrate', '--grant', role])).code, 0);
  for (const statement of ['delete from audit', 'update audit set personal = null'])
    await assert.rejects(query(serve, statement), { code: '42501' });
});

test('--grant refuses a role that could do more all the same, and says what to do', async (t) => {
  const { url, owner, role } = await openOwned('wide');
  const grant = async (to: string) => {
    const { code, stderr } = await runWith(t, owner, ['store', 'migrate', '--grant', to]);
    assert.equal(code, 1, stderr);
    return stderr;
  };
  assert.match(await grant('nobody_here'), /there is no role nobody_here\. Create it first, as in create role/);
  assert.match(await grant('cambio'), /the role cambio is a superuser/);
  assert.match(await grant('wide_owner'), /the role wide_owner owns the tables/);
  await query(url, `grant create on schema public to ${role}`);
  assert.match(await grant(role), /can create tables\. Take that away, as in revoke create on schema public/);
  await query(url, `revoke create on schema public from ${role}`);
  await query(url, 'grant update (personal) on audit to public');
  assert.match(await grant(role), /still has rights on the table audit .*\(update\), from public/);
  await query(url, 'revoke update (personal) on audit from public');
  for (const [right, table] of [
    ['delete', 'audit'],
    ['insert', 'migrations'],
    ['trigger', 'secrets'],
  ]) {
    await query(url, `grant ${right} on ${table} to public`);
    assert.match(await grant(role), new RegExp(`as in revoke ${right} on ${table} from public`));
    await query(url, `revoke ${right} on ${table} from public`);
  }
  assert.equal((await runWith(t, owner, ['store', 'migrate', '--grant', role])).code, 0);
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(changed(administeredLife(), { store: 'sqlite::memory:' })));
  const { code, stderr } = await cambio(t, ['store', 'migrate', '--config', file, '--grant', role], {
    env: { PORT: '1' },
  });
  assert.deepEqual([code, stderr.includes('SQLite has no roles. Remove --grant')], [1, true], stderr);
});

test('a server whose role lacks a right says so and what to do; without a right to write audit rows, it is not ready', async (t) => {
  const { owner, serve, role } = await openOwned('lacking');
  assert.equal((await runWith(t, owner, ['store', 'migrate', '--grant', role])).code, 0);
  const metrics = await freePort();
  const file = changed(shared(serve, administeredLife()), {
    server: { metrics: { host: '127.0.0.1', port: metrics } },
  });
  const node = await startNode(t, file);
  const ready = (url: string) => cambio(t, ['ready', '--server', url]);
  const MEND = 'rights_missing (run cambio store migrate --grant ROLE as the role that owns the tables)';
  const until = async (code: 0 | 1, saysMend: boolean) => {
    const found = await eventually(
      () => ready(node.url),
      ({ stdout, stderr, ...result }) => result.code === code && (stdout + stderr).includes(MEND) === saysMend,
    );
    return { ...found, operator: await ready(`http://127.0.0.1:${metrics}`) };
  };
  await until(0, false);
  for (const [code, right, object] of [
    [0, 'insert', 'leash_uses'],
    [0, 'delete', 'configuration_texts'],
    [0, 'usage', 'sequence revocations_sequence_seq'],
    [1, 'insert', 'audit'],
    [1, 'usage', 'sequence audit_sequence_seq'],
  ] as const) {
    await query(owner, `revoke ${right} on ${object} from ${role}`);
    const { operator } = await until(code, true);
    const lacks = `the role ${role} lacks ${right} on ${object.replace('sequence ', '')}`;
    const said = operator.stdout + operator.stderr;
    assert.ok(said.includes(`${lacks}. Run cambio store migrate --grant ${role} as`), said);
    assert.equal((await own(node.once)).status, code === 0 ? 200 : 503);
    await eventually(
      () => runWith(t, owner, ['store', 'migrate', '--grant', role]),
      (result) => result.code === 0,
    );
    await until(0, false);
  }
  // The next change of the suspended parties cannot be read.
  await query(owner, `revoke select on suspensions from ${role}`);
  await query(owner, "insert into revisions (name, number) values ('actors', 1)");
  const { stderr } = await eventually(
    () => ready(node.url),
    (result) => result.code === 1,
  );
  assert.match(stderr, /polling_behind/);
});
