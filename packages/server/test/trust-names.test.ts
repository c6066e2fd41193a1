// Who is asked at all, and who answers? Names that lead into private networks, certificates that prove nothing, proxies.
import assert from 'node:assert/strict';
import dns, { type LookupAddress } from 'node:dns';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, isIP } from 'node:net';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { assertIssued, gateway } from './basics.ts';
import { type Certificate, selfSigned } from './certificate.ts';
import { EXCHANGE, encode, freePort, start, type TestServer, type } from './harness.ts';
import { DISCOVERY, entry, FOREIGN_RULE, JWKS, json, startIssuer, trusting } from './issuer.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { assertSubjectRefused, present } from './trusting.ts';

const NAME = 'idp.test';
let trusted: Certificate;
let onLoopback: Certificate;

before(async () => {
  trusted = await selfSigned({ type: 'dns', value: NAME });
  onLoopback = await selfSigned({ type: 'ip', value: '127.0.0.1' });
  tls.setDefaultCACertificates([trusted.cert, onLoopback.cert]);
});

type Callback = (error: Error | null, addresses: LookupAddress[]) => void;

/** Answers look-ups of names with these addresses, the last again and again. @returns the names that were looked up */
function resolveAs(t: TestContext, ...answers: readonly (readonly string[])[]): readonly string[] {
  const asked: string[] = [];
  const { lookup } = dns;
  const instead = (name: string, options: object, callback: Callback) => {
    if (isIP(name) !== 0) return lookup(name, options, callback as never);
    const addresses = answers[Math.min(asked.push(name), answers.length) - 1] ?? [];
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    process.nextTick(callback, null, found);
  };
  t.mock.method(dns, 'lookup', instead as never);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return asked;
}

const reasonOf = async (server: TestServer, token: string): Promise<unknown> => {
  const answer = await present(server, token);
  return [answer.status, server.audit(answer)?.reason];
};
const UNAVAILABLE = [503, 'issuer_unavailable'];

test('an issuer that is not listed is neither looked up nor asked, whatever its token says', async (t) => {
  const [idp, stranger] = [await startIssuer(t), await startIssuer(t)];
  const asked = resolveAs(t, ['127.0.0.1']);
  const server = await start(t, trusting(entry(idp)));
  const [key] = stranger.keys;
  for (const iss of [
    stranger.url,
    'https://unlisted.example',
    `http://${NAME}`,
    `${stranger.url}/..`,
    `spiffe://${NAME}`,
  ]) {
    const header = { jku: stranger.url + JWKS, x5u: stranger.url + JWKS, kid: stranger.url + JWKS };
    assertSubjectRefused(server, await present(server, stranger.sign({ iss }, { header })), 'unknown_issuer', iss);
  }
  const svid = stranger.sign({ iss: undefined, sub: `spiffe://${NAME}/x` });
  assertSubjectRefused(server, await present(server, svid), 'unknown_issuer');
  assert.deepEqual([asked, stranger.seen, idp.seen], [[], [], []]);
  const claimed = stranger.sign(
    { iss: idp.url },
    { header: { jku: stranger.url + JWKS, jwk: key?.jwk, kid: undefined } },
  );
  assertSubjectRefused(server, await present(server, claimed), 'signature');
  assertIssued(server, await present(server, idp.sign()));
  assert.deepEqual([asked, stranger.seen], [[], []]);
});

test('a name that leads to a private address is not connected to, unless the entry of its issuer allows it (JW-17)', async (t) => {
  const idp = await startIssuer(t, { tls: trusted });
  const named = { ...idp, url: `https://${NAME}:${new URL(idp.url).port}` };
  idp.instead.set(DISCOVERY, json({ issuer: named.url, jwks_uri: named.url + JWKS }));
  const token = idp.sign({ iss: named.url });
  const answers = [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '169.254.169.254',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'fd00::1',
    '0.0.0.0',
  ];
  for (const address of answers) {
    await t.test(address, async (t) => {
      const asked = resolveAs(t, [address]);
      const closed = await start(t, trusting(entry(named, { allowPrivateNetwork: undefined })));
      assert.deepEqual(await reasonOf(closed, token), UNAVAILABLE);
      assert.deepEqual(asked, [NAME]);
    });
  }
  assert.equal(idp.seen.length, 0);
  resolveAs(t, ['127.0.0.1']);
  assert.deepEqual(await reasonOf(await start(t, trusting(entry(named))), token), [200, undefined]);
});

