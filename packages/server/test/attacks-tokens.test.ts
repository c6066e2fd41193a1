// Forged, mangled and misused access tokens: each attack is refused with the one sentence, beside a good token that differs
// from it in nothing else.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import {
  agentBasic,
  assertIssued,
  assertRefused,
  configuration,
  exchange,
  forgedToken,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
} from './basics.ts';
import { base64url, claimsOf, start, type TestServer, type } from './harness.ts';

/** The attack is refused, for one of these reasons. */
async function refuse(
  server: TestServer,
  token: string,
  reasons: string | readonly string[],
  what = '',
): Promise<void> {
  const answer = await exchange(server, { subject_token: token });
  const found = server.audit(answer)?.reason?.replace('subject_token_', '') ?? '';
  assert.ok([reasons].flat().includes(found), `${what || token.slice(0, 99)}: ${found}`);
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: `subject_token_${found}` }, what);
}
const accept = async (server: TestServer, token: string, what = ''): Promise<void> =>
  assertIssued(server, await exchange(server, { subject_token: token }), what || token.slice(0, 99));

const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A token with a good header and good claims but the attacker's signature. */
function signedByAttacker(good: string, header: Record<string, unknown>): string {
  const input = `${base64url(JSON.stringify({ ...headerOf(good), ...header }))}.${good.split('.')[1]}`;
  const key = { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${base64url(sign('sha256', Buffer.from(input), key))}`;
}

test('a token without signature, or with one made from the public key, is worth nothing', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const jwks = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json();
  const key = JSON.stringify((jwks as { keys: JWK[] }).keys[0]);
  const withAlg = (alg: unknown, mac?: string): string => {
    const input = `${base64url(JSON.stringify({ ...headerOf(good), alg }))}.${good.split('.')[1]}`;
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

test('keys that a token brings along are never used, nor fetched (RFC 8725 section 3.10)', async (t) => {
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
  const { kid } = headerOf(good);
  await accept(server, server.forge(claimsOf(good), { kid }));
  for (const other of ['../../etc/passwd', "' or 1=1 --", `${kid} `, '', '__proto__', String(kid).toLowerCase()]) {
    await refuse(server, server.forge(claimsOf(good), { kid: other }), 'unknown_key', other);
  }
  await refuse(server, server.forge(claimsOf(good), { kid: undefined }), 'unknown_key', 'without kid');
  for (const other of [1, null, [kid], { kid }, 'x'.repeat(2000)]) {
    await refuse(server, server.forge(claimsOf(good), { kid: other }), 'malformed', JSON.stringify(other));
  }
});

test('a header that asks for an extension is refused, even one that names what we know (RFC 7515 section 4.1.11)', async (t) => {
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

test('the compact serialization is the only one, in canonical base64url (RFC 7515 section 7.1)', async (t) => {
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

test('an ES256 signature is r and s, 32 bytes each, and neither is zero nor beyond the order (CVE-2022-21449)', async (t) => {
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

test('header and claims are JSON objects that every parser reads alike (RFC 7519 section 4)', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  const text = JSON.stringify(good);
  const within = (member: string): string => `${text.slice(0, -1)},${member}}`;
  for (const payload of [
    within('"sub":"admin"'),
    within('"s\\u0075b":"admin"'),
    within('"x":{"a":1,"a":2}'),
    within('"x":NaN'),
    within('"x":01'),
    within("'x':1"),
    within('"x":1,'),
    within('"x":1 // comment'),
    within('"x":/* */1'),
    within('"x":"\t"'),
    `\ufeff${text}`,
    Buffer.from(text, 'utf16le'),
    Buffer.from(within('"x":"\xff"'), 'latin1'),
    `[${text}]`,
    JSON.stringify(text),
    'null',
    '1',
    '',
    `${text}${text}`,
  ]) {
    await refuse(server, server.forgeText(payload), 'malformed', String(payload));
  }
  const { alg, kid } = headerOf(server.forge(good));
  const header = `{"alg":"${alg}","typ":"at+jwt","kid":"${kid}"`;
  await refuse(server, server.forgeText(text, `${header},"kid":"${kid}"}`), 'malformed');
  await refuse(server, server.forgeText(text, `[${header}}]`), 'malformed');
  await accept(server, server.forgeText(text, `${header}}`));
  await accept(
    server,
    server.forgeText(` ${within('"x":{"a":1,"b":{"a":2}},"sub2":"é"')}\n`),
    'blanks and new members',
  );
});

test('claims nested a hundred thousand deep cost no more than a refusal', async (t) => {
  const server = await startBasic(t);
  const text = JSON.stringify(claimsOf(await subjectToken(server))).slice(0, -1);
  const nested = (depth: number, [open, close]: string): string =>
    server.forgeText(`${text},"x":${open?.repeat(depth)}${close?.repeat(depth)}}`);
  for (const depth of [100, 20_000, 100_000]) await refuse(server, nested(depth, '[]'), 'malformed', `${depth}`);
  await refuse(server, server.forgeText(`${text},"x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`), 'malformed');
  await accept(server, nested(50, '[]'));
});

test('members called __proto__ or constructor are members like any other', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  const evil = '{"sub":"admin","scope":"admin","aud":"https://private.example","isAdmin":true}';
  const text = `${JSON.stringify(good).slice(0, -1)},"__proto__":${evil},"constructor":{"prototype":${evil}}}`;
  const answer = await exchange(server, { subject_token: server.forgeText(text) });
  assertIssued(server, answer);
  assert.deepEqual([claimsOf(answer.body.access_token).sub, answer.body.scope], ['gateway', 'read write']);
  const { sub, ...others } = good;
  const inherited = `${JSON.stringify(others).slice(0, -1)},"__proto__":{"sub":"${sub}"}}`;
  await refuse(server, server.forgeText(inherited), 'claims', 'sub only in __proto__');
});

