// Parsing of forms.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, configuration, startBasic } from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { start } from '../support/harness.ts';
import { FORM } from '../support/wire.ts';

const MALFORMED = {
  error: 'invalid_request',
  description: 'The body is not a valid application/x-www-form-urlencoded form',
  reason: 'form_malformed',
};

test('reads the test vector of RFC 6749 appendix B (OA-05)', async (t) => {
  const server = await start(
    t,
    changed(configuration, { clients: edited('gateway', { secret: { plain: ' %&+£€' } }) }),
  );
  const client = 'grant_type=client_credentials&client_id=gateway&client_secret=';
  for (const secret of ['+%25%26%2B%C2%A3%E2%82%AC', '%20%25%26%2b%c2%a3%e2%82%ac', '+%25%26%2B£€', ' %25%26%2B£€']) {
    assertIssued(server, await server.post('/oauth/token', client + secret), secret);
  }
  for (const secret of ['%2B%25%26%2B%C2%A3%E2%82%AC', '+%25%26+%C2%A3%E2%82%AC', '+%2525%2526%252B%25C2%25A3']) {
    assert.equal((await server.post('/oauth/token', client + secret)).status, 401, secret);
  }
});

test('reads characters that need no encoding as they are, as in printed requests', async (t) => {
  const server = await startBasic(t);
  const unencoded = `${FORM}&audience=${API}&resource=${API}/v1/resource`;
  assertIssued(server, await server.post('/oauth/token', unencoded));
  const escaped = FORM.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  assertIssued(server, await server.post('/oauth/token', escaped));
});

test('refuses a form with more than 256 parameters', async (t) => {
  const server = await startBasic(t);
  const own = FORM.split('&').length;
  assertIssued(server, await server.post('/oauth/token', FORM + '&x=1'.repeat(256 - own)));
  assertRefused(server, await server.post('/oauth/token', FORM + '&x=1'.repeat(257 - own)), MALFORMED);
});
