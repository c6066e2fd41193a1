// Commands send an admin token only over https or to loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { adminToken, startAdministered } from '../support/admin-api.ts';
import { cambio } from '../support/command.ts';
import { freePort } from '../support/harness.ts';
import { selfIssued } from '../support/tls-client.ts';

test('--server accepts https, and http for loopback only, so that a token is never sent in the clear', async (t) => {
  const list = (server: string) =>
    cambio(t, ['clients', 'list', '--server', server, '--token', 'secret-of-an-operator']);
  for (const server of ['http://login.example.com', 'HTTP://10.0.0.7:8080', 'http://127.0.0.1.example.com']) {
    const { code, stderr } = await list(server);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `cambio: --server ${server} would send the token in the clear. Use https://; http:// is for loopback only\n`,
    );
  }
  for (const server of ['localhost:8080', 'ftp://login.example.com', 'login.example.com']) {
    const { code, stderr } = await list(server);
    assert.equal(code, 2);
    const meant = { 'localhost:8080': 'http://localhost:8080', 'login.example.com': 'https://login.example.com' }[
      server
    ];
    const issuer = meant ?? 'https://login.example.com';
    assert.equal(stderr, `cambio: --server ${server} is not a URL. Use the issuer, such as ${issuer}\n`);
  }
  // No server listens there, but the URL is accepted.
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    assert.match((await list(`http://${host}:${await freePort()}`)).stderr, /^cambio: cannot reach /);
});

test('a failure of --server is described in words, with the remedy', async (t) => {
  const list = async (server: string, token = 'a.b.c', expected = 1): Promise<string> => {
    const { code, stdout, stderr } = await cambio(t, ['clients', 'list', '--server', server, '--access-token', token]);
    assert.deepEqual([code, stdout], [expected, ''], server);
    return stderr.replaceAll(server, 'SERVER').trimEnd();
  };
  const use = 'Use the issuer, such as https://login.example.com';
  const dead = `http://localhost:${await freePort()}`;
  assert.equal(await list(dead), 'cambio: cannot reach SERVER: nothing listens on that port');
  assert.equal(await list('https://login.invalid'), 'cambio: cannot reach SERVER: there is no host login.invalid');
  assert.equal(
    await list(dead, '', 2),
    'cambio: there is no token for --server. Use --access-token @FILE, or set CAMBIO_TOKEN',
  );

  const other = await listening(
    t,
    createServer((request, response) => {
      const [, status = '200'] = request.url?.split('/') ?? [];
      response.writeHead(Number(status), { location: '/200' }).end('<p>hello');
    }),
  );
  const http = `http://127.0.0.1:${other}`;
  for (const page of ['200', '404', '405'])
    assert.equal(
      await list(`${http}/${page}`),
      `cambio: SERVER is not a Cambio server: it has no admin API at /admin/v1. ${use}`,
    );
  assert.equal(await list(`${http}/502`), 'cambio: SERVER answers 502: Bad Gateway');
  assert.equal(
    await list(`${http}/302`),
    'cambio: SERVER redirects to another address. Use the issuer from the configuration of the server',
  );
  assert.equal(
    await list(`https://127.0.0.1:${other}`),
    'cambio: cannot reach SERVER: the other side does not answer with TLS',
  );

  let shape: unknown = {};
  const odd = `http://127.0.0.1:${await listening(
    t,
    createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shape));
    }),
  )}`;
  const explained = { decision: 'refused', steps: [], rules: [], rulesOfOthers: 0 };
  const request = ['explain', '--request', 'x'];
  const tokens = ['targets', '--client', 'a', '--subject-token', 'x'];
  for (const [args, sent, part] of [
    [['clients', 'list'], {}, 'items'],
    [['audit', 'search'], { items: [{}] }, 'items.0.time'],
    [request, {}, 'decision'],
    [request, { ...explained, steps: undefined }, 'steps'],
    [request, { ...explained, steps: [{}] }, 'steps.0.step'],
    [tokens, {}, 'targets'],
    [tokens, { targets: [], refused: {} }, 'refused.meaning'],
  ] as const) {
    shape = sent;
    const answered = await cambio(t, [...args, '--server', odd, '--access-token', 'a.b.c']);
    assert.deepEqual(
      [answered.code, answered.stdout, answered.stderr],
      [
        1,
        '',
        `cambio: ${odd} does not answer as this version of cambio expects: ${part} is missing or has another form. Use the issuer of a Cambio server of the same version\n`,
      ],
    );
  }
  // Members that this version does not know are ignored.
  shape = { items: [], next: undefined, newer: true };
  assert.equal((await cambio(t, ['clients', 'list', '--server', odd, '--access-token', 'a.b.c'])).code, 0);

  const authority = await selfIssued({ name: 'CN=authority', authority: true });
  const names = [{ type: 'dns', value: 'localhost' }] as const;
  const [good, expired] = [
    await authority.issue({ name: 'CN=localhost', names }),
    await authority.issue({ name: 'CN=localhost', names, days: -1 }),
  ];
  const untrusted = await listening(
    t,
    createTlsServer(good, () => undefined),
  );
  const own = 'If the certificate is from your own authority, set NODE_EXTRA_CA_CERTS to the file of the authority';
  assert.equal(
    await list(`https://localhost:${untrusted}`),
    `cambio: cannot reach SERVER: its certificate is not from an authority that is trusted here. ${own}`,
  );
  const before = getCACertificates('default');
  t.after(() => setDefaultCACertificates(before));
  setDefaultCACertificates([...before, authority.cert]);
  const old = await listening(
    t,
    createTlsServer(expired, () => undefined),
  );
  assert.equal(await list(`https://localhost:${old}`), 'cambio: cannot reach SERVER: its certificate has expired');
  assert.equal(
    await list(`https://127.0.0.1:${untrusted}`),
    'cambio: cannot reach SERVER: its certificate is for another host name',
  );

  const server = await startAdministered(t);
  const admin = 'Use an access token for the audience ISSUER/admin, in --access-token or CAMBIO_TOKEN';
  assert.match(await list(server.issuer), new RegExp(`^cambio: SERVER answers 401: .*\\. ${admin}$`));
  const auditor = await adminToken(server, 'auditor');
  const { stderr } = await cambio(t, ['keys', 'rotate', '--server', server.issuer, '--token', auditor]);
  assert.match(
    stderr,
    /answers 403: .*\. The client of the token needs the scope of this operation: admin:read or admin:write$/m,
  );
});

async function listening(t: TestContext, server: Server): Promise<number> {
  t.after(() => server.close());
  await once(server.listen(0, 'localhost'), 'listening');
  return (server.address() as AddressInfo).port;
}
