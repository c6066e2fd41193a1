// Does wrong input get a message that says what to write, and shows no secret?
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { selfIssued } from '../../server/test/support/tls-client.ts';
import { cambio, clientSecret, ExchangeError, mtls, none, privateKeyJwt } from '../src/index.ts';
import { tlsAgent } from '../src/node.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

test('a key or an agent that cannot authenticate is refused at once, and a private key is in no message', async () => {
  const { privateKey: keyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = keyObject.export({ type: 'pkcs8', format: 'pem' });
  const { publicKey } = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
  for (const wrong of [pem, keyObject, { key: pem, kid: 'a' }, { key: keyObject }, publicKey, undefined, null, 7])
    assert.throws(
      () => privateKeyJwt(wrong as never),
      (error: Error) =>
        error instanceof TypeError &&
        /createPrivateKey\(pem\)\.export/.test(error.message) &&
        !/BEGIN/.test(error.message),
    );
  assert.ok(privateKeyJwt({ ...keyObject.export({ format: 'jwk' }), alg: 'ES256' }));
  for (const wrong of ['client_secret_post', 'POST', null])
    assert.throws(() => clientSecret('s', wrong as never), /it must be 'basic' or 'post'/);
  for (const wrong of [undefined, new Agent()]) assert.throws(() => mtls(wrong as never), /undici Agent/);
  const certificate = { cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----' };
  assert.ok(tlsAgent(certificate));
  for (const [wrong, message] of [
    [{ certificate: 'x', key: certificate.key }, /cert of the certificate must be a PEM/],
    [{ ...certificate, key: '/etc/key.pem' }, /key of the certificate must be a PEM itself, not the path of its file/],
    [{ ...certificate, ca: '/etc/ca.pem' }, /ca of the certificate/],
    [undefined, /cert of the certificate/],
  ] as const)
    assert.throws(() => tlsAgent(wrong as never), message);
});

test('options or a request that is not an object is refused with what it has', async () => {
  const client = cambio({ issuer: 'https://login.example', clientId: 'gateway', auth: none() });
  const missing = (what: string, first: string) => new RegExp(`^TypeError: ${what} must be an object with ${first}`);
  for (const wrong of [undefined, null, 'https://login.example'])
    assert.throws(() => cambio(wrong as never), missing('options', 'issuer, clientId'));
  assert.throws(() => cambio({ issuer: 'https://a', clientId: 'a', auth: none(), cache: 0 } as never), /cache must be/);
  assert.throws(
    () => cambio({ issuer: 'https://a', clientId: 'a', auth: 's3cret' } as never),
    (error: Error) => /auth is not a credential/.test(error.message) && !error.message.includes('s3cret'),
  );
  const { privateKey } = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
  for (const dpop of [{ privateKey }, { publicKey: privateKey, privateKey }, privateKey, true, null])
    assert.throws(
      () => cambio({ issuer: 'https://a', clientId: 'a', auth: none(), dpop } as never),
      /dpop must be a pair of CryptoKeys: \{ privateKey, publicKey \}/,
    );
  assert.throws(() => client.onBehalfOf(undefined as never), missing('request', 'audience'));
  assert.throws(() => client.mcp('s', undefined as never), missing('request', 'audience'));
  await assert.rejects(client.exchange('s', 'https://orders.example' as never), missing('request', 'audience'));
  await assert.rejects(client.identityAssertion('s', undefined as never), missing('request', 'audience'));
  await assert.rejects(client.redeem('s', null as never), TypeError);
});

test('a certificate that is not trusted says so, and not only to try again', async (t) => {
  const { cert, key } = await selfIssued({ name: 'CN=localhost' });
  const server = createServer({ cert, key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(cambio({ issuer, clientId: 'a', auth: none() }).exchange('s'), (error) => {
    assert.ok(error instanceof ExchangeError);
    assert.equal(error.code, 'network');
    assert.match(error.action, /certificate of the server.*NODE_EXTRA_CA_CERTS/);
    return true;
  });
});