test('exp has no leeway, which would add up along a chain; iat and nbf allow for clocks that differ by half a minute', async (t) => {
  const server = await startBasic(t);
  const now = Math.floor(server.clock.now / 1000);
  for (const exp of [now + 1, now + 1.5, now + 3600])
    await accept(server, await forgedToken(server, { exp }), `${exp}`);
  for (const exp of [now, now - 1, now - 30, 0]) await refuse(server, await forgedToken(server, { exp }), 'expired');
  for (const name of ['iat', 'nbf']) {
    for (const time of [now - 3600, now + 30]) await accept(server, await forgedToken(server, { [name]: time }), name);
    await refuse(server, await forgedToken(server, { [name]: now + 31 }), 'not_yet_valid', name);
  }
  for (const time of [undefined, null, `${now + 60}`, -1, 1e300, [now + 60], true]) {
    await refuse(server, await forgedToken(server, { exp: time }), 'claims', `exp ${time}`);
    await refuse(server, await forgedToken(server, { iat: time }), 'claims', `iat ${time}`);
  }
});

test('iss is our issuer letter for letter (RFC 8725 section 3.8)', async (t) => {
  const server = await startBasic(t);
  const { issuer } = server;
  await accept(server, await forgedToken(server, { iss: issuer }));
  const near = [`${issuer}/`, issuer.toUpperCase(), issuer.replace('http:', 'https:'), `${issuer} `, `${issuer}\0`];
  const far = [
    '',
    undefined,
    null,
    1,
    [issuer],
    { issuer },
    issuer.replace('//', '//ada@'),
    issuer.replace('1:', '1.:'),
  ];
  for (const iss of [...near, ...far]) {
    await refuse(server, await forgedToken(server, { iss }), ['unknown_issuer', 'claims'], JSON.stringify(iss));
  }
});

test('typ says at+jwt, in any case; every other kind of JWT is refused (RFC 9068 section 4)', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) await accept(server, server.forge(good, { typ }), typ);
  const others = ['JWT', 'dpop+jwt', 'logout+jwt', 'oauth-id-jag+jwt', 'client-authentication+jwt', 'id_token', ''];
  for (const typ of [...others, 'at+jwt ', 'application/application/at+jwt', undefined]) {
    const token = server.forge(good, { typ });
    await refuse(server, token, 'wrong_type', typ);
    const asJwt = await exchange(server, { subject_token: token, subject_token_type: type('jwt') });
    assert.deepEqual([asJwt.status, asJwt.body.error], [400, 'invalid_grant'], `${typ} as jwt`);
  }
  for (const typ of [1, null, ['at+jwt']]) await refuse(server, server.forge(good, { typ }), 'malformed');
});

test('sub, jti, client_id and aud are names that print, and are there (RFC 9068 section 2.2)', async (t) => {
  const server = await startBasic(t);
  const bad = [undefined, null, '', 1, true, {}, ['x', 1], 'x'.repeat(1025), 'a\0b', 'a\nb', 'a\u202eb', '\ud800'];
  for (const name of ['sub', 'jti', 'client_id', 'aud']) {
    for (const value of bad) {
      const token = await forgedToken(server, { [name]: value });
      await refuse(server, token, ['claims', 'malformed'], `${name}: ${JSON.stringify(value)}`);
    }
  }
  for (const aud of [[], [[]], ['https://api.example', 1]])
    await refuse(server, await forgedToken(server, { aud }), 'claims');
  for (const claims of [{ sub: 'x'.repeat(1024) }, { sub: 'Zoë 😀' }, { aud: ['a', 'b'] }]) {
    await accept(server, await forgedToken(server, claims));
  }
});

test('act, may_act and scope have their form, or the token is refused (RFC 8693 section 4)', async (t) => {
  const server = await startBasic(t);
  const bad = {
    act: ['agent', 'string', null, [{ sub: 'agent' }], {}, { iss: 'x' }, { sub: 1 }, { sub: 'a', act: 'b' }],
    may_act: ['agent', null, [], {}, { sub: 1 }, { iss: 1, sub: 'a' }, { exp: 1 }],
    scope: [['read'], 'read  write', ' ', 1, null, 'r"d'],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      await refuse(server, await forgedToken(server, { [name]: value }), 'claims', `${name} ${JSON.stringify(value)}`);
    }
  }
  await accept(server, await forgedToken(server, { act: { sub: 'a', exp: 'x', act: { sub: 'b' } }, scope: 'read' }));
  await accept(server, await forgedToken(server, { may_act: { sub: 'gateway', exp: 1, nbf: 'x' } }));
});

test('a token of another client, addressed to nobody who asks, is refused; unknown origin is no origin', async (t) => {
  const server = await startBasic(t);
  const agents = await server.token({ grant_type: 'client_credentials' }, agentBasic);
  const answer = await exchange(server, { subject_token: String(agents.body.access_token) });
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' });
  assert.equal(
    server.audit(answer)?.mismatches?.some(({ part }) => part === 'subject'),
    true,
  );
  await accept(server, await subjectToken(server), 'its own');
  const named = configuration.replace('types: [access_token] }', 'types: [access_token], clients: [agent] }');
  const trusting = await start(t, named);
  const token = await trusting.token({ grant_type: 'client_credentials' }, agentBasic);
  await accept(trusting, String(token.body.access_token), 'named by the rule');
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
