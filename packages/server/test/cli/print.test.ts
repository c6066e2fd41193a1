// Text from requests cannot control the terminal of an operator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, gateway, startBasic, subjectToken } from '../support/basics.ts';
import { beside, cambio } from '../support/command.ts';
import { EXCHANGE, type } from '../support/harness.ts';

/** Control characters, except line ends. */
const STEERS = /(?!\r?\n)[\p{Cc}\p{Cf}]/u;

test('commands escape the control characters of requests, and JSON keeps the original value', async (t) => {
  const server = await startBasic(t);
  const asked = 'x\u009b31mred\u009d0;title\u009c\u202e\u0085\u001b[2Ky';
  const form = { grant_type: EXCHANGE, ...gateway, subject_token_type: type('access_token') };
  const subject_token = await subjectToken(server);
  const twin = await server.token({ ...form, subject_token, audience: API });
  const refused = await server.token({ ...form, subject_token, audience: asked });
  assert.deepEqual([twin.status, refused.status], [200, 400]);
  assert.deepEqual(server.audit(refused)?.audiencesAsked, [asked]);
  const id = refused.headers.get('x-request-id') ?? '';
  const printed = [
    await beside(t, server, ['audit search', '--request', id, '--output', 'json']),
    await beside(t, server, ['audit search', '--request', id, '--output', 'csv']),
    await beside(t, server, ['audit tail']),
    await beside(t, server, ['audit export']),
    await beside(t, server, ['explain', '--request', id]),
    await beside(t, server, ['explain', '--request', id, '--json']),
    await beside(t, server, ['audit search', '--audience', asked]),
    await beside(t, server, ['explain', '--request', asked]),
    await cambio(t, ['clients', 'list', asked]),
    await cambio(t, ['tokens', 'inspect', server.forge({ iss: server.issuer, sub: asked, jti: `${asked}\nforged` })]),
  ];
  for (const { stdout, stderr } of printed) assert.doesNotMatch(stdout + stderr, STEERS);
  assert.deepEqual(JSON.parse(printed[0]?.stdout ?? '').audiencesAsked, [asked]);
  assert.match(printed[3]?.stdout ?? '', /\\u009b31mred/);
  assert.doesNotMatch(printed[9]?.stdout ?? '', /^forged/m);
});
