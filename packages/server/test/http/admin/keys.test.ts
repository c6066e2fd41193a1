// The operations of the admin API on signing keys: how long each is in use, its valid tokens, and what a rotation would do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, administered, adminToken } from '../../support/admin-api.ts';
import { API, exchange } from '../../support/basics.ts';
import { beside } from '../../support/command.ts';
import { added, changed } from '../../support/configuration.ts';
import { read, start, type TestServer } from '../../support/harness.ts';
import { eventually } from '../../support/node.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SIGNED = 'https://signed.example';

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  readonly activatesAt: string;
  readonly signsUntil?: string;
  readonly publishedUntil: string;
  readonly validTokens: number;
}

/** Those of ES256 first: keys that are made at once come in any order. */
const keysOf = async (server: TestServer, token?: string): Promise<readonly Key[]> =>
  ((await admin(server, 'GET /keys', { token })).body.items as Key[]).toSorted((one, other) =>
    one.alg.localeCompare(other.alg),
  );

test('says how long each key signs and is published, and how many of its tokens may be valid', async (t) => {
  const server = await start(
    t,
    changed(administered, {
      keys: { rotateEvery: '1d', publishAhead: '1h' },
      resources: added({ audience: SIGNED, scopes: ['read'], token: { alg: 'ES384' } }),
    }),
  );
  const began = server.clock.now;
  const token = await adminToken(server, 'auditor');
  for (let count = 0; count < 3; count++) assert.equal((await exchange(server)).status, 200);
  const { body } = await admin(server, 'GET /overview', { token });
  const issued = Number((body.total as { issued: number }).issued);
  const keys = await eventually(
    () => keysOf(server, token),
    (found) => (found[0]?.validTokens ?? 0) > issued,
  );
  const [first, other] = keys;
  assert.deepEqual(
    keys.map(({ state }) => state),
    ['active', 'active'],
  );
  assert.ok(Math.abs(Date.parse(String(first?.signsUntil)) - began - 24 * HOUR) < 10 * MINUTE);
  assert.ok(Date.parse(String(first?.publishedUntil)) > Date.parse(String(first?.signsUntil)));
  assert.equal(other?.validTokens, 0, 'no token is for the audience of that algorithm');
  // The lifetime of its tokens has passed.
  server.clock.now += 3 * HOUR;
  const again = await adminToken(server, 'auditor');
  const later = await keysOf(server, again);
  assert.ok((later[0]?.validTokens ?? 0) < 3, JSON.stringify(later));
});

test('previews a rotation without doing it: the key that it replaces, and the audiences whose verifiers must read the new one', async (t) => {
  const server = await start(
    t,
    changed(administered, {
      keys: { rotateEvery: '30d', publishAhead: '1h' },
      resources: added({ audience: SIGNED, scopes: ['read'], token: { alg: 'ES384', jwks: '/keys/signed' } }),
    }),
  );
  const token = await adminToken(server);
  const preview = (query = '') => admin(server, `GET /keys/rotation${query}`, { token });
  const [before] = await keysOf(server, token);
  const { body } = await preview();
  assert.deepEqual(
    [body.alg, (body.replaces as Key).kid, body.published, body.cachedForSeconds, body.publishedForSeconds],
    ['ES256', before?.kid, [], 300, 3660],
  );
  assert.deepEqual(body.keySets, [`${server.issuer}/.well-known/jwks.json`]);
  assert.ok((body.audiences as string[]).includes(API) && !(body.audiences as string[]).includes(SIGNED));
  const { body: own } = await preview('?alg=ES384');
  assert.deepEqual([own.audiences, own.audienceCount, own.keySets], [[SIGNED], 1, [`${server.issuer}/keys/signed`]]);
  assert.equal((await read(await fetch(String((own.keySets as string[])[0])))).status, 200);
  const unused = await preview('?alg=RS256');
  assert.equal(unused.status, 422);
  assert.match(String(unused.body.detail), /no token is signed with RS256/);
  assert.equal((await keysOf(server, token)).length, 2, 'nothing is made');

  const made = await admin(server, 'POST /keys', { token, body: {} });
  assert.deepEqual([made.status, made.body.activatesAt], [201, body.activatesAt]);
  const { body: after } = await preview();
  const [next] = after.published as Key[];
  assert.deepEqual(
    [next?.state, next?.activatesAt, (after.replaces as Key).kid],
    ['next', made.body.activatesAt, next?.kid],
  );
  const replaced = (await keysOf(server, token)).find(({ kid }) => kid === before?.kid);
  assert.equal(replaced?.signsUntil, made.body.activatesAt);

  const printed = await beside(t, server, ['keys rotate', '--preview']);
  assert.match(printed.stdout, /^The next ES256 key would be published now, and sign from /);
  assert.match(printed.stdout, /is published already.*\n.*about \d+ now.*\n.*5 min.* 1 h 1 min/);
  assert.equal((await keysOf(server, token)).length, 3);
});
