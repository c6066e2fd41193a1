// What a change through the admin API affects, and what remains in the audit and the store.
import assert from 'node:assert/strict';
import { admin, adminToken } from '../../../support/admin-api.ts';
import { verifyStored } from '../../../support/audit.ts';
import { exchange, startBasic, subjectToken } from '../../../support/basics.ts';
import { beside } from '../../../support/command.ts';
import { type Configuration, changed, edited } from '../../../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  encode,
  everythingIn,
  start,
  type TestServer,
  writtenIn,
} from '../../../support/harness.ts';
import { eventually } from '../../../support/node.ts';
import type { Case, Trial } from '../../group.ts';
import type { Outcome } from '../../row.ts';
import { type AdminWorld, ANY, ENTRY, lasting, OPERATING, obtain, operationsOf } from './world.ts';

const EXCHANGING = { ...ENTRY, grants: ['client_credentials', 'token_exchange'] };

/** Disables a registered operator at a server whose configured clients may only read. @returns the answer */
async function disableLast({ after }: Trial, changes: Configuration): Promise<Answer> {
  const first = await start({ after }, lasting);
  const { body } = await admin(first, 'POST /clients', { body: { ...OPERATING, id: 'second' } });
  await first.close();
  const server = await start({ after }, changes, { folder: first.folder });
  const token = String((await obtain(server, 'second', body.secret)).body.access_token);
  return admin(server, 'PUT /clients/second', { token, headers: ANY, body: { ...OPERATING, disabled: true } });
}

/** All tables except those that every request writes, and the texts that a node keeps beside requests. */
function stateOf(server: TestServer): Record<string, unknown> {
  const besides = ['audit', 'sqlite_sequence', 'used_ids', 'configuration_texts'];
  return Object.fromEntries(Object.entries(writtenIn(server)).filter(([table]) => !besides.includes(table)));
}

type Write = readonly [what: string, body?: unknown];

/** A valid request for each operation that writes, in an order in which all succeed, with its preparation. */
const writes: Readonly<Record<string, (call: AdminWorld['call'], server: TestServer) => Promise<Write>>> = {
  'create-client': async () => ['POST /clients', { ...ENTRY, id: 'written' }],
  'replace-client': async () => ['PUT /clients/written', { ...ENTRY, scopes: ['read', 'write'] }],
  'add-client-secret': async () => ['POST /clients/written/secrets', {}],
  'delete-client-secret': async (call) => {
    const { secrets } = (await call('GET /clients/written')).body as { secrets: { id: string }[] };
    return [`DELETE /clients/written/secrets/${secrets[0]?.id}`];
  },
  'delete-client': async () => ['DELETE /clients/written'],
  'rotate-key': async () => ['POST /keys', {}],
  'retire-key': async (call) => {
    const { items } = (await call('GET /keys')).body as { items: { kid: string; state: string }[] };
    return [`DELETE /keys/${items.find(({ state }) => state === 'next')?.kid}`];
  },
  'suspend-actor': async () => ['POST /actors/suspend', { subject: 'nobody here', unknown: true }],
  'resume-actor': async () => ['POST /actors/resume', { subject: 'nobody here' }],
  'revoke-tokens': async (_call, server) => ['POST /revocations', { id: claimsOf(await subjectToken(server)).jti }],
};

/** One edit of the audit that must be detected. */
const tampering: Readonly<Record<string, string>> = {
  'an event edited': `update audit set event = replace(event, 'gateway', 'agent') where sequence = 2`,
  'a column edited': `update audit set client = 'agent' where sequence = 2`,
  'an outcome edited': `update audit set event = replace(event, '"issued"', '"refused"') where sequence = 3`,
  'who it was edited': `update audit set personal = '{}' where personal is not null and sequence = 3`,
  'a row removed': 'delete from audit where sequence = 2',
  'the first row removed': 'delete from audit where sequence = 1',
  'the last rows removed': 'delete from audit where sequence > 3',
  'a row added': `insert into audit (time, request_id, outcome, event) values (1, 'added', 'issued', '{}')`,
  'two rows swapped': `update audit set event = (select event from saved where saved.sequence = 5 - audit.sequence) where sequence in (2, 3)`,
  'the kept text of a configuration edited': `update configuration_texts set text = replace(text, '30m', '90m')`,
  'the kept text of a configuration removed': `delete from configuration_texts where text like '%30m%'`,
  'a configuration replaced by another one': `update audit set event = replace(event, 'configuration":"', 'configuration":"0') where sequence = 2`,
  'a row put elsewhere': 'update audit set position = position + 100 where sequence = 2',
};

/** What operations need in their query. */
const QUERIES: Readonly<Record<string, string>> = {
  'unused-rights': '?since=2026-01-01T00:00:00Z',
  'list-reach': '?client=gateway',
};

