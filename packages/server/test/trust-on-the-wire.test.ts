// What other issuers may do to us over the network: their keys, fetched over real connections to servers that misbehave.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertIssued, exchange } from './basics.ts';
import { start, type } from './harness.ts';
import {
  type Behaviour,
  bytes,
  DISCOVERY,
  entry,
  type FakeIssuer,
  forever,
  JWKS,
  json,
  METADATA,
  newKey,
  privateJwk,
  silence,
  startIssuer,
  status,
  trusting,
} from './issuer.ts';
import { assertUnavailable, COOL_DOWN, freshToken, present } from './trusting.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

/** Each behaviour makes the keys unavailable; put right again, the same server accepts the next token. */
async function assertEachFails(
  t: Parameters<typeof start>[0],
  path: string,
  rows: (idp: FakeIssuer, elsewhere: FakeIssuer) => Readonly<Record<string, Behaviour>>,
): Promise<void> {
  const [idp, elsewhere] = [await startIssuer(t), await startIssuer(t)];
  const server = await start(t, trusting(entry(idp)));
  for (const [name, behaviour] of Object.entries(rows(idp, elsewhere))) {
    idp.instead.set(path, behaviour);
    assertUnavailable(server, await present(server, freshToken(server, idp)), name);
    server.clock.now += COOL_DOWN;
  }
  assert.equal(elsewhere.seen.length, 0, 'nobody else was asked');
  idp.instead.clear();
  assertIssued(server, await present(server, freshToken(server, idp)));
}

test('a redirect is not followed, wherever it leads (JW-17)', (t) =>
  assertEachFails(t, JWKS, (_idp, elsewhere) => {
    const places = [elsewhere.url + JWKS, 'file:///etc/passwd', 'https://idp.example.com/jwks', '/other'];
    return Object.fromEntries(
      [301, 302, 303, 307, 308].flatMap((code) =>
        places.map((location) => [`${code} to ${location}`, status(code, { location })] as const),
      ),
    );
  }));

test('an answer that is no good key set is no key set, whatever its status says (RFC 7517 section 5)', (t) =>
  assertEachFails(t, JWKS, (idp) => {
    const [{ jwk }] = idp.keys as [FakeIssuer['keys'][number]];
    const oct = { kty: 'oct', kid: 'x', k: 'AAAA' };
    return {
      'not found': status(404),
      'an error': status(500),
      'no content': status(204),
      'part of it': bytes('HTTP/1.1 206 Partial Content\r\n\r\n', JSON.stringify({ keys: [jwk] })),
      'HTML with 200': bytes(`${HEAD}\r\n<html>sign in</html>`),
      'an empty answer': bytes(`${HEAD}Content-Length: 0\r\n\r\n`),
      'a list': json([jwk]),
      'no keys': json({}),
      'keys that are no list': json({ keys: { 0: jwk } }),
      'a key that is no object': json({ keys: [jwk, 'x'] }),
      'a kid that is no text': json({ keys: [{ ...jwk, kid: 1 }] }),
      'a kid of 64 KiB': json({ keys: [jwk, { ...jwk, kid: 'x'.repeat(65_536) }] }),
      '10,000 keys': json({ keys: Array.from({ length: 10_000 }, (_, index) => ({ kid: String(index) })) }),
      'a private key': json({ keys: [jwk, privateJwk(newKey())] }),
      'its own private key': json({ keys: idp.keys.map(privateJwk) }),
      'a private RSA key': json({ keys: [jwk, privateJwk(newKey('RS256'))] }),
      'a private ML-DSA key': json({ keys: [jwk, privateJwk(newKey('ML-DSA-44'))] }),
      'a symmetric key': json({ keys: [jwk, oct] }),
      'two readings': bytes(`${HEAD}\r\n{"keys":[],"keys":[${JSON.stringify(jwk)}]}`),
      'nesting without end': bytes(`${HEAD}\r\n{"keys":${'['.repeat(100_000)}`),
    };
  }));

test('an answer is read up to 512 KiB, counted after decompression, and no further (JW-17)', (t) =>
  assertEachFails(t, JWKS, (idp) => {
    const good = JSON.stringify({ keys: idp.keys.map(({ jwk }) => jwk) });
    const encoded = (name: string, body: Uint8Array): Behaviour =>
      bytes(`${HEAD}Content-Encoding: ${name}\r\n\r\n`, body);
    const long = `${good.slice(0, -1)},"x":"${'x'.repeat(600_000)}"}`;
    return {
      'a long answer': bytes(`${HEAD}\r\n${long}`),
      'a declared length of 100 MiB': bytes(`${HEAD}Content-Length: 104857600\r\n\r\n${long}`),
      'chunks without end': (_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (response.write('x'.repeat(65_536))) if (response.destroyed) return;
          response.once('drain', more);
        };
        more();
      },
      'less than was declared': bytes(`${HEAD}Content-Length: ${good.length + 1}\r\n\r\n${good}`),
      'more than was declared': bytes(`${HEAD}Content-Length: ${good.length - 1}\r\n\r\n${good}`),
      'a gzip bomb': encoded('gzip', gzipSync(Buffer.alloc(100_000_000))),
      'a long answer in gzip': encoded('gzip', gzipSync(long)),
      'half of gzip': encoded('gzip', gzipSync(good).subarray(0, 40)),
      'gzip that is none': encoded('gzip', Buffer.from(good)),
      'an encoding that was not asked for': encoded('br', Buffer.from(good)),
      'gzip in gzip': encoded('gzip, gzip', gzipSync(gzipSync(good))),
      'a thousand encodings': encoded(Array(1000).fill('gzip, br').join(', '), gzipSync(good)),
    };
  }));

