// Which key set publishes a key: that of the resources which use its algorithm, until their last token has expired.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { openKeyRing } from '../../src/keys/key-ring.ts';
import type { KeySchedule } from '../../src/keys/key-sets.ts';
import { createSealer } from '../../src/keys/sealing.ts';
import { createFreshness } from '../../src/store/freshness.ts';
import { openStore } from '../../src/store/store.ts';
import { API, exchange, subjectToken } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { read, start, type TestServer } from '../support/harness.ts';
import { basic, ISSUER, introspect, introspecting, life } from '../support/life.ts';
import { eventually, kidOf } from '../support/node.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PQ = 'https://pq.example';
const OWN = '/keys/pq';

/** @param token form of the tokens of the resource `PQ` */
const withToken = (token: Configuration): Configuration =>
  changed(
    life(),
    {
      resources: added({ audience: PQ, scopes: ['read'], token }),
      clients: edited('gateway', { audiences: [PQ, API] }),
    },
    { clients: added(introspecting('pq', PQ)) },
  );
const IN_MAIN = withToken({ alg: 'ML-DSA-44', lifetime: '2h' });
const IN_OWN = withToken({ alg: 'ML-DSA-44', lifetime: '2h', jwks: OWN });
const UNUSED = withToken({});

const algorithmsAt = async (server: TestServer, path = '/.well-known/jwks.json'): Promise<readonly unknown[]> => {
  const { body } = await read(await fetch(server.issuer + path));
  return ((body as unknown as JSONWebKeySet).keys ?? []).map(({ alg }) => alg).toSorted();
};
const eventuallyAt = (server: TestServer, algorithms: readonly string[], path?: string) =>
  eventually(
    () => algorithmsAt(server, path),
    (found) => found.join() === algorithms.join(),
  );

test('removes the key of an algorithm that no resource uses any more, once the last token that it signed has expired', async (t) => {
  const server = await start(t, IN_MAIN);
  const token = await subjectToken(server, { audience: PQ });
  await server.reload(UNUSED);
  assert.deepEqual(await algorithmsAt(server), ['ES256', 'ML-DSA-44']);
  const { stdout } = await beside(t, server, ['keys list']);
  assert.match(stdout, new RegExp(`^${kidOf(token)} +ML-DSA-44 +retired `, 'm'));
  // Its tokens have two hours, by the configuration that they were issued under; all others have one.
  server.clock.now += 2 * HOUR - MINUTE;
  assert.equal((await exchange(server, { subject_token: token })).status, 200);
  assert.deepEqual(await algorithmsAt(server), ['ES256', 'ML-DSA-44']);
  server.clock.now += 20 * MINUTE;
  await eventuallyAt(server, ['ES256']);
  await eventually(
    () => beside(t, server, ['keys list']),
    (listed) => !listed.stdout.includes(String(kidOf(token))),
  );
  await server.reload(IN_MAIN);
  assert.notEqual(kidOf(await subjectToken(server, { audience: PQ })), kidOf(token));
  assert.deepEqual(await algorithmsAt(server), ['ES256', 'ML-DSA-44']);
});

test('makes no new key when a key is retired whose algorithm no resource uses', async (t) => {
  const server = await start(t, IN_MAIN);
  const [unused, used] = [
    await subjectToken(server, { audience: PQ }),
    await subjectToken(server, { audience: API }),
  ].map(kidOf);
  await server.reload(UNUSED);
  const retired = await beside(t, server, ['keys retire', String(unused), '--yes']);
  assert.equal(retired.code, 0, retired.stderr);
  await eventuallyAt(server, ['ES256']);
  assert.equal((await beside(t, server, ['keys retire', String(used), '--yes'])).code, 0);
  await eventually(
    async () => kidOf(await subjectToken(server, { audience: API })),
    (kid) => kid !== used,
  );
  assert.deepEqual(await algorithmsAt(server), ['ES256'], 'the twin, which is used, is replaced');
});

