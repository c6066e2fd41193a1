// The key that must have signed: published by the issuer, named by the token, made for the algorithm, and strong enough.
import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { algorithmNames } from '../../src/keys/algorithms.ts';
import { assertIssued, gateway } from '../support/basics.ts';
import { base64url, claimsOf, start } from '../support/harness.ts';
import { type Claims, entry, type FakeKey, newKey, signJws, startIssuer, trusting } from '../support/issuer.ts';
import {
  type Attack,
  assertEachRefused,
  assertSubjectRefused,
  COOL_DOWN,
  freshToken,
  present,
  startBoth,
} from '../support/trusting.ts';

test('accepts a key without alg for every algorithm of its kind that the entry lists', async (t) => {
  const [server, idp] = await startBoth(t, { algorithms: '[ES256, RS256, PS256]' });
  const key = newKey('RS256');
  delete key.jwk.alg;
  idp.keys.push(key);
  for (const alg of ['RS256', 'PS256', 'RS512']) {
    const answer = await present(server, idp.sign({}, { key: { ...key, alg } }));
    if (alg === 'RS512') assertSubjectRefused(server, answer, 'algorithm');
    else assertIssued(server, answer, alg);
  }
});

test('refuses an algorithm that the entry does not list, even with a valid signature of a published key (JW-02, JW-19)', async (t) => {
  const idp = await startIssuer(t);
  idp.keys.splice(0, 1, ...algorithmNames.map((alg) => newKey(alg)));
  for (const listed of [['RS256', 'ML-DSA-44'], algorithmNames, undefined]) {
    const server = await start(t, trusting(entry(idp, { algorithms: listed && `[${listed}]` })));
    const good: readonly string[] = listed ?? ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'];
    for (const key of idp.keys) {
      const answer = await present(server, idp.sign({}, { key }));
      if (good.includes(key.alg)) assertIssued(server, answer, key.alg);
      else assertSubjectRefused(server, answer, 'algorithm', key.alg);
    }
  }
});

test('uses the only fitting key if there is no kid, and refuses the token if several fit (RFC 7517 section 4.5; JW-09)', async (t) => {
  const [server, idp, key] = await startBoth(t);
  const rsa = newKey('RS256');
  const unnamed = (signing: FakeKey): string => idp.sign({}, { key: signing, header: { kid: undefined } });
  idp.keys.push(rsa);
  assertIssued(server, await present(server, unnamed(key)));
  assertIssued(server, await present(server, unnamed(rsa)));
  idp.keys.push(newKey());
  server.clock.now += 300_000;
  const later = { iat: Math.floor(server.clock.now / 1000), exp: Math.floor(server.clock.now / 1000) + 60 };
  const ambiguous = idp.sign(later, { key, header: { kid: undefined } });
  assertSubjectRefused(server, await present(server, ambiguous), 'unknown_key');
  assertIssued(server, await present(server, idp.sign(later, { key: rsa, header: { kid: undefined } })));
  assertIssued(server, await present(server, idp.sign(later, { key })));
});

/** A modulus of 2048 bits that is 1, a power of 65537, modulo each prime that identifies such keys (CVE-2017-15361). */
const PRIMORIAL = [
  2n,
  11n,
  13n,
  17n,
  19n,
  37n,
  53n,
  61n,
  71n,
  73n,
  79n,
  97n,
  103n,
  107n,
  109n,
  127n,
  151n,
  157n,
].reduce((product, prime) => product * prime);
const ROCA = (2n ** 2047n / PRIMORIAL + 1n) * PRIMORIAL + 1n;