const isGood = ({ status }: Answer): boolean => status === 200;

/** Operations with a body that change nothing. */
const READING: ReadonlySet<string> = new Set(['explain', 'targets', 'check-draft', 'replay-draft', 'write-test']);

export const changes: Readonly<Record<string, Case<AdminWorld>>> = {
  A09: async ({ call }, trial) => {
    const { attempt, twin } = trial;
    const conflict = (what: string, body?: unknown): Promise<Answer> => attempt(what, call(what, body, ANY));
    await call('POST /clients', { ...EXCHANGING, id: 'named' });
    await conflict('DELETE /clients/named');
    await conflict('POST /clients', { ...ENTRY, id: 'named' });
    for (const id of ['gateway', 'operator']) {
      await conflict(`DELETE /clients/${id}`);
      await conflict(`PUT /clients/${id}`, ENTRY);
      await conflict(`POST /clients/${id}/secrets`, {});
      await conflict('POST /clients', { ...ENTRY, id });
    }
    const { items } = (await call('GET /keys')).body as { items: { kid: string; state: string }[] };
    const active = items.find(({ state }) => state === 'active')?.kid;
    await conflict(`DELETE /keys/${active}`);
    const { secrets } = (await call('GET /clients/named')).body as { secrets: { id: string }[] };
    await conflict(`DELETE /clients/named/secrets/${secrets[0]?.id}`);
    const looking = changed(lasting, { clients: edited('operator', { scopes: ['admin:read'] }) });
    await attempt('the last operator disabled', disableLast(trial, looking));
    await twin(disableLast(trial, lasting));
    await call('POST /clients', { ...ENTRY, id: 'free' });
    await twin(call('DELETE /clients/free', undefined, ANY));
    await twin(call(`DELETE /keys/${active}?replace=now`));
  },

  A12: async (world, { attempt, twin }) => {
    const { server, call } = world;
    const made = await twin(call('POST /clients', { ...ENTRY, id: 'secretive' }));
    const second = await twin(call('POST /clients/secretive/secrets', {}));
    const issued = await obtain(server, 'secretive', made.body.secret);
    const secrets = [
      'gateway-secret',
      'operator-secret',
      'PRIVATE KEY',
      ...[made, second].map(({ body }) => body.secret),
    ];
    const hidden = [...secrets, String(issued.body.access_token).split('.')[2]].map(String);
    assert.ok(hidden.every((one) => one.length > 8));
    const token = String(claimsOf(issued.body.access_token).jti);
    const place: Readonly<Record<string, string>> = {
      '{id}': 'secretive',
      '{digest}': 'now',
      '{requestId}': String(made.headers.get('x-request-id')),
    };
    for (const [id, operation] of Object.entries(await operationsOf(world))) {
      if (!operation.startsWith('GET ')) continue;
      const found = operation.includes('/tokens/') ? { ...place, '{id}': token } : place;
      const what = operation.replace(/\{\w+\}/, (name) => found[name] ?? '') + (QUERIES[id] ?? '');
      // A server writes in the background which rows name a token.
      const answer = await attempt(id, found === place ? call(what) : eventually(() => call(what), isGood));
      assert.equal(answer.status, 200, what);
      for (const one of hidden) assert.ok(!answer.text.includes(one), `${what} tells ${one.slice(0, 4)}...`);
      assert.doesNotMatch(answer.text, /"(?:d|k|p|q|secretHash|private_key)":/, what);
    }
    const stored = JSON.stringify(everythingIn(server));
    for (const one of hidden) assert.ok(!stored.includes(one), `the database holds ${one.slice(0, 4)}...`);
    await call('DELETE /clients/secretive', undefined, ANY);
  },

  A13: async ({ server, second, call }, { attempt, twin }) => {
    const { body } = await call('POST /clients', { ...ENTRY, id: 'shared' });
    const good = await twin(eventually(() => obtain(second, 'shared', body.secret), isGood));
    const token = String(good.body.access_token);
    await call('PUT /clients/shared', { ...ENTRY, disabled: true }, ANY);
    assert.equal((await obtain(server, 'shared', body.secret)).status, 401, 'here it counts at once');
    const refused = eventually(
      () => obtain(second, 'shared', body.secret),
      ({ status }) => status === 401,
    );
    assert.equal((await attempt('a client disabled', refused)).body.error, 'invalid_client');
    const dead = await attempt('its token', exchange(second, { subject_token: token }));
    assert.equal(server.audit(dead)?.reason, 'subject_token_client_disabled');
    // A09 replaces the active key at once: until each of the two nodes has read that, a token may have a key that the other one does not know.
    let revoked = '';
    const exchanging = async (): Promise<Answer> => {
      revoked = await subjectToken(server);
      return exchange(second, { subject_token: revoked });
    };
    await twin(eventually(exchanging, isGood));
    await call('POST /revocations', { id: claimsOf(revoked).jti });
    const gone = eventually(
      () => exchange(second, { subject_token: revoked }),
      ({ status }) => status === 400,
    );
    assert.equal((await attempt('a token revoked', gone)).body.error, 'invalid_grant');
    await call('DELETE /clients/shared', undefined, ANY);
  },

  A31: async ({ server, call }, { attempt, twin }) => {
    const make = async () => String((await call('POST /clients', { ...ENTRY, id: 'returning' })).body.secret);
    const issue = async (secret: string) => String((await obtain(server, 'returning', secret)).body.access_token);
    const introspect = (token: string, client_secret: string) =>
      server.post('/oauth/introspect', encode({ token, client_id: 'returning', client_secret }));
    const first = await make();
    const held = await issue(first);
    assert.equal((await twin(introspect(held, first))).body.active, true);
    await call('DELETE /clients/returning', undefined, ANY);
    const second = await make();
    const answer = await attempt('deleted and registered anew', introspect(held, second));
    assert.deepEqual(answer.body, { active: false });
    assert.equal((await twin(introspect(await issue(second), second))).body.active, true);
    await call('DELETE /clients/returning', undefined, ANY);
  },

  A32: async ({ server, call }, { attempt, twin }) => {
    const token = await subjectToken(server);
    for (const id of [
      'all',
      'subject:gateway',
      crypto.randomUUID(),
      token.replace(/.{8}$/, 'AAAAAAAA').replace(/\.[^.]+\./, '.e30.'),
    ])
      await attempt(`the id ${id.slice(0, 20)}`, call('POST /revocations', { id }));
    await twin(exchange(server, { subject_token: token }));
    const answer = await twin(call('POST /revocations', { id: token }));
    assert.equal(server.audit(answer)?.revoked, claimsOf(token).jti);
    assert.equal(JSON.stringify(everythingIn(server)).includes(token.slice(-30)), false);
    assert.equal((await exchange(server, { subject_token: token })).status, 400);
  },

  A14: async (world, { attempt, twin }) => {
    const { server, call } = world;
    const all = Object.entries(await operationsOf(world)).filter(
      ([id, operation]) => !operation.startsWith('GET ') && !READING.has(id),
    );
    assert.deepEqual(all.map(([id]) => id).toSorted(), Object.keys(writes).toSorted(), 'each that writes is here');
    const [token, auditors] = [await adminToken(server), await adminToken(server, 'auditor')];
    for (const [id, prepare] of Object.entries(writes)) {
      const [what, body] = await prepare(call, server);
      const asked = { body, headers: ANY };
      const before = stateOf(server);
      const mere = await admin(server, what, { ...asked, token: auditors });
      assert.equal(mere.status, 403, `${id}: who may only look changes nothing`);
      server.sql(`create trigger no_row before insert on audit begin select raise(abort, 'no row'); end`);
      const failed = await admin(server, what, { ...asked, token });
      server.sql('drop trigger no_row');
      assert.deepEqual([id, failed.status], [id, 503]);
      assert.deepEqual(stateOf(server), before, `${id}: without its audit row nothing is changed`);
      const answer = await attempt(id, admin(server, what, { ...asked, token }));
      const rows = (everythingIn(server).audit as { request_id: string }[]).filter(
        ({ request_id }) => request_id === answer.headers.get('x-request-id'),
      );
      assert.equal(rows.length, 1, `${id}: one row`);
      assert.notDeepEqual(stateOf(server), before, id);
      const row = server.audit(answer);
      assert.equal(row?.client, 'operator', id);
      assert.ok(row?.change?.what && (row.change.before ?? row.change.after), `${id}: ${JSON.stringify(row)}`);
    }
    await twin(call('GET /clients'));
  },

  A15: async (_world, { attempt, twin, after }) => {
    const server = await startBasic({ after });
    for (let row = 0; row < 3; row++) await exchange(server);
    await server.close();
    const verdict = async (): Promise<Outcome> => {
      const { faults } = await verifyStored(server);
      return { status: faults.length === 0 ? 200 : 'fault', text: JSON.stringify(faults) };
    };
    await twin(verdict());
    server.sql('create table saved as select * from audit; create table texts as select * from configuration_texts');
    for (const [what, edit] of Object.entries(tampering)) {
      server.sql(edit);
      assert.equal((await attempt(what, verdict())).status, 'fault', what);
      server.sql('delete from audit; insert into audit select * from saved');
      server.sql('delete from configuration_texts; insert into configuration_texts select * from texts');
      await twin(verdict());
    }
    const command = async (): Promise<number | null> => (await beside({ after }, server, ['audit verify'])).code;
    assert.equal(await command(), 0);
    server.sql(tampering['a row removed'] ?? '');
    assert.equal(await command(), 1, 'cambio audit verify says so');
  },
};
