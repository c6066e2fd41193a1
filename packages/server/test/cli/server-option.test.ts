// Where commands send an admin token: over https, or to loopback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cambio } from '../support/command.ts';
import { freePort } from '../support/harness.ts';

test('--server takes https, and http for loopback only: a token never goes in the clear', async (t) => {
  const list = (server: string) =>
    cambio(t, ['clients', 'list', '--server', server, '--token', 'secret-of-an-operator']);
  for (const server of ['http://login.example.com', 'HTTP://10.0.0.7:8080', 'http://127.0.0.1.example.com']) {
    const { code, stderr } = await list(server);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `cambio: --server ${server} would send the token in the clear. Use https://; http:// is for loopback only\n`,
    );
  }
  for (const server of ['localhost:8080', 'ftp://login.example.com', 'login.example.com']) {
    const { code, stderr } = await list(server);
    assert.equal(code, 1);
    assert.match(stderr, /^cambio: --server \S+ is not a URL\. Use the issuer, such as https:/);
  }
  // Nobody listens there, but the token may go.
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    assert.match((await list(`http://${host}:${await freePort()}`)).stderr, /cannot be reached/);
});
