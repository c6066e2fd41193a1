// The states of a signing key: published ahead of its time, active, kept until its last token has expired, and deleted; by
// schedule or by command, and sealed at rest.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type JSONWebKeySet, jwtVerify } from 'jose';
import { openKeyRing } from '../../src/keys/key-ring.ts';
import { manageKeys } from '../../src/keys/manage.ts';
import { createSealer } from '../../src/keys/sealing.ts';
import { createFreshness } from '../../src/store/freshness.ts';
import { openStore } from '../../src/store/store.ts';
import { API, exchange, gateway, subjectToken } from '../support/basics.ts';
import { beside, cambio } from '../support/command.ts';
import { added, type Configuration, changed, edited, yamlOf } from '../support/configuration.ts';
import { claimsOf, freePort, read, start, type TestServer, type } from '../support/harness.ts';
import { basic, introspect, introspecting, life, refresh, refreshTokenOf, revoke } from '../support/life.ts';
import { eventually, kidOf } from '../support/node.ts';
import { temporaryFolder } from '../support/program.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const keySet = async (server: TestServer) =>
  read(await fetch(`${server.issuer}/.well-known/jwks.json`)).then(({ body, headers }) => ({
    keys: body as unknown as JSONWebKeySet,
    kids: (body.keys as { kid: string }[]).map(({ kid }) => kid),
    keptFor: Number(headers.get('cache-control')?.match(/max-age=(\d+)/)?.[1]) * 1000,
  }));

const kidNow = async (server: TestServer): Promise<unknown> => kidOf(await subjectToken(server));

test('publishes a key before it signs, keeps it until its last token has expired, and deletes it (JW-18)', async (t) => {
  const server = await start(t, changed(life(), { keys: { rotateEvery: '1d', publishAhead: '1h' } }));
  const [first = ''] = (await keySet(server)).kids;
  const began = server.clock.now;
  server.clock.now = began + DAY - HOUR - 2 * MINUTE;
  assert.deepEqual((await keySet(server)).kids, [first]);
  server.clock.now = began + DAY - HOUR;
  const { kids } = await eventually(
    () => keySet(server),
    ({ kids }) => kids.length === 2,
  );
  const next = kids.find((kid) => kid !== first);
  assert.equal(await kidNow(server), first, 'the new one does not sign yet');
  server.clock.now = began + DAY + 2 * MINUTE;
  const last = await subjectToken(server);
  assert.equal(kidOf(last), next);
  const token = server.forge({ ...claimsOf(last), jti: 'the last of the first key' }, { kid: first });
  assert.equal((await exchange(server, { subject_token: token })).status, 200, 'tokens of the former key are valid');
  server.clock.now += HOUR - 2 * MINUTE;
  assert.deepEqual(
    new Set((await keySet(server)).kids),
    new Set([first, next]),
    'tokens of this server are valid for an hour',
  );
  server.clock.now += 10 * MINUTE;
  await eventually(
    () => keySet(server),
    ({ kids }) => kids.length === 1 && kids[0] === next,
  );
});

test('never signs with a key that a verifier with a cached key set lacks, while two nodes rotate', async (t) => {
  let now = Date.now();
  const store = await openStore({ kind: 'sqlite', file: ':memory:' }, 'write', now);
  t.after(() => store.destroy());
  const sealer = createSealer([randomBytes(32)]);
  const schedule = {
    algorithms: ['ES256'],
    sets: new Map([['', new Set(['ES256'] as const)]]),
    rotateEvery: 7 * MINUTE,
    publishAhead: 5 * MINUTE,
    keepAfter: 10 * MINUTE,
  } as const;
  const by = { store, sealer, access: 'write', freshness: createFreshness() } as const;
  // The clocks of the nodes differ, and one polls a moment later.
  const nodes = [
    await openKeyRing(schedule, { ...by, clock: () => now + 20_000 }),
    await openKeyRing(schedule, { ...by, clock: () => now - 20_000 }),
  ] as const;
  const operator = manageKeys(store, schedule, sealer, () => now);
  const verifiers = [0, 1].flatMap((node) =>
    [0, 97_000, 203_000].map((since) => ({ node, until: now + since, kids: [] as string[] })),
  );
  const signed = new Map<string, number>();
  for (let step = 0; step < 1000; step++) {
    now += 7_000;
    if (step % 90 === 40) await operator.rotate('ES256').write(store);
    await nodes[step % 2]?.poll();
    for (const { signing } of nodes) signed.set(signing('ES256').kid, now);
    for (const verifier of verifiers) {
      if (now >= verifier.until) {
        verifier.kids = nodes[verifier.node]?.published().map(({ kid }) => kid) ?? [];
        verifier.until = now + 300_000;
      }
      if (verifier.kids.length === 0) continue;
      for (const { signing } of nodes) assert.ok(verifier.kids.includes(signing('ES256').kid), `step ${step}`);
    }
    // Every token that has not expired verifies.
    for (const [kid, at] of signed) {
      if (now - at <= schedule.keepAfter)
        assert.ok(
          nodes.every(({ verifying }) => verifying(kid)),
          `step ${step}`,
        );
    }
  }
  assert.ok(signed.size > 15, `${signed.size} keys signed`);
  assert.ok(nodes[0].published().length < 8, 'and finished keys are deleted');
});

