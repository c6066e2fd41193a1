// How the bytes of a form become values, and that nothing of what a caller sends comes back in an error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, configuration, exchange, gateway, startBasic } from './basics.ts';
import { encode, start } from './harness.ts';

const FORM = encode({ grant_type: 'client_credentials', ...gateway });
const MALFORMED = {
  error: 'invalid_request',
  description: 'The body is not a valid application/x-www-form-urlencoded form',
  reason: 'form_malformed',
};

test('the test vector of RFC 6749 appendix B reads as it says', async (t) => {
  const server = await start(t, configuration.replace('plain: gateway-secret', 'plain: " %&+£€"'));
  const client = 'grant_type=client_credentials&client_id=gateway&client_secret=';
  for (const secret of ['+%25%26%2B%C2%A3%E2%82%AC', '%20%25%26%2b%c2%a3%e2%82%ac', '+%25%26%2B£€', ' %25%26%2B£€']) {
    assertIssued(server, await server.post('/oauth/token', client + secret), secret);
  }
  for (const secret of ['%2B%25%26%2B%C2%A3%E2%82%AC', '+%25%26+%C2%A3%E2%82%AC', '+%2525%2526%252B%25C2%25A3']) {
    assert.equal((await server.post('/oauth/token', client + secret)).status, 401, secret);
  }
});

test('characters that need no encoding may stand as they are, as in the requests that people print', async (t) => {
  const server = await startBasic(t);
  const unencoded = `${FORM}&audience=${API}&resource=${API}/v1/resource`;
  assertIssued(server, await server.post('/oauth/token', unencoded));
  const escaped = FORM.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  assertIssued(server, await server.post('/oauth/token', escaped));
});

test('what a lenient reader would mend is refused: bad percent signs, NUL, and bytes that are not UTF-8 (RFC 6749 appendix B)', async (t) => {
  const server = await startBasic(t);
  const bad = ['%', '%2', '%zz', '%u0041', '%%20', '%+1', '%-1', '% 41', '%00', 'a%00b', '\0'];
  const notUtf8 = ['%FF', '%C3', '%C3%28', '%C0%AF', '%E0%80%AF', '%ED%A0%80', '%F5%80%80%80', '%F0%9F%98'];
  const bytes = ['\xff', '\xc3\x28', '\xed\xa0\x80', '\xfe\xff\x00a'];
  for (const value of [...bad, ...notUtf8, ...bytes]) {
    for (const pair of [`x=${value}`, `${value}=x`, `scope=read${value}`]) {
      const body = new Uint8Array(Buffer.from(`${FORM}&${pair}`, 'latin1'));
      assertRefused(server, await server.post('/oauth/token', body), MALFORMED, pair);
    }
  }
  for (const value of ['%F0%9F%98%80', '%EF%BB%BF', '😀', 'a=b=c', '?;,#']) {
    assertIssued(server, await server.post('/oauth/token', `${FORM}&x=${value}`), value);
  }
});

test('a form has at most 256 parameters', async (t) => {
  const server = await startBasic(t);
  const own = FORM.split('&').length;
  assertIssued(server, await server.post('/oauth/token', FORM + '&x=1'.repeat(256 - own)));
  assertRefused(server, await server.post('/oauth/token', FORM + '&x=1'.repeat(257 - own)), MALFORMED);
});

test('an error tells its sentence and nothing of what was sent (RFC 6749 section 5.2)', async (t) => {
  const server = await startBasic(t);
  const probe = '"><probe>\\\r\nSet-Cookie: probe=1\té\u2028😀';
  const names = ['grant_type', 'client_id', 'client_secret', 'subject_token', 'subject_token_type', 'actor_token_type'];
  for (const name of [...names, 'requested_token_type', 'scope', 'audience', 'resource']) {
    const answer = await exchange(server, { [name]: probe });
    assert.ok(answer.status === 400 || answer.status === 401, name);
    assert.equal(/probe/.test(answer.text), false, name);
    assert.match(String(answer.body.error), /^[a-z_]+$/);
    assert.match(String(answer.body.error_description), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    assert.deepEqual(Object.keys(answer.body), ['error', 'error_description']);
    assert.ok(Buffer.byteLength(answer.text) <= 256, 'gateways log the first 256 bytes');
    assert.notEqual(server.audit(answer)?.reason, undefined);
  }
  const repeated = await server.post('/oauth/token', `${FORM}&${encode({ [probe]: ['1', '2'] })}`);
  assertIssued(server, repeated);
});