test('publishes the keys of a resource with a key set of its own there alone', async (t) => {
  const server = await start(t, IN_OWN);
  assert.deepEqual([await algorithmsAt(server), await algorithmsAt(server, OWN)], [['ES256'], ['ML-DSA-44']]);
  const [main, own] = ['/.well-known/jwks.json', OWN].map((path) => createRemoteJWKSet(new URL(server.issuer + path)));
  assert.ok(main && own);
  const [token, other] = [await subjectToken(server, { audience: PQ }), await subjectToken(server, { audience: API })];
  const only = (audience: string, alg: string) => ({ issuer: ISSUER, typ: 'at+jwt', audience, algorithms: [alg] });
  await jwtVerify(token, own, only(PQ, 'ML-DSA-44'));
  await jwtVerify(other, main, only(API, 'ES256'));
  await assert.rejects(jwtVerify(token, main), /no applicable key/);
  await assert.rejects(jwtVerify(other, own), /no applicable key/);
  assert.equal((await exchange(server, { subject_token: token })).status, 200);
  assert.equal((await introspect(server, token, {}, basic('pq'))).body.active, true);
  const headers = await read(await fetch(server.issuer + OWN));
  assert.equal(headers.headers.get('cache-control'), 'public, max-age=300');
  for (const path of ['/keys/other', '/keys/', '/keys', '/keys/pq/', '/keys/%70q%2f', '/keys/__proto__'])
    assert.equal((await fetch(server.issuer + path)).status, 404, path);
});

test('publishes the key in the former set until the last token for it has expired, when a resource changes its set', async (t) => {
  const server = await start(t, IN_MAIN);
  await server.reload(IN_OWN);
  assert.deepEqual(
    [await algorithmsAt(server), await algorithmsAt(server, OWN)],
    [['ES256', 'ML-DSA-44'], ['ML-DSA-44']],
  );
  server.clock.now += 2 * HOUR + 20 * MINUTE;
  await eventuallyAt(server, ['ES256']);
  assert.deepEqual(await algorithmsAt(server, OWN), ['ML-DSA-44']);
});

test('keeps a key while another node still uses its algorithm, and renews the stored time rarely', async (t) => {
  let now = Date.now();
  const store = await openStore({ kind: 'sqlite', file: ':memory:' }, 'write', now);
  t.after(() => store.destroy());
  const schedule = (...algorithms: KeySchedule['algorithms']): KeySchedule => ({
    algorithms,
    sets: new Map([['', new Set(algorithms)]]),
    ...{ rotateEvery: 30 * 24 * HOUR, publishAhead: HOUR, keepAfter: HOUR },
  });
  const by = { store, sealer: createSealer([randomBytes(32)]), access: 'write', freshness: createFreshness() } as const;
  const open = (...algorithms: KeySchedule['algorithms']) =>
    openKeyRing(schedule(...algorithms), { ...by, clock: () => now });
  const before = await open('ES256', 'ML-DSA-44');
  const after = await open('ES256');
  const kid = before.signing('ML-DSA-44').kid;
  const times = new Set<number>();
  for (let step = 0; step < 300; step++) {
    now += MINUTE;
    for (const ring of [before, after]) await ring.poll();
    assert.ok(after.verifying(kid), `step ${step}`);
    const { needed_until: until } = await store
      .selectFrom('key_sets')
      .selectAll()
      .where('kid', '=', kid)
      .executeTakeFirstOrThrow();
    assert.ok(until >= now + HOUR);
    times.add(until);
  }
  assert.ok(times.size < 65, `${times.size}`);
  now += 70 * MINUTE;
  await after.poll();
  assert.deepEqual([after.verifying(kid), after.published().length], [undefined, 1]);
  assert.deepEqual(await store.selectFrom('key_sets').select('kid').where('kid', '=', kid).execute(), []);
});

test('gives a key of a version without key sets the time of one token in the main set', async (t) => {
  const server = await start({ after: () => undefined }, IN_MAIN);
  await server.close();
  const database = new DatabaseSync(`${server.folder}/cambio.db`, { timeout: 5000 });
  database.exec('delete from key_sets');
  database.close();
  const again = await start(t, UNUSED, { folder: server.folder });
  assert.deepEqual(await algorithmsAt(again), ['ES256', 'ML-DSA-44']);
  again.clock.now += HOUR + 10 * MINUTE;
  await eventuallyAt(again, ['ES256']);
});
