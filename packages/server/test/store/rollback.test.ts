// `cambio store rollback`, used to return to the previous version after an upgrade.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { assertIssued, configuration, gateway, startBasic } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { EXCHANGE, everythingIn, fetchAnswer, start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE } from '../support/life.ts';
import { administeredLife } from '../support/nodes.ts';

const names = (server: { folder: string }): string[] =>
  (everythingIn(server).migrations as { name: string }[]).map(({ name }) => name);

test('rolls back the last step once, and the next start applies it again', async (t) => {
  const server = await startBasic(t);
  const before = names(server);
  await server.close();
  const taken = await beside(t, server, ['store rollback', '--discard', '--yes']);
  assert.equal(taken.code, 0);
  assert.equal(
    taken.stdout,
    `${before.at(-1)} is rolled back. Starting this version, or cambio store migrate, applies it again.\n`,
  );
  assert.deepEqual(names(server), before.slice(0, -1));
  const twice = await beside(t, server, ['store rollback', '--discard', '--yes']);
  assert.equal(twice.code, 1);
  assert.match(
    twice.stderr,
    /^cambio: the last step of the database is .* was taken back already, or never made\. Start the earlier version now, or run cambio store migrate/,
  );
  const again = await start(t, configuration, { folder: server.folder });
  assert.deepEqual(names(again), before);
  assertIssued(again, await again.token({ grant_type: 'client_credentials', ...gateway }));
});

test('a rollback loses no suspension and no revocation, and a later start restores no revoked person', async (t) => {
  const idp = await startIssuer(t);
  const yaml = administeredLife([BESIDE, FOREIGN_BESIDE], [entry(idp)]);
  const first = await start(t, yaml);
  const [mallory, ada] = ['mallory', 'ada'].map((sub) => idp.sign({ sub }));
  const exchangeAt = async (server: TestServer, token: unknown, kind: string): Promise<number> =>
    (
      await server.token({
        grant_type: EXCHANGE,
        ...gateway,
        subject_token: String(token),
        subject_token_type: type(kind),
      })
    ).status;
  const issued = await first.token({
    grant_type: EXCHANGE,
    ...gateway,
    subject_token: String(mallory),
    subject_token_type: type('jwt'),
  });
  assertIssued(first, issued);
  assert.equal(await exchangeAt(first, issued.body.access_token, 'access_token'), 200);
  const revoked = await admin(first, 'POST /revocations', { body: { subject: 'mallory', issuer: idp.url } });
  assert.equal(revoked.status, 204, revoked.text);
  const suspended = await admin(first, 'POST /actors/suspend', { body: { subject: 'agent' } });
  assert.equal(suspended.status, 204, suspended.text);
  await first.close();
  const rows = everythingIn(first).audit as unknown[];
  const taken = await beside(t, first, ['store rollback']);
  assert.equal(taken.code, 0, taken.stderr);
  assert.deepEqual(everythingIn(first).audit, rows);
  assert.equal((everythingIn(first).suspensions as unknown[]).length, 1);
  const again = await start(t, yaml, { folder: first.folder });
  assert.equal(await exchangeAt(again, mallory, 'jwt'), 400);
  assert.equal(await exchangeAt(again, issued.body.access_token, 'access_token'), 400);
  const { refresh_token } = issued.body;
  const renewed = await again.token({ grant_type: 'refresh_token', ...gateway, refresh_token: String(refresh_token) });
  assert.equal(renewed.status, 400);
  assert.equal(await exchangeAt(again, ada, 'jwt'), 200);
});

test('a running server whose last step was rolled back is not ready', async (t) => {
  const server = await startBasic(t);
  const ready = async (): Promise<number> => (await fetchAnswer(`${server.issuer}/readyz`)).status;
  assert.equal(await ready(), 200);
  assert.equal((await beside(t, server, ['store rollback', '--discard', '--yes'])).code, 0);
  assert.equal(await ready(), 503);
});
