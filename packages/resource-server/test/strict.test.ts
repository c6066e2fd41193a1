// Refuses text that parsers could read differently, also where jose accepts it. Each text is valid otherwise, and correctly signed.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { calculateJwkThumbprint, createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { AccessRefusal, createVerifier, type ProtectedRequest } from '../src/index.ts';
import { AUDIENCE, asking, bearing, createIssuer, ISSUER } from './issuer.ts';
import { URL_OF_ORDERS } from './proof.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' } as JWK;
const { kid: _, ...proofKey } = jwk;
const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [jwk] } });
const seconds = Math.floor(Date.now() / 1000);
const cnf = { jkt: await calculateJwkThumbprint(proofKey) };
const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', client_id: 'gateway', jti: 'one', iat: seconds };

const encode = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64url');

/** Signs the texts as they are. */
function signTexts(header: string, payload: string | Uint8Array): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${encode(sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}`;
}

/** Sets the two unused bits in the last character of 64 or 32 bytes. */
function spoilEnd(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1];
}

/** The fault and the text. `of` makes a text from a valid header and valid claims with additional members. */
function mangled(of: (members: { header?: string; payload?: string }) => [string, string]): [string, string][] {
  const [header, payload] = of({});
  const good = signTexts(header, payload);
  const invalid = Buffer.from(payload.replace('"ada"', '"ad\u0001"')).map((byte) => (byte === 1 ? 0xff : byte));
  return [
    ['a claim twice', signTexts(header, of({ payload: ',"iat":1' })[1])],
    ['a claim twice, in two spellings', signTexts(header, of({ payload: ',"i\\u0061t":1' })[1])],
    ['a member of a claim twice', signTexts(header, of({ payload: ',"x":[{"a":{"b":1,"b":1}}]' })[1])],
    ['a number that would be rounded', signTexts(header, of({ payload: ',"uid":9007199254740993' })[1])],
    ['a number without end', signTexts(header, of({ payload: ',"uid":1e309' })[1])],
    ['a fraction that would be an integer', signTexts(header, of({ payload: ',"uid":41.99999999999999999999' })[1])],
    ['a number in the header', signTexts(of({ header: ',"x":[-10000000000000000000000]' })[0], payload)],
    ['a member of the header twice', signTexts(of({ header: ',"typ":"JWT"' })[0].replace('JWT', 'at+jwt'), payload)],
    ['alg twice', signTexts(of({ header: ',"alg":"ES256"' })[0], payload)],
    ['b64', signTexts(of({ header: ',"b64":true' })[0], payload)],
    ['b64, critical', signTexts(of({ header: ',"b64":true,"crit":["b64"]' })[0], payload)],
    ['a byte order mark', signTexts(header, `\ufeff${payload}`)],
    ['bytes that are not UTF-8', signTexts(header, invalid)],
    ['bits that no encoder writes', spoilEnd(good)],
    ['padding', `${good}==`],
  ];
}

async function refusalOf(request: ProtectedRequest, by = verifier): Promise<string> {
  try {
    const { subject } = await by.authenticate(request);
    return subject;
  } catch (error) {
    assert.ok(error instanceof AccessRefusal, String(error));
    return `${error.status} ${error.code}`;
  }
}

const tokenTexts = ({ header = '', payload = '' }): [string, string] => [
  `{"alg":"ES256","kid":"one","typ":"at+jwt"${header}}`,
  `${JSON.stringify({ ...claims, exp: seconds + 60 }).slice(0, -1)}${payload}}`,
];

test('refuses an access token that two parsers could read differently, though jose accepts it', async () => {
  let lenient = 0;
  for (const [what, token] of mangled(tokenTexts)) {
    lenient += await jwtVerify(token, createLocalJWKSet({ keys: [jwk] })).then(
      () => 1,
      () => 0,
    );
    assert.equal(await refusalOf(bearing(token)), '401 invalid_token', what);
  }
  assert.ok(lenient > 5, 'else the strict reading is for nothing');
  const apart = signTexts(...tokenTexts({ header: ',"x-note":{"alg":"none"}', payload: ' ,\n "x":{"iat":1,"a":":"}' }));
  for (const good of [signTexts(...tokenTexts({})), apart]) assert.equal(await refusalOf(bearing(good)), 'ada');
});

test('refuses a proof that two parsers could read differently', async () => {
  const [header, payload] = tokenTexts({ payload: `,"cnf":${JSON.stringify(cnf)}` });
  const token = signTexts(header, payload);
  const ath = createHash('sha256').update(token).digest('base64url');
  const proofTexts = ({ header: more = '', payload: members = '' }): [string, string] => [
    `${JSON.stringify({ alg: 'ES256', typ: 'dpop+jwt', jwk: proofKey }).slice(0, -1)}${more}}`,
    `${JSON.stringify({ htm: 'GET', htu: URL_OF_ORDERS, jti: randomUUID(), iat: seconds, ath, who: 'ada' }).slice(0, -1)}${members}}`,
  ];
  const ask = (proof: string): Promise<string> =>
    refusalOf(
      asking(undefined, {
        headers: [
          ['Authorization', `DPoP ${token}`],
          ['DPoP', proof],
        ],
      }),
    );
  for (const [what, proof] of mangled(proofTexts)) assert.equal(await ask(proof), '401 invalid_dpop_proof', what);
  assert.equal(await ask(signTexts(...proofTexts({ payload: ',"x":{"iat":1}' }))), 'ada');
});

test('answers 503 if the issuer publishes an RSA key that is too short or has the exponent 1', async () => {
  const issuer = await createIssuer(['RS256']);
  const [good] = issuer.jwks.keys;
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const modulusOf = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid: good?.kid }) as JWK;
  const token = await issuer.sign({ alg: 'RS256' });
  const by = (key: JWK) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key] } });
  // With the exponent 1 the signature is the padded message (RFC 8017 section 9.2): anyone can write it.
  const input = token.slice(0, token.lastIndexOf('.'));
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const written = Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.alloc(256 - 3 - info.length - 32, 0xff),
    Buffer.from([0]),
    info,
    createHash('sha256').update(input).digest(),
  ]);
  const forged = bearing(`${input}.${encode(written)}`);
  assert.ok(good !== undefined);
  for (const e of ['AQ', 'AAAB'])
    assert.equal(await refusalOf(forged, by({ ...good, e })), '503 temporarily_unavailable', e);
  assert.equal(await refusalOf(bearing(token), by(modulusOf(short))), '503 temporarily_unavailable');
  assert.equal(await refusalOf(forged, by(good)), '401 invalid_token');
  assert.equal(await refusalOf(bearing(token), by(good)), 'ada');
});

test('refuses a key that is published for another use, and a key id that two keys share (RFC 7517 section 4)', async () => {
  const token = bearing(signTexts(...tokenTexts({})));
  const by = (...keys: object[]) =>
    createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: keys as JWK[] } });
  const others = [
    [{ ...jwk, use: 'enc' }],
    [{ ...jwk, key_ops: ['sign'] }],
    [{ ...jwk, key_ops: 'verify' }],
    [{ ...jwk, key_ops: ['verify', 'verify'] }],
    [{ ...jwk, alg: 'ES384' }],
    [{ ...jwk, kid: 'another' }],
    [jwk, { ...jwk, x: jwk.y }],
  ];
  for (const keys of others)
    assert.equal(await refusalOf(token, by(...keys)), '401 invalid_token', JSON.stringify(keys));
  // A point that is not on the curve.
  assert.equal(await refusalOf(token, by({ ...jwk, x: jwk.y })), '503 temporarily_unavailable');
  assert.equal(
    await refusalOf(token, by({ ...jwk, use: 'sig', key_ops: ['verify'] }, { ...jwk, kid: 'another' })),
    'ada',
  );
});

test('reads key sets and introspection answers as strictly', async (t) => {
  const set = JSON.stringify({ keys: [jwk] });
  const said = JSON.stringify({
    active: true,
    token_type: 'Bearer',
    sub: 'ada',
    client_id: 'gateway',
    aud: AUDIENCE,
    exp: seconds + 60,
  });
  const twice = (text: string, member: string): string => `${text.slice(0, -1)},${member}}`;
  const answers: Record<string, string> = {
    '/keys': set,
    '/keys-twice': twice(set, '"keys":[]'),
    '/said': said,
    '/said-twice': twice(said, '"sub":"ada"'),
  };
  const server = createServer(({ url = '' }, response) => response.end(answers[url])).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const by = (keys: string, endpoint: string) =>
    createVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwksUri: home + keys,
      introspection: { clientId: 'api', clientSecret: 'secret', endpoint: home + endpoint },
    });
  const token = bearing(signTexts(...tokenTexts({})));
  assert.equal(await refusalOf(token, by('/keys-twice', '/said')), '503 temporarily_unavailable');
  assert.equal(await refusalOf(token, by('/keys', '/said')), 'ada');
  assert.equal(await refusalOf(bearing('opaque'), by('/keys', '/said-twice')), '503 temporarily_unavailable');
  assert.equal(await refusalOf(bearing('opaque'), by('/keys', '/said')), 'ada');
});