test('one private address among public ones is enough to refuse a name, and every connection is judged by its own look-up', async (t) => {
  const idp = await startIssuer(t);
  const named = { ...idp, url: idp.url.replace('127.0.0.1', 'localhost') };
  const document = { issuer: named.url, jwks_uri: named.url + JWKS };
  idp.instead.set(DISCOVERY, json(document, { connection: 'close' }));
  const token = idp.sign({ iss: named.url });
  // Plain HTTP reaches loopback alone, so that every other address stands for a private one here.
  for (const [answers, status, connections] of [
    [[['127.0.0.1', '93.184.216.34']], 503, 0],
    [[['93.184.216.34']], 503, 0],
    [[['127.0.0.1'], ['10.0.0.1']], 503, 1],
    [[[]], 503, 0],
    [[['127.0.0.1'], ['127.0.0.1']], 200, 2],
  ] as const) {
    await t.test(JSON.stringify(answers), async (t) => {
      idp.seen.length = 0;
      resolveAs(t, ...answers);
      const server = await start(t, trusting(entry(named)));
      const [code] = (await reasonOf(server, token)) as [number];
      assert.deepEqual([code, idp.seen.length], [status, connections]);
    });
  }
});

test('a certificate is good for the name, now, and from somebody who is trusted; TLS is 1.2 or later', async (t) => {
  const expired = await selfSigned({ type: 'ip', value: '127.0.0.1' }, -1);
  const untrusted = await selfSigned({ type: 'ip', value: '127.0.0.1' });
  tls.setDefaultCACertificates([trusted.cert, onLoopback.cert, expired.cert]);
  const old = { ...onLoopback, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  for (const [name, certificate, expected] of [
    ['trusted', onLoopback, [200, undefined]],
    ['self-signed', untrusted, UNAVAILABLE],
    ['for another name', trusted, UNAVAILABLE],
    ['expired', expired, UNAVAILABLE],
    ['TLS 1.1', old, UNAVAILABLE],
  ] as const) {
    const idp = await startIssuer(t, { tls: certificate });
    const server = await start(t, trusting(entry(idp)));
    assert.deepEqual(await reasonOf(server, idp.sign()), expected, name);
  }
});

test('nothing in the environment weakens TLS or leads requests through a proxy', async (t) => {
  let visits = 0;
  const proxy = createServer((_request, response) => response.end(String(++visits)));
  proxy.on('connect', () => visits++);
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  t.after(() => proxy.close());
  const place = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const untrusted = await selfSigned({ type: 'ip', value: '127.0.0.1' });
  const issuers = [
    await startIssuer(t),
    await startIssuer(t, { tls: onLoopback }),
    await startIssuer(t, { tls: untrusted }),
  ];
  const names = issuers.map((_, index) => `idp${index}`);
  const entries = issuers.map((idp, index) => entry(idp, { name: names[index] }));
  const folder = temporaryFolder(t);
  const port = await freePort();
  const rule = FOREIGN_RULE.replace('[idp]', `[${names}]`);
  writeFileSync(join(folder, 'cambio.yaml'), trusting(entries, [rule]));
  writeFileSync(join(folder, 'ca.pem'), onLoopback.cert);
  const main = join(import.meta.dirname, '../src/main.ts');
  const program = startProgram(
    t,
    [process.execPath, '--conditions=source', main, 'serve', '--config', join(folder, 'cambio.yaml')],
    {
      env: {
        ISSUER: `http://127.0.0.1:${port}`,
        PORT: String(port),
        NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: place,
        HTTPS_PROXY: place,
        http_proxy: place,
        https_proxy: place,
        ALL_PROXY: place,
        NO_PROXY: '',
      },
    },
  );
  await program.printed('serves');
  const statuses = await Promise.all(
    issuers.map(async (idp) => {
      const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
      const body = new URLSearchParams(encode(form));
      return (await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body })).status;
    }),
  );
  assert.deepEqual([statuses, visits], [[200, 200, 503], 0]);
});
