// After a restore of an older copy of the database, which lacks later revocations, everything can be revoked at once.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, exchange } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { changed, edited } from '../support/configuration.ts';
import { EXCHANGE, encode, start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE, introspect, life, refresh, revoke, VAULT } from '../support/life.ts';
import { eventually } from '../support/node.ts';
import {
  authorizationUrl,
  authorizeAs,
  configuration,
  DEVICE,
  goThrough,
  redeem,
  startPeople,
  tv,
  web,
} from '../support/people.ts';
import { PROGRAM, runProgram, temporaryFolder } from '../support/program.ts';

test('after a restore of an older copy, `tokens revoke --all` revokes all tokens issued before, as documented', async (t) => {
  const keep = { after: () => undefined };
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.db');
  const idp = await startIssuer(t);
  const yaml = life([BESIDE, FOREIGN_BESIDE], [entry(idp)]);
  const revokeAll = async () => {
    const command = [
      process.execPath,
      PROGRAM,
      'tokens',
      'revoke',
      '--all',
      '--yes',
      '--config',
      join(folder, 'cambio.yaml'),
    ];
    const { code, stderr } = await runProgram(t, command, { env: { PORT: '1' } });
    assert.deepEqual([code, stderr], [0, '']);
  };
  const begun = await start(keep, yaml, { folder });
  const presented = { subject_token: idp.sign(), subject_token_type: type('jwt') };
  const issued = [await exchange(begun), await exchange(begun, { audience: VAULT }), await exchange(begun, presented)];
  await begun.close();
  copyFileSync(file, join(folder, 'copy.db'));
  const later = await start(keep, yaml, { folder });
  for (const { body } of issued) {
    assert.equal((await revoke(later, body.access_token)).status, 200);
    assert.equal((await revoke(later, body.refresh_token)).status, 200);
  }
  // A running node applies it, too.
  const { body: running } = await exchange(later);
  assert.equal((await introspect(later, running.access_token)).body.active, true);
  await revokeAll();
  await eventually(
    async () => (await introspect(later, running.access_token)).body.active,
    (active) => active === false,
  );
  await later.close();
  copyFileSync(join(folder, 'copy.db'), file);
  await revokeAll();
  const restored = await start(t, yaml, { folder });
  restored.clock.now += 2000;
  for (const { body } of issued) {
    assert.equal((await introspect(restored, body.access_token)).body.active, false);
    assert.equal((await exchange(restored, { subject_token: String(body.access_token) })).status, 400);
    assert.equal((await refresh(restored, body.refresh_token)).status, 400);
  }
  assert.equal((await exchange(restored, presented)).status, 200, 'a token of another issuer is not revoked');
  const { body } = await exchange(restored, { audience: VAULT });
  assert.equal((await introspect(restored, body.access_token)).body.active, true);
  assert.equal((await refresh(restored, body.refresh_token)).status, 200);
});

test('POST /revocations with all also revokes codes, waiting devices and sessions; a new sign-in works', async (t) => {
  // The API that people agree to.
  const rules = edited('web exchanges what it got', { grant: { audiences: [API] } });
  const server = await startPeople(t, withOperators(changed(configuration, { rules })));
  const browser = createBrowser(server.issuer);
  const signIn = () => authorizeAs(server, { scope: 'openid offline_access read' }, browser);
  const { body: before } = await redeem(server, await signIn());
  const [code, spare] = [await signIn(), await signIn()];
  const devices = [await connect(server), await connect(server)];
  const poll = (device: unknown) => server.token({ grant_type: DEVICE, ...tv, device_code: String(device) });
  assert.equal((await redeem(server, spare)).status, 200);
  assert.equal((await poll(devices[0])).body.error, 'authorization_pending');
  assert.equal((await presentAll(server, before)).join(), '200,200,200');

  const answer = await admin(server, 'POST /revocations', { body: { all: true } });
  assert.equal(answer.status, 204);
  const { outcome, revoked, change } = server.audit(answer) ?? {};
  assert.deepEqual([outcome, revoked, change], ['revoked', 'all', { what: 'revoke all', after: { all: true } }]);

  assert.equal((await presentAll(server, before)).join(), '400,400,400');
  assert.equal((await redeem(server, code)).body.error, 'invalid_grant');
  assert.equal((await poll(devices[1])).body.error, 'invalid_grant');
  const asked = await browser.get(authorizationUrl());
  assert.match(asked.text, /name="password"/);

  server.clock.now += 2000;
  const { leftTo } = await goThrough(browser, asked);
  const { body: after } = await redeem(server, leftTo ?? new URL(server.issuer), {});
  assert.equal((await presentAll(server, { ...before, ...after })).slice(0, 2).join(), '200,200');
  assert.equal((await poll(await connect(server))).body.error, 'authorization_pending');
  assert.equal((await presentAll(server, (await redeem(server, await signIn())).body)).join(), '200,200,200');
});

/** A device that waits for a person. */
async function connect(server: TestServer): Promise<unknown> {
  const form = encode({ ...tv, scope: 'openid read' });
  return (await server.post('/oauth/device_authorization', form)).body.device_code;
}

/** Exchanges an access token, an ID token and a refresh token, and returns the statuses. */
async function presentAll(server: TestServer, tokens: Readonly<Record<string, unknown>>): Promise<number[]> {
  const statuses: number[] = [];
  for (const kind of ['access_token', 'id_token', 'refresh_token']) {
    const presented = { subject_token: String(tokens[kind]), subject_token_type: type(kind) };
    statuses.push((await server.token({ grant_type: EXCHANGE, ...web, ...presented })).status);
  }
  return statuses;
}
