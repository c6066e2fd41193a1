// Forged and mangled tokens of other issuers: each attack is refused, beside a good token that differs in nothing else.
import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { CompactEncrypt, importJWK } from 'jose';
import { assertIssued } from './basics.ts';
import { base64url, claimsOf } from './harness.ts';
import { type Claims, hmacJws, newKey, signJws } from './issuer.ts';
import { type Attack, assertEachRefused, assertSubjectRefused, present, startBoth } from './trusting.ts';

const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;

test('the key says how it signs, and the token may only agree: no none, no HMAC with a public key (RFC 8725 section 3.1; JW-02, JW-04, JW-05)', async (t) => {
  const [server, idp, key] = await startBoth(t, { algorithms: '[ES256, RS256, PS256]' });
  const rsa = newKey('RS256');
  idp.keys.push(rsa);
  const payload = JSON.stringify(claimsOf(idp.sign()));
  const header = { alg: 'HS256', typ: 'JWT' };
  const pem = publicPem(rsa.privateKey);
  const der = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'der' });
  const said = (alg: unknown, signing = key): string => idp.sign({}, { key: signing, header: { alg } });
  await assertEachRefused(
    server,
    [
      ...[
        'none',
        'None',
        'nOnE',
        '',
        'es256',
        'HS256',
        'HS512',
        'EdDSA',
        'ES512',
        'RSA1_5',
        'dir',
        'constructor',
        '__proto__',
      ].map((alg): Attack => [`alg ${alg}`, said(alg), 'algorithm']),
      ...[undefined, null, 256, ['ES256'], { alg: 'ES256' }].map(
        (alg): Attack => [`alg ${JSON.stringify(alg)}`, said(alg), 'malformed'],
      ),
      [
        'none without signature',
        `${base64url(JSON.stringify({ alg: 'none', typ: 'JWT' }))}.${base64url(payload)}.`,
        'malformed',
      ],
      ...[
        pem,
        pem.trim(),
        der,
        JSON.stringify(rsa.jwk),
        String(rsa.jwk.n),
        Buffer.from(String(rsa.jwk.n), 'base64url'),
      ].map(
        (secret, index): Attack => [
          `HMAC with the public key ${index}`,
          hmacJws({ ...header, kid: rsa.kid }, payload, secret),
          'algorithm',
        ],
      ),
      ['HMAC with the empty key', hmacJws({ ...header, kid: key.kid }, payload, ''), 'algorithm'],
      ['PS256 with a key for RS256', idp.sign({}, { key: { ...rsa, alg: 'PS256' } }), 'algorithm'],
      ['RS256 with a key for ES256', said('RS256'), 'algorithm'],
      ['ES256 with a key for RS256', said('ES256', rsa), 'algorithm'],
      ['a key that is not published', idp.sign({}, { key: newKey() }), 'unknown_key'],
      [
        'a key that is not published, under the name of one that is',
        idp.sign({}, { key: { ...newKey(), kid: key.kid } }),
        'signature',
      ],
    ],
    idp.sign({}, { key: rsa }),
  );
});

test('a header that asks for an extension is refused, even one that names what we know (RFC 7515 section 4.1.11; JW-07)', async (t) => {
  const [server, idp] = await startBoth(t);
  const headers: readonly Claims[] = [
    { crit: ['https://unknown.example'], 'https://unknown.example': true },
    { crit: [] },
    { crit: 'exp' },
    { crit: ['alg'] },
    { crit: ['b64'], b64: false },
    { crit: null },
    { b64: false },
    { b64: true },
  ];
  await assertEachRefused(
    server,
    headers.map((header): Attack => [JSON.stringify(header), idp.sign({}, { header }), 'critical_header']),
    idp.sign({}, { header: { 'x-unknown': true } }),
  );
});

test('an ECDSA signature is r and s side by side, in range, and as long as the curve says (RFC 7518 section 3.4; JW-16)', async (t) => {
  const [server, idp] = await startBoth(t);
  const good = idp.sign();
  const [header, payload, signature = ''] = good.split('.');
  const raw = Buffer.from(signature, 'base64url');
  const [r, s] = [raw.subarray(0, 32), raw.subarray(32)];
  const zero = Buffer.alloc(32);
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const integer = (value: Buffer): Buffer => Buffer.concat([Buffer.from([2, 33, 0]), value]);
  const forgeries = {
    'all zero': Buffer.alloc(64),
    'r is zero': [zero, s],
    's is zero': [r, zero],
    'r is the order': [order, s],
    's is the order': [r, order],
    'r and s exchanged': [s, r],
    DER: [Buffer.from([0x30, 70]), integer(r), integer(s)],
    '63 bytes': raw.subarray(1),
    '65 bytes': [zero.subarray(31), raw],
    '96 bytes': [raw, zero],
    'all ones': Buffer.alloc(64, 0xff),
  };
  const cases = Object.entries(forgeries).map(
    ([what, parts]): Attack => [what, `${header}.${payload}.${base64url(Buffer.concat([parts].flat()))}`, 'signature'],
  );
  await assertEachRefused(server, cases, good);
});