/** A configuration file, and the commands run beside it. */
async function installation(t: TestContext, source = life()) {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, yamlOf(source));
  const env = { PORT: String(await freePort()) };
  return { folder, file, env, cambio: (...args: string[]) => cambio(t, [...args, '--config', file], { env }) };
}

test('lists, rotates and retires keys by command', async (t) => {
  const server = await start(t, life());
  const keys = (verb: string, ...args: string[]) => beside(t, server, [`keys ${verb}`, ...args]);
  const [first = ''] = (await keySet(server)).kids;
  const listed = await keys('list');
  assert.match(listed.stdout, new RegExp(`^KID +ALG .*\n${first}  ES256  active(?:  \\S+Z){4}  \\d+\n$`));
  const rotated = await keys('rotate');
  assert.match(rotated.stdout, /^The next ES256 key is published, and signs from \d{4}-/);
  const { kids } = await eventually(
    () => keySet(server),
    ({ kids }) => kids.length === 2,
  );
  const next = kids.find((kid) => kid !== first);
  assert.deepEqual(
    (await keys('list')).stdout.match(/ {2}(active|next|retired) +/g)?.map((one) => one.trim()),
    ['active', 'next'],
  );
  const stolen = await subjectToken(server);
  const asked = await keys('retire', first);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /This removes the active ES256 key .* Nothing was done: .* Add --yes to do it$/m);
  const retired = await keys('retire', first, '--yes');
  assert.equal(retired.code, 0, retired.stderr);
  await eventually(
    () => keySet(server),
    ({ kids }) => kids.length === 2 && !kids.includes(first),
  );
  assert.equal((await exchange(server, { subject_token: stolen })).status, 400);
  assert.equal((await exchange(server)).status, 200);
  assert.match((await keys('list')).stdout, new RegExp(`^${next}  ES256  next|\n${next}  ES256  next`));
  const unknown = await keys('retire', 'nothing');
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [1, 'cambio: there is no key nothing. cambio keys list shows the keys\n'],
  );
});

const sealed = (...keys: Buffer[]): Configuration =>
  changed(life(), { sealingKey: keys.map((key) => ({ plain: key.toString('base64') })) });

const columns = (folder: string) => {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { timeout: 5000 });
  const rows = database
    .prepare('select kid as name, private_key as value from signing_keys union all select name, value from secrets')
    .all();
  database.close();
  return rows.map(({ name, value }) => ({ name: String(name), value: String(value) }));
};

test('opens sealed values only with the sealing key, and only for their own purpose', async (t) => {
  const key = randomBytes(32);
  const server = await start(t, sealed(key));
  const refreshToken = await refreshTokenOf(server);
  const values = columns(server.folder);
  assert.deepEqual(
    values
      .slice(1)
      .map(({ name }) => name)
      .toSorted(),
    ['configuration', 'pairwise-subject', 'refresh-token', 'token-ids'],
  );
  const stored =
    readFileSync(join(server.folder, 'cambio.db'), 'latin1') +
    readFileSync(join(server.folder, 'cambio.db-wal'), 'latin1');
  for (const secret of ['PRIVATE KEY', 'MIGHAgEA', refreshToken]) assert.equal(stored.includes(secret), false, secret);
  const [signing, shared] = [values[0], values[1]];
  await server.close();
  const update = (value: string): void => {
    const database = new DatabaseSync(join(server.folder, 'cambio.db'), { timeout: 5000 });
    database.prepare('update signing_keys set private_key = ?').run(value);
    database.close();
  };
  const again = () => start({ after: () => undefined }, sealed(key), { folder: server.folder });
  const flipped = Buffer.from(signing?.value.split('.')[1] ?? '', 'base64url');
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  const [id] = (signing?.value ?? '').split('.');
  for (const [what, value] of [
    ['tampered', `${id}.${flipped.toString('base64url')}`],
    ['cut', `${id}.${flipped.subarray(0, 20).toString('base64url')}`],
    ['empty', `${id}.`],
    ["another value's", shared?.value ?? ''],
  ]) {
    update(value ?? '');
    await assert.rejects(again(), /signing key \S+ was altered in the database/, what);
  }
  update(signing?.value ?? '');
  const back = await start(t, sealed(key), { folder: server.folder });
  assert.equal((await refresh(back, refreshToken)).status, 200);
});