test('refuses keys that are for another purpose, or too weak (RFC 7517 section 4, RFC 7518 section 3.3; JW-03, JW-15)', async (t) => {
  const [server, idp, key] = await startBoth(t, { algorithms: '[RS256, RS512, ES256, ES384]' });
  const [weak, rsa, strong] = [newKey('RS256', 'weak', 1024), newKey('RS256'), newKey('RS256', 'strong', 4096)];
  const spoiled = (kid: string, changes: object, made = newKey()): FakeKey => ({
    ...made,
    kid,
    jwk: { ...made.jwk, kid, ...changes },
  });
  const bad = [
    weak,
    spoiled('heavy', { n: base64url(Buffer.alloc(513, 0xff)) }, rsa),
    spoiled('for encryption', { use: 'enc' }),
    spoiled('for signing only', { key_ops: ['sign'] }),
    spoiled('with key_ops that is not a list', { key_ops: 'verify' }),
    spoiled('of another curve', { crv: 'P-384' }),
    spoiled('off its curve', { x: base64url(randomBytes(32)) }),
    spoiled('of another kind', { kty: 'RSA' }),
    spoiled('for an algorithm that nobody knows', { alg: 'ES256K' }),
    spoiled('with exponent one', { e: 'AQ' }, rsa),
    spoiled('with an even exponent', { e: 'Ag' }, rsa),
    spoiled('with an exponent as long as its modulus', { e: base64url(randomBytes(256).fill(0x7f)) }, rsa),
    spoiled('whose primes can be told (ROCA)', { n: base64url(Buffer.from(ROCA.toString(16), 'hex')) }, rsa),
    spoiled('for RS512', { alg: 'RS512' }, rsa),
  ];
  idp.keys.push(...bad, strong);
  for (const one of bad) {
    const answer = await present(server, freshToken(server, idp, { key: one }));
    assertSubjectRefused(server, answer, one.kid === 'for RS512' ? 'algorithm' : 'unknown_key', one.kid);
  }
  for (const one of [key, strong]) assertIssued(server, await present(server, freshToken(server, idp, { key: one })));
});

test('refuses a key whose members are not base64url as in RFC 7515 section 2, even if other parsers accept it', async (t) => {
  const [server, idp, key] = await startBoth(t);
  const written = (kid: string, change: (x: string) => unknown): FakeKey => {
    const made = newKey('ES256', kid);
    return { ...made, jwk: { ...made.jwk, x: change(String(made.jwk.x)) } };
  };
  const bad = [
    written('padded', (x) => `${x}=`),
    written('with a line break', (x) => `${x}\n`),
    written('with bits that no encoder writes', (x) => x.slice(0, -1) + nextCharacter(x.slice(-1))),
    written('of no text', () => 7),
  ];
  idp.keys.push(...bad);
  await assertEachRefused(
    server,
    bad.map((one): Attack => [one.kid, idp.sign({}, { key: one }), 'unknown_key']),
    idp.sign({}, { key }),
  );
});

test('uses the other keys of a set in which some are faulty, and names the ignored ones', async (t) => {
  const [server, idp, key] = await startBoth(t);
  const rsa = newKey('RS256');
  const written = (changes: object, made = newKey()): FakeKey => ({ ...made, jwk: { ...made.jwk, ...changes } });
  const spoiled = [
    written({ kid: null }),
    written({ kid: 7 }),
    written({ use: 'signature' }),
    written({ n: `${rsa.jwk.n}==` }, rsa),
    written({ kty: 'unknown' }),
    written({ alg: 7 }),
  ];
  idp.keys.push(...spoiled);
  assertIssued(server, await present(server, idp.sign({}, { key })));
  for (const one of spoiled.slice(2)) {
    const answer = await present(server, idp.sign({}, { key: one }));
    assertSubjectRefused(server, answer, 'unknown_key', one.kid);
    assert.match(server.audit(answer)?.detail ?? '', new RegExp(`^the key ${one.kid} there is ignored: it`));
  }
  server.clock.now += COOL_DOWN;
  const answer = await present(server, freshToken(server, idp, { header: { kid: 'nobody' } }));
  assert.match(
    server.audit(answer)?.detail ?? '',
    /^the keys there are .*; ignored are without a kid \(its kid is not a text\)/,
  );
});

test('tells keys of one kid apart by kty and alg, and accepts a key that is listed twice', async (t) => {
  const [server, idp, key] = await startBoth(t, { algorithms: '[ES256, RS256, PS256]' });
  const [rsa, other] = [newKey('RS256', key.kid), newKey('RS256', 'ambiguous')];
  const twice = newKey('RS256', 'twice');
  const [{ alg: _1, ...ec }, { alg: _2, ...without }] = [key.jwk, twice.jwk];
  idp.keys.splice(0, 1, { ...key, jwk: ec }, { ...key }, rsa, rsa);
  idp.keys.push(twice, { ...twice, alg: 'PS256', jwk: { ...twice.jwk, alg: 'PS256' } }, { ...twice, jwk: without });
  idp.keys.push(other, newKey('RS256', 'ambiguous'), newKey('ES256', 'ambiguous'));
  for (const one of [key, rsa, twice, { ...twice, alg: 'PS256' }])
    assertIssued(server, await present(server, idp.sign({}, { key: one })), `${one.kid} ${one.alg}`);
  assertSubjectRefused(server, await present(server, idp.sign({}, { key: other })), 'unknown_key');
  assertIssued(server, await present(server, idp.sign({}, { key: idp.keys.at(-1) as FakeKey })));
});

