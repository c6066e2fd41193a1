import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMessages } from '../../src/regions/messages.ts';
import { withOperators } from '../support/admin-api.ts';
import { API, configuration } from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, type TestServer } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { PROGRAM, runProgram } from '../support/program.ts';
import { ISSUER, startWorld } from '../support/regions.ts';

const base = withOperators(
  changed(configuration, { clients: edited('gateway', { grants: ['client_credentials', 'token_exchange'] }) }),
  ISSUER,
);
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
const own = async (server: TestServer): Promise<string> => {
  const { body, text } = await server.token({ ...gateway, grant_type: 'client_credentials', audience: API });
  assert.ok(body.access_token, text);
  return String(body.access_token);
};
const introspect = (server: TestServer, token: string): Promise<Answer> =>
  server.post('/oauth/introspect', new URLSearchParams({ ...gateway, token }).toString());
const revoke = (server: TestServer, token: string): Promise<Answer> =>
  server.post('/oauth/revoke', new URLSearchParams({ ...gateway, token }).toString());
const isActive =
  (active: boolean) =>
  ({ body }: Answer) =>
    body.active === active;

test('a region whose database was restored tells the others what it revokes from then on', async (t) => {
  const { eu, us, reopen } = await startWorld(t, { configuration: base });
  const file = join(us.folder, 'cambio.db');
  const [first, second, third] = [await own(us), await own(us), await own(us)];
  for (const token of [first, second, third]) await eventually(() => introspect(eu, token), isActive(true));
  await us.close();
  copyFileSync(file, join(us.folder, 'copy.db'));
  const later = await reopen.us();
  assert.equal((await revoke(later, first)).status, 200);
  await eventually(() => introspect(eu, first), isActive(false));
  await later.close();
  copyFileSync(join(us.folder, 'copy.db'), file);
  const restored = await reopen.us();
  // The lost revocation had the number that this one gets.
  assert.equal((await revoke(restored, second)).status, 200);
  await eventually(() => introspect(eu, second), isActive(false));
  await eventually(() => introspect(eu, third), isActive(true));
});

test('a region reads another one that has revoked many tokens and long names', async (t) => {
  const { eu, us } = await startWorld(t, { configuration: base });
  const token = await own(us);
  await eventually(() => introspect(eu, token), isActive(true));
  const numbers = Array.from({ length: 1000 }, (_, number) => `${number}`);
  const tokens = numbers.slice(200).map((number) => `('${number.padEnd(36, 'A')}', 1, 'token', null)`);
  const names = numbers.slice(0, 200).map((number) => number.padEnd(256, '\u6f22'));
  const rows = [...tokens, ...names.map((name) => `('subject:${name}', 1, 'subject', '${name}')`)];
  us.sql(`insert into revocations (id, revoked_at, kind, name) values ${rows.join(', ')}`);
  assert.equal((await revoke(us, token)).status, 200);
  await eventually(() => introspect(eu, token), isActive(false));
});

test('every region is told by the region that issued a token that it is revoked, whichever revoked it', async (t) => {
  const { eu, us, toUs, secret } = await startWorld(t, { configuration: base, third: 'ap' });
  // The third region reads eu, and not us.
  const messages = createMessages(ISSUER, { name: 'ap', secrets: [secret], peers: [] }, () => Date.now());
  const told = async (): Promise<readonly string[]> => {
    const { text, id } = messages.request('eu', { read: { after: 0 } });
    const { body } = await eu.post('/regions', JSON.stringify({ request: text }));
    const { revocations } = messages.readAnswer(String(Object.values(body.sets as object)[0]), {
      from: 'eu',
      id,
      kind: 'state',
    });
    return revocations.map(({ name }) => name);
  };
  const [token, other] = [await own(eu), await own(eu)];
  await eventually(() => introspect(us, token), isActive(true));
  assert.equal((await revoke(us, token)).status, 200);
  await eventually(told, (names) => names.includes(String(claimsOf(token).jti)));
  // The third region has told us of a revocation, and eu cannot have it from there.
  us.sql(`insert into revocations (id, revoked_at, kind, region) values ('${claimsOf(other).jti}', 1, 'token', 'ap')`);
  await eventually(() => introspect(us, other), isActive(false));
  const last = await own(us);
  assert.equal((await revoke(us, last)).status, 200);
  await eventually(() => introspect(eu, last), isActive(false));
  toUs.cut();
  assert.equal((await revoke(us.once, other)).status, 503, 'eu has not read it');
  toUs.mend();
  await eventually(
    () => revoke(us, other),
    ({ status }) => status === 200,
  );
  assert.equal((await introspect(eu, other)).body.active, false);
});

test('a command revokes a token of another region', async (t) => {
  const { eu, us } = await startWorld(t, { configuration: base });
  const token = await own(us);
  await eventually(() => introspect(eu, token), isActive(true));
  const command = [PROGRAM, 'tokens', 'revoke', token, '--yes', '--config', join(eu.folder, 'cambio.yaml')];
  const run = () => runProgram(t, [process.execPath, ...command], { env: { PORT: '1' } });
  // The region may need longer on a busy machine: then the command says to repeat it.
  await eventually(run, ({ code }) => code === 0);
  assert.equal((await introspect(us, token)).body.active, false);
});
