// POST /revocations and `cambio tokens revoke`: by the text of a token, or by an id that can exist here.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { admin, adminToken } from '../../support/admin-api.ts';
import { API, exchange, subjectToken } from '../../support/basics.ts';
import { canaries } from '../../support/canaries.ts';
import { beside } from '../../support/command.ts';
import { claimsOf, everythingIn, start, type TestServer, type } from '../../support/harness.ts';
import { entry, INTROSPECT, startIssuer } from '../../support/issuer.ts';
import { BESIDE, introspect, REFRESH, refreshTokenOf, VAULT } from '../../support/life.ts';
import { administeredLife, comesTrue } from '../../support/nodes.ts';

const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token)).body.active;

/** The stored part of a token, which begins no other text. */
const stored = (server: TestServer, text: string): boolean =>
  JSON.stringify(everythingIn(server)).includes(text.slice(-30));

const FOREIGN = `{ name: foreign, client: gateway, subject: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read] } }`;

test('revokes by the text of a token, expired or not, and writes the text nowhere', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, administeredLife([BESIDE, FOREIGN], [entry(idp)]));
  const jwt = type('jwt');
  const fresh = async () => {
    const foreign = idp.sign();
    const withoutId = idp.sign({ jti: undefined });
    const derived = async (subject_token: string, subject_token_type = type('access_token')) =>
      (await exchange(server, { subject_token, subject_token_type })).body.access_token;
    const [own, opaque] = [await subjectToken(server), await subjectToken(server, { audience: VAULT })];
    const refreshing = await refreshTokenOf(server, REFRESH);
    return [
      [own, await derived(own)],
      [opaque, await derived(opaque)],
      [refreshing, refreshing],
      [foreign, await derived(foreign, jwt)],
      [withoutId, await derived(withoutId, jwt)],
    ] as [string, unknown][];
  };
  for (const [text, derived] of await fresh()) {
    assert.equal(await active(server, derived), true);
    const answer = await admin(server, 'POST /revocations', { body: { id: text } });
    assert.equal(answer.status, 204, answer.text);
    const { revoked, change } = server.audit(answer) ?? {};
    assert.deepEqual(change, { what: 'revoke by id', after: { id: revoked } });
    assert.equal(await active(server, derived), false);
    assert.equal(stored(server, text), false);
  }
  for (const [index, [text, derived]] of (await fresh()).entries()) {
    const file = join(server.folder, 'token.txt');
    writeFileSync(file, `${text}\n`);
    const { code, stdout, stderr } = await beside(t, server, ['tokens revoke', index % 2 ? text : `@${file}`]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal((stdout + stderr).includes(text.slice(-30)), false);
    await comesTrue(() => active(server, derived), false);
    assert.equal(stored(server, text), false);
  }
  const expired = await subjectToken(server);
  const { refresh_token } = (await exchange(server, { subject_token: expired })).body;
  server.clock.now += 4_000_000;
  assert.equal(await active(server, refresh_token), true);
  assert.equal((await admin(server, 'POST /revocations', { body: { id: expired } })).status, 204);
  assert.equal(await active(server, refresh_token), false);
});

test('refuses an id that was never issued here as unknown, in the API and the command, and keeps nothing of it', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, administeredLife([BESIDE, FOREIGN], [entry(idp)]));
  const good = await subjectToken(server);
  const jti = String(claimsOf(good).jti);
  const strange = [
    ...['all', 'subject:gateway', 'client:gateway', 'x', crypto.randomUUID(), jti.slice(1), `${jti}x`],
    jti.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    good.replace(/.{8}$/, 'AAAAAAAA').replace(/\.[^.]+\./, '.e30.'),
    server.forge({ iss: 'https://elsewhere.example', jti: 'x' }),
    `cambio_at_${'x'.repeat(43)}`,
    `cambio_rt_${'x'.repeat(36)}.0.${'x'.repeat(43)}`,
    Buffer.from('<Assertion ID="x">with words of its own</Assertion>').toString('base64url'),
  ];
  for (const id of strange) {
    if (id.length > 60) canaries.plant(id);
    const answer = await admin(server, 'POST /revocations', { body: { id } });
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [404, 'admin_item_unknown'], id);
    assert.match(String(answer.body.detail), /Check it, or give the text of the token/);
    const { code, stdout, stderr } = await beside(t, server, ['tokens revoke', id]);
    assert.deepEqual([code, stdout], [1, ''], id);
    assert.match(stderr, /no token of this server has this id/);
    if (id.length > 40) assert.equal(stored(server, id), false, id);
  }
  assert.equal(await active(server, good), true);
  // An id of an earlier version, or one of the future, which the operator vouches for.
  const unknown = { id: crypto.randomUUID(), unknown: true };
  assert.equal((await admin(server, 'POST /revocations', { body: unknown })).status, 204);
  assert.equal((await beside(t, server, ['tokens revoke', crypto.randomUUID(), '--unknown'])).code, 0);
  assert.equal((await admin(server, 'POST /revocations', { body: { id: jti } })).status, 204);
  assert.equal(await active(server, good), false);
});

test('accepts the digest of a foreign token as an id, and refuses it if an issuer has opaque tokens that could have it', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, administeredLife([FOREIGN], [entry(idp)]));
  const ask = { subject_token: idp.sign(), subject_token_type: type('jwt') };
  const id = String(server.audit(await exchange(server, ask))?.subject?.id);
  assert.equal((await admin(server, 'POST /revocations', { body: { id } })).status, 204);
  assert.equal((await exchange(server, ask)).status, 400);
  const introspecting = entry(idp, {
    accepts: '[access_token]',
    introspection: `{ endpoint: '${idp.url}${INTROSPECT}', client: us, secret: { plain: a-long-secret } }`,
  });
  const careful = await start(t, administeredLife([FOREIGN], [introspecting]));
  const text = `${'x'.repeat(42)}y`;
  assert.equal((await admin(careful, 'POST /revocations', { body: { id: text } })).status, 404);
  assert.equal(stored(careful, text), false);
  assert.equal((await admin(careful, 'POST /revocations', { body: { id, unknown: true } })).status, 204);
});

test('refuses a token in the place of a subject, an issuer or a client, and does not record it', async (t) => {
  const server = await start(t, administeredLife());
  const token = await subjectToken(server);
  const tokens = [
    token,
    token.slice(0, -5),
    await refreshTokenOf(server, REFRESH),
    await subjectToken(server, { audience: VAULT }),
  ];
  for (const text of tokens)
    for (const body of [{ subject: text }, { client: text }, { subject: 'ada', issuer: text }]) {
      const answer = await admin(server, 'POST /revocations', { body, token: await adminToken(server) });
      assert.equal(answer.status, 422);
      assert.equal(stored(server, text), false);
    }
  assert.equal((await admin(server, 'POST /revocations', { body: { subject: 'ada.b.c@example.com' } })).status, 204);
});