test('an answer in gzip, in pieces, or with members that nobody knows is as good as any', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const keys = [{ kty: 'unknown', kid: 'x' }, { ...newKey().jwk, use: 'enc' }, ...idp.keys.map(({ jwk }) => jwk)];
  const body = gzipSync(JSON.stringify({ keys, spiffe_sequence: 1 }));
  const head = `${HEAD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  idp.instead.set(JWKS, bytes(head, body.subarray(0, 30), body.subarray(30)));
  assertIssued(server, await present(server, freshToken(server, idp)));
});

test('a discovery document speaks of its own issuer and its own host (OpenID Connect Discovery section 4.3)', (t) =>
  assertEachFails(t, DISCOVERY, (idp, elsewhere) => {
    const { url } = idp;
    const document = (changes: object): Behaviour => json({ issuer: url, jwks_uri: url + JWKS, ...changes });
    const { host } = new URL(url);
    return {
      'another issuer': document({ issuer: elsewhere.url }),
      'its issuer with a slash': document({ issuer: `${url}/` }),
      'no issuer': document({ issuer: undefined }),
      'keys on another host': document({ jwks_uri: elsewhere.url + JWKS }),
      'keys under another scheme': document({ jwks_uri: `https://${host}${JWKS}` }),
      'keys in a file': document({ jwks_uri: 'file:///etc/passwd' }),
      'keys in itself': document({ jwks_uri: 'data:application/json,{"keys":[]}' }),
      'keys at gopher': document({ jwks_uri: `gopher://${host}/` }),
      'keys with a password': document({ jwks_uri: `http://user:secret@${host}${JWKS}` }),
      'keys nowhere': document({ jwks_uri: undefined }),
      'keys at a path': document({ jwks_uri: JWKS }),
      'a redirect': status(302, { location: elsewhere.url + DISCOVERY }),
      'an error': status(503),
      HTML: bytes(`${HEAD}\r\n<html>sign in</html>`),
    };
  }));

test('an issuer that knows only RFC 8414 is found too, its path behind the well-known one', async (t) => {
  for (const absent of [404, 401, 405]) {
    const idp = await startIssuer(t, { path: '/tenant' });
    const server = await start(t, trusting(entry(idp)));
    idp.instead.set(`/tenant${DISCOVERY}`, status(absent));
    idp.instead.set(`${METADATA}/tenant`, json({ issuer: idp.url, jwks_uri: idp.url + JWKS }));
    assertIssued(server, await present(server, freshToken(server, idp)), String(absent));
  }
});

test('an issuer that hangs or trickles is given up within the deadline, and slows nobody else meanwhile (JW-17)', async (t) => {
  const slow: Readonly<Record<string, readonly [path: string, Behaviour]>> = {
    silence: [JWKS, silence],
    'silence at discovery': [DISCOVERY, silence],
    'headers without end': [JWKS, forever('HTTP/1.1 200 OK\r\n', 'X: y\r\n')],
    'a byte at a time': [JWKS, forever(`${HEAD}\r\n`, ' ')],
  };
  const names = Object.keys(slow);
  const issuers = await Promise.all(names.map(() => startIssuer(t)));
  const good = await startIssuer(t);
  const entries = [good, ...issuers].map((idp, index) => entry(idp, { name: `idp${index}` }));
  const rule = `{ client: gateway, subject: { issuer: [${entries.map((_, index) => `idp${index}`)}] }, grant: { audiences: [https://api.example], scopes: [read] } }`;
  const server = await start(t, trusting(entries, [rule]));
  let given = 0;
  const answers = issuers.map(async (idp, index) => {
    const [path, behaviour] = slow[names[index] ?? ''] ?? ['', silence];
    idp.instead.set(path, behaviour);
    const answer = await present(server, freshToken(server, idp));
    given++;
    assertUnavailable(server, answer, names[index]);
  });
  for (let round = 0; round < 5; round++) assertIssued(server, await present(server, freshToken(server, good)));
  assert.equal(given, 0, 'the others still wait');
  await Promise.all(answers);
});

test('our requests tell nothing but what they ask for: no cookie, no credentials, no token', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  idp.instead.set(DISCOVERY, json({ issuer: idp.url, jwks_uri: idp.url + JWKS }, { 'set-cookie': 'a=b' }));
  const token = freshToken(server, idp);
  const headers = {
    'x-request-id': 'told',
    cookie: 'c=d',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const presented = { subject_token: token, subject_token_type: type('jwt') };
  assertIssued(server, await exchange(server, presented));
  await server.post('/oauth/token', 'grant_type=x', headers);
  assert.deepEqual(
    idp.seen.map(({ path }) => path),
    [DISCOVERY, JWKS],
  );
  for (const { method, headers: sent, body } of idp.seen) {
    assert.deepEqual([method, body], ['GET', '']);
    const { host, connection, ...others } = sent;
    assert.deepEqual(others, { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'cambio' });
  }
});
