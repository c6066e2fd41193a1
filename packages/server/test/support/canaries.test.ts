// Is a leaked secret found? Each output is tested with a deliberate leak, and with text that may be logged.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuration, exchange, gateway, startBasic, subjectToken } from './basics.ts';
import { canaries, openCanaries } from './canaries.ts';
import { yamlOf } from './configuration.ts';
import { claimsOf } from './harness.ts';
import { runProgram } from './program.ts';

test('finds a token, a secret and a password anywhere in a text, and nothing else', () => {
  const { plant, plantConfiguration, plantRequest, plantAnswer, look, takeSeen } = openCanaries();
  const signature = 'Zm9yZ2VkLXNpZ25hdHVyZS1vZi1hLXRva2Vu';
  plant(`eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.${signature}`);
  plantConfiguration(yamlOf(configuration));
  plantRequest('client_id=some-long-client-id&client_secret=sent%20in-this-long-form&scope=openid-and-more', {
    authorization: `Basic ${btoa('agent-of-change:sent-in-the-header')}`,
    'x-request-id': 'chosen-by-the-caller',
  });
  plantAnswer({ status: 200, body: { refresh_token: 'opaque-refresh-token', token_type: 'urn-of-a-type' } });
  for (const text of [
    'some-long-client-id',
    'openid-and-more',
    'agent-of-change',
    'chosen-by-the-caller',
    'urn-of-a-type',
  ])
    look('a place', `{"told":"${text}"}`);
  look('a place', 'the client gateway-secret-keeper');
  look('a place', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ, and gateway, agent and ada');
  assert.deepEqual(takeSeen(), []);
  const leaks = [signature, 'gateway-secret', 'in-this-long-form', 'sent-in-the-header', 'opaque-refresh-token'];
  for (const leak of [...leaks, signature.slice(0, 30), btoa('agent-of-change:sent-in-the-header')]) {
    look('a place', `{"told":"x=${leak}"}`);
    assert.deepEqual([takeSeen().length, takeSeen()], [1, []], leak);
  }
});

test('searches every database row, log line and error for the secrets that a test sends and receives', async (t) => {
  const ends: (() => Promise<void>)[] = [];
  const server = await startBasic({ after: (end) => ends.push(end as () => Promise<void>) });
  t.after(() => server.close());
  const token = await subjectToken(server);
  assert.equal((await exchange(server, { subject_token: token })).status, 200);
  const { jti } = claimsOf(token);
  server.sql(`create table notes (text); insert into notes values ('of ${jti}')`);
  server.sql(`insert into notes values ('{"secret":"${gateway.client_secret}"}'), ('Bearer ${token}')`);
  assert.deepEqual(canaries.takeSeen(), []);
  for (const end of ends) await end();
  const places = canaries.takeSeen().map((one) => one.split(',')[0]);
  assert.deepEqual(places, ['notes', 'notes']);
});

test('fails a process that leaks a secret, and names the place', async (t) => {
  const file = join(import.meta.dirname, 'canaries.ts');
  const run = (place: string) =>
    runProgram(t, [
      process.execPath,
      '--input-type=module',
      '--eval',
      `import { canaries } from ${JSON.stringify(file)}; canaries.plant('a-planted-secret'); canaries.look('a line', '${place}');`,
    ]);
  assert.equal((await run('some-other-flower')).code, 0);
  const { code, stderr } = await run('a-planted-secret');
  assert.deepEqual([code, stderr], [1, 'a secret got out: a line: a-planted-secret\n']);
});
