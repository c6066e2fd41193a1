// Forged and mangled tokens: each attack on signature, header and form is refused with the one sentence, beside a good token
// that differs from it in nothing else.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CompactEncrypt, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { assertTokenAccepted as accept, assertTokenRefused as refuse, startBasic, subjectToken } from './basics.ts';
import { base64url, claimsOf } from './harness.ts';

const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A token with a good header and good claims but the attacker's signature. */
function signedByAttacker(good: string, header: Record<string, unknown>): string {
  const input = `${base64url(JSON.stringify({ ...decodeProtectedHeader(good), ...header }))}.${good.split('.')[1]}`;
  const key = { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${base64url(sign('sha256', Buffer.from(input), key))}`;
}

test('a token without signature, or with one made from the public key, is worth nothing (JW-04, JW-05)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const jwks = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json();
  const key = JSON.stringify((jwks as { keys: JWK[] }).keys[0]);
  const withAlg = (alg: unknown, mac?: string): string => {
    const input = `${base64url(JSON.stringify({ ...decodeProtectedHeader(good), alg }))}.${good.split('.')[1]}`;
    return `${input}.${mac === undefined ? good.split('.')[2] : createHmac('sha256', mac).update(input).digest('base64url')}`;
  };
  await accept(server, good);
  for (const alg of ['none', 'None', '', 'es256', 'ES384', 'RS256', 'HS256', 'EdDSA']) {
    await refuse(server, withAlg(alg), 'algorithm', alg);
  }
  for (const alg of [undefined, null, 256, ['ES256'], { alg: 'ES256' }])
    await refuse(server, withAlg(alg), 'malformed');
  await refuse(server, withAlg('HS256', key), 'algorithm');
  await refuse(server, `${good.split('.').slice(0, 2).join('.')}.`, 'malformed');
  await refuse(server, signedByAttacker(good, {}), 'signature');
});

test('keys that a token brings along are never used, nor fetched (RFC 8725 section 3.10; JW-06)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  let visits = 0;
  const listener = createServer((_request, response) => response.end(String(++visits))).listen(0, '127.0.0.1');
  t.after(() => listener.close());
  await new Promise((resolve) => listener.once('listening', resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/jwks.json`;
  const jwk = attacker.publicKey.export({ format: 'jwk' });
  for (const header of [
    { jwk },
    { jku: url },
    { x5u: url },
    { x5c: ['AAAA'] },
    { kid: url },
    { jwk, kid: undefined },
  ]) {
    await refuse(server, signedByAttacker(good, header), ['signature', 'unknown_key'], JSON.stringify(header));
  }
  assert.equal(visits, 0);
  await accept(server, good);
});

test('kid is compared as text with the ids of our keys, and is nothing else', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const { kid } = decodeProtectedHeader(good);
  await accept(server, server.forge(claimsOf(good), { kid }));
  for (const other of ['../../etc/passwd', "' or 1=1 --", `${kid} `, '', '__proto__', String(kid).toLowerCase()]) {
    await refuse(server, server.forge(claimsOf(good), { kid: other }), 'unknown_key', other);
  }
  await refuse(server, server.forge(claimsOf(good), { kid: undefined }), 'unknown_key', 'without kid');
  for (const other of [1, null, [kid], { kid }, 'x'.repeat(2000)]) {
    await refuse(server, server.forge(claimsOf(good), { kid: other }), 'malformed', JSON.stringify(other));
  }
});

test('a header that asks for an extension is refused, even one that names what we know (RFC 7515 section 4.1.11; JW-07)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  for (const header of [
    { crit: ['https://unknown.example'], 'https://unknown.example': true },
    { crit: [] },
    { crit: 'exp' },
    { crit: ['alg'] },
    { crit: null },
    { crit: ['b64'], b64: false },
    { b64: false },
    { b64: true },
  ]) {
    await refuse(server, server.forge(claimsOf(good), header), 'critical_header', JSON.stringify(header));
  }
  await accept(server, server.forge(claimsOf(good), { 'x-unknown': true }));
});

test('the compact serialization is the only one, in canonical base64url (RFC 7515 section 7.1; JW-01)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const general = { payload, signatures: [{ protected: header, signature }] };
  const flattened = { payload, protected: header, header: { alg: 'ES256' }, signature };
  // The last character of 64 bytes carries four bits that no encoder sets.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1];
  for (const other of [
    JSON.stringify(general),
    JSON.stringify(flattened),
    `${header}..${signature}`,
    `${good}.`,
    `.${good}`,
    `${good}.${signature}`,
    `${good}=`,
    `${good}==`,
    `${good}\n`,
    ` ${good}`,
    `${good} `,
    `Bearer ${good}`,
    `${header}.${payload.slice(0, 4)}\n${payload.slice(4)}.${signature}`,
    `${header}=.${payload}.${signature}`,
    `${good.slice(0, -1)}${last}`,
    'x'.repeat(70_000),
    `${header}.${payload}${'A'.repeat(70_000)}.${signature}`,
  ]) {
    await refuse(server, other, 'malformed');
  }
  await accept(server, good);
});

test('an ES256 signature is r and s, 32 bytes each, and neither is zero nor beyond the order (CVE-2022-21449; JW-16)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)];
  const zero = Buffer.alloc(32);
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const integer = (value: Buffer): Buffer => Buffer.concat([Buffer.from([2, 33, 0]), value]);
  const der = Buffer.concat([Buffer.from([0x30, 70]), integer(r), integer(s)]);
  for (const forged of [
    Buffer.alloc(64),
    Buffer.concat([zero, s]),
    Buffer.concat([r, zero]),
    Buffer.concat([order, s]),
    Buffer.concat([r, order]),
    Buffer.concat([s, r]),
    der,
    bytes.subarray(0, 63),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    Buffer.concat([r, Buffer.alloc(1), s]),
    Buffer.alloc(64, 0xff),
  ]) {
    await refuse(server, `${header}.${payload}.${base64url(forged)}`, 'signature', forged.toString('hex'));
  }
  await accept(server, good);
});

test('encryption proves nothing: a JWE, whatever it holds, is no access token', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const { keys } = (await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
  const ours = await importJWK({ ...keys[0], use: 'enc', alg: 'ECDH-ES' }, 'ECDH-ES');
  const encrypt = (text: string, header: Record<string, unknown> = {}): Promise<string> =>
    new CompactEncrypt(Buffer.from(text))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', typ: 'at+jwt', ...header })
      .encrypt(ours);
  const handMade = (header: Record<string, unknown>): string =>
    `${base64url(JSON.stringify(header))}.AA.AAAA.AAAA.AAAA`;
  for (const token of [
    await encrypt(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString()),
    await encrypt(good, { cty: 'JWT' }),
    handMade({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 - 1, p2s: 'AAAA', enc: 'A128GCM' }),
    handMade({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }),
    handMade({ alg: 'RSA1_5', enc: 'A128CBC-HS256' }),
    handMade({ alg: 'dir', enc: 'unknown' }),
  ]) {
    await refuse(server, token, 'malformed');
  }
  await accept(server, good);
});

test('a signed token within a signed token is never unwrapped', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  let nested = good;
  for (let layer = 0; layer < 5; layer++) {
    nested = server.forgeText(nested, { cty: 'JWT' });
    await refuse(server, nested, 'malformed', `${layer + 1} layers`);
  }
  await refuse(server, server.forgeText(JSON.stringify(good), { cty: 'JWT' }), 'malformed');
  await accept(server, good);
});