/** In base64url of 32 bytes, two bits of the last character are unused. */
const nextCharacter = (character: string): string =>
  Buffer.from([(Buffer.from(`A${character}`, 'base64url')[0] ?? 0) + 1, 0]).toString('base64url')[1] ?? '';

/** The points of small order of Ed25519, encoded: `y` little-endian, and the sign of `x`. */
const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  ...['05', '85'].map((last) => `26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc${last}`),
  ...['7a', 'fa'].map((last) => `c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03${last}`),
];

test('refuses an Ed25519 key of small order, with which anyone can sign, from an issuer and in a DPoP proof (RFC 8032 section 5.1)', async (t) => {
  const [server, idp] = await startBoth(t);
  const good = newKey('Ed25519');
  const jwks = SMALL_ORDER.map((hex, index) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: base64url(Buffer.from(hex, 'hex')),
    kid: `small ${index}`,
  }));
  // No private key is needed: this is a signature of any text under the first of them, and of every second to eighth text under
  // the others. Some versions of OpenSSL accept it.
  const signature = base64url(Buffer.from(`01${'00'.repeat(63)}`, 'hex'));
  const sign = (header: Claims, claims: Claims): string =>
    `${base64url(JSON.stringify({ alg: 'Ed25519', ...header }))}.${base64url(JSON.stringify({ ...claims, jti: randomUUID() }))}.${signature}`;
  idp.keys.push(good, ...jwks.map((jwk) => ({ ...good, kid: jwk.kid, jwk })));
  const claims = claimsOf(idp.sign());
  await assertEachRefused(
    server,
    jwks.map((jwk): Attack => [jwk.kid, sign({ typ: 'JWT', kid: jwk.kid }, claims), 'unknown_key']),
    idp.sign({}, { key: good }),
  );
  const proof = { htm: 'POST', htu: `${server.issuer}/oauth/token`, iat: Math.floor(server.clock.now / 1000) };
  const ask = (dpop: string) => server.token({ grant_type: 'client_credentials', ...gateway }, { dpop });
  for (const { kid: _, ...jwk } of jwks) {
    const answer = await ask(sign({ typ: 'dpop+jwt', jwk }, proof));
    assert.deepEqual([answer.body.error, server.audit(answer)?.reason], ['invalid_dpop_proof', 'dpop_key']);
  }
  const { kid: _kid, alg: _alg, use: _use, ...jwk } = good.jwk;
  const header = { alg: 'Ed25519', typ: 'dpop+jwt', jwk };
  const accepted = await ask(signJws(header, JSON.stringify({ ...proof, jti: randomUUID() }), good));
  assert.deepEqual([accepted.status, accepted.body.token_type], [200, 'DPoP'], accepted.text);
});

test('checks keys in the file like fetched keys, and reports a key set that must not be published as a fault of the file', async (t) => {
  const idp = await startIssuer(t);
  const [key] = idp.keys as [FakeKey];
  const withSet = (keys: readonly object[]) => trusting(entry(idp, { jwks: JSON.stringify({ keys }) }));
  const server = await start(t, withSet([key.jwk, newKey('RS256').jwk]));
  assertIssued(server, await present(server, idp.sign()));
  assertSubjectRefused(server, await present(server, idp.sign({}, { key: newKey() })), 'unknown_key');
  assert.equal(idp.seen.length, 0);
  const secret = { kty: 'oct', k: base64url(createHmac('sha256', 'x').digest()) };
  for (const keys of [
    [key.jwk, secret],
    [{ ...key.jwk, ...key.privateKey.export({ format: 'jwk' }) }],
    [newKey('RS256', 'weak', 1024).jwk],
  ]) {
    await assert.rejects(start(t, withSet(keys)), /issuers\[idp\]\.jwks: /);
  }
});