test('header and claims are JSON objects that every parser reads alike (RFC 7519 section 4; JW-01, JW-08)', async (t) => {
  const [server, idp, key] = await startBoth(t);
  const text = JSON.stringify(claimsOf(idp.sign()));
  const within = (member: string): string => `${text.slice(0, -1)},${member}}`;
  const bad = [
    '"sub":"admin"',
    '"s\\u0075b":"admin"',
    '"x":{"a":1,"a":2}',
    '"x":NaN',
    '"x":01',
    "'x':1",
    '"x":1,',
    '"x":1 //',
  ];
  const header = `{"alg":"ES256","typ":"JWT","kid":"${key.kid}"`;
  await assertEachRefused(
    server,
    [
      ...bad.map((member): Attack => [member, idp.signAll(within(member)), 'malformed']),
      ...[`\ufeff${text}`, `[${text}]`, JSON.stringify(text), 'null', '1', `${text}${text}`].map(
        (payload): Attack => [payload.slice(0, 20), idp.signAll(payload), 'malformed'],
      ),
      ['a nested token', idp.signAll(idp.sign(), { header: { cty: 'JWT' } }), 'malformed'],
      ['two kids', signJws(`${header},"kid":"x"}`, text, key), 'malformed'],
      ['two algs', signJws(`${header},"alg":"none"}`, text, key), 'malformed'],
      ['a header that is a list', signJws(`[${header}}]`, text, key), 'malformed'],
      ['deep claims', idp.signAll(within(`"x":${'['.repeat(20_000)}${']'.repeat(20_000)}`)), 'malformed'],
      ['64 KiB and more', idp.sign({ x: 'x'.repeat(65_536) }), 'malformed'],
      ['padding', `${idp.sign()}=`, 'malformed'],
      ['white space', `${idp.sign()}\n`, 'malformed'],
      ['four parts', `${idp.sign()}.AA`, 'malformed'],
    ],
    idp.signAll(` ${within('"x":{"a":1,"b":{"a":2}}')}\n`),
  );
});

test('members called __proto__ or constructor are members like any other', async (t) => {
  const [server, idp] = await startBoth(t, { subject: 'claims.email', claims: '{ role: claims.role }' });
  const text = JSON.stringify(claimsOf(idp.sign({ email: 'ada' })));
  const evil = '{"email":"admin","role":"admin","iss":"https://evil.example"}';
  const answer = await present(
    server,
    idp.signAll(`${text.slice(0, -1)},"__proto__":${evil},"constructor":{"prototype":${evil}}}`),
  );
  assertIssued(server, answer);
  const { sub, role } = claimsOf(answer.body.access_token);
  assert.deepEqual([sub, role], ['ada', undefined]);
});

test('iss is one issuer of the file, letter for letter, before anything is asked of anybody (RFC 8725 section 3.8)', async (t) => {
  const [server, idp] = await startBoth(t);
  const { url } = idp;
  const { host, port } = new URL(url);
  const near = [
    `${url}/`,
    url.toUpperCase(),
    url.replace('http:', 'https:'),
    `${url} `,
    `${url}#`,
    `http://ada@${host}`,
  ];
  const alike = [
    `http://127.0.0.1.:${port}`,
    `http://localhost:${port}`,
    `http://１27.0.0.1:${port}`,
    'https://unknown.example',
    '',
  ];
  const others = [undefined, null, 1, [url], { url }, server.issuer, 'idp', 'self'];
  for (const iss of [...near, ...alike, ...others]) {
    const answer = await present(server, idp.sign({ iss }));
    const fault = iss === server.issuer ? 'wrong_type' : 'unknown_issuer';
    assertSubjectRefused(server, answer, fault, JSON.stringify(iss));
  }
  assert.equal(idp.seen.length, 0);
  assertIssued(server, await present(server, idp.sign()));
});

test('encryption proves nothing: what we could decrypt is not thereby signed (JW-14)', async (t) => {
  const [server, idp] = await startBoth(t);
  const { keys } = (await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as {
    keys: Record<string, unknown>[];
  };
  const ours = await importJWK({ ...keys[0], use: 'enc', alg: 'ECDH-ES' } as never, 'ECDH-ES');
  const encrypt = (text: string, header = {}): Promise<string> =>
    new CompactEncrypt(Buffer.from(text))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', ...header })
      .encrypt(ours);
  const handMade = (header: Claims): string => `${base64url(JSON.stringify(header))}.AA.AAAA.AAAA.AAAA`;
  await assertEachRefused(
    server,
    [
      ['claims alone', await encrypt(JSON.stringify(claimsOf(idp.sign()))), 'malformed'],
      ['a signed token', await encrypt(idp.sign(), { cty: 'JWT' }), 'malformed'],
      [
        'two thousand million rounds',
        handMade({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 - 1, p2s: 'AAAA', enc: 'A128GCM' }),
        'malformed',
      ],
      ['a bomb', handMade({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }), 'malformed'],
      ['RSA1_5', handMade({ alg: 'RSA1_5', enc: 'A128CBC-HS256' }), 'malformed'],
    ],
    idp.sign(),
  );
});