test('seals everything again with a new sealing key, after which the old key opens nothing', async (t) => {
  const [old, young] = [randomBytes(32), randomBytes(32)];
  const keep = { after: () => undefined };
  const server = await start(keep, sealed(old));
  const token = await refreshTokenOf(server);
  const { kids } = await keySet(server);
  await server.close();
  const before = columns(server.folder);
  const taking = await start(keep, sealed(young, old), { folder: server.folder });
  const between = await refresh(taking, token);
  assert.equal(between.status, 200);
  await taking.close();
  const now = columns(server.folder);
  for (const { name, value } of now) {
    assert.notEqual(value.split('.')[0], before.find((row) => row.name === name)?.value.split('.')[0]);
  }
  await assert.rejects(start(keep, sealed(old), { folder: server.folder }), /not configured/);
  const last = await start(t, sealed(young), { folder: server.folder });
  assert.deepEqual((await keySet(last)).kids, kids);
  assert.equal((await refresh(last, between.body.refresh_token)).status, 200);
});

test('reports a wrong sealing key in one line at the start', async (t) => {
  const first = await start({ after: () => undefined }, sealed(randomBytes(32)), { folder: temporaryFolder(t) });
  await first.close();
  const { cambio, file } = await installation(t);
  const store = `sqlite:${join(first.folder, 'cambio.db')}`;
  writeFileSync(file, yamlOf(changed(sealed(randomBytes(32)), { store })));
  const { code, stderr, stdout } = await cambio('serve');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^cambio: the sealing key that secret \S+ was sealed with is not configured\. Restore its file from the backup, or name both keys in sealingKey\n$/,
  );
});

const SECRET = 'a secret that a resource insists on, long enough';
const HS = 'https://hs.example';
const withSecret = (plain?: string): Configuration =>
  changed(
    life(),
    {
      resources: added({
        audience: HS,
        scopes: ['read'],
        token: { alg: 'HS256', secret: plain === undefined ? undefined : { plain } },
      }),
      clients: edited('gateway', { audiences: [HS, API] }),
    },
    {
      clients: added(introspecting('hs', HS)),
    },
  );

test('signs with HS256 for a resource with a secret, and accepts such a token for nothing else (JW-05)', async (t) => {
  const server = await start(t, withSecret(SECRET));
  const token = await subjectToken(server, { audience: HS });
  const key = new TextEncoder().encode(SECRET);
  const { payload, protectedHeader } = await jwtVerify(token, key, {
    audience: HS,
    typ: 'at+jwt',
    issuer: 'https://login.example',
  });
  assert.deepEqual([protectedHeader.alg, payload.sub], ['HS256', 'gateway']);
  await assert.rejects(jwtVerify(token, new TextEncoder().encode(`${SECRET}.`)));
  const { keys, kids } = await keySet(server);
  assert.equal(kids.includes(String(kidOf(token))), false);
  assert.equal(JSON.stringify(keys).includes('oct'), false);
  const refused = await exchange(server, { subject_token: token });
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'], 'every verifier could have made it');
  assert.equal((await exchange(server, { subject_token: token, subject_token_type: type('jwt') })).status, 400);
  // It proves something only to its resource, so it cannot be used to revoke.
  const asked = () => introspect(server, token, {}, basic('hs'));
  assert.equal((await asked()).body.active, true);
  assert.equal((await introspect(server, token)).body.active, false);
  const ignored = await revoke(server, token, gateway);
  assert.deepEqual([ignored.status, server.audit(ignored)?.outcome], [200, 'ignored']);
  assert.equal((await asked()).body.active, true);
});

test('refuses a secret under 32 bytes, and HS256 without a secret (JW-15)', async (t) => {
  const { cambio, file } = await installation(t, withSecret('too short'));
  const short = await cambio('check');
  assert.equal(short.code, 1);
  assert.match(short.stderr + short.stdout, /needs a secret of 32 bytes or more/);
  writeFileSync(file, yamlOf(withSecret()));
  const none = await cambio('check');
  assert.equal(none.code, 1);
  assert.match(none.stderr + none.stdout, /HS256 needs a secret/);
});
