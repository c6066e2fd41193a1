// How other issuers may deliver their keys: in pieces, compressed, or found by RFC 8414 only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertIssued } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import {
  type Behaviour,
  bytes,
  DISCOVERY,
  entry,
  JWKS,
  json,
  METADATA,
  newKey,
  startIssuer,
  status,
  trusting,
} from '../support/issuer.ts';
import { assertUnavailable, freshToken, present } from '../support/trusting.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

test('accepts an answer in gzip, in pieces, or with unknown members', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const keys = [{ kty: 'unknown', kid: 'x' }, { ...newKey().jwk, use: 'enc' }, ...idp.keys.map(({ jwk }) => jwk)];
  const body = gzipSync(JSON.stringify({ keys, spiffe_sequence: 1 }));
  const head = `${HEAD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  idp.instead.set(JWKS, bytes(head, body.subarray(0, 30), body.subarray(30)));
  assertIssued(server, await present(server, freshToken(server, idp)));
});

test('accepts gzip under each of its names, an empty encoding, and a byte order mark', async (t) => {
  const idp = await startIssuer(t);
  for (const [encoding, before] of [
    ['x-gzip', ''],
    ['GZIP', ''],
    [' gzip ', '\uFEFF'],
    ['', ''],
    ['identity', '\uFEFF'],
  ] as const) {
    const server = await start(t, trusting(entry(idp)));
    const text = Buffer.from(before + JSON.stringify({ keys: idp.keys.map(({ jwk }) => jwk) }));
    const body = encoding.toLowerCase().includes('gzip') ? gzipSync(text) : text;
    const head = `${HEAD}Content-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n\r\n`;
    idp.instead.set(JWKS, bytes(head, body));
    assertIssued(server, await present(server, freshToken(server, idp)), `"${encoding}"`);
  }
  for (const [encoding, body] of [
    ['br', '{}'],
    ['gzip, gzip', '{}'],
    ['', '\uFEFF\uFEFF{"keys":[]}'],
  ] as const) {
    const server = await start(t, trusting(entry(idp)));
    idp.instead.set(
      JWKS,
      bytes(`${HEAD}Content-Encoding: ${encoding}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`, body),
    );
    assertUnavailable(server, await present(server, freshToken(server, idp)), encoding);
  }
});

test('says what is wrong with the document of an issuer, and takes no busy or refused answer for an absent document', async (t) => {
  const idp = await startIssuer(t);
  const at = (answer: Behaviour, other: Behaviour = status(404)): readonly [Behaviour, Behaviour] => [answer, other];
  const cases: readonly (readonly [readonly [Behaviour, Behaviour], RegExp])[] = [
    [at(status(401)), /openid-configuration: status 401$/],
    [at(status(403)), /openid-configuration: status 403$/],
    [at(status(404), status(403)), /oauth-authorization-server: status 403$/],
    [at(bytes(`${HEAD}\r\n<html>sign in</html>`)), /openid-configuration: the answer is not a JSON object$/],
    [at(status(404)), /^http:\S+ has no discovery document$/],
    [
      at(json({ issuer: 'https://other.example' })),
      /openid-configuration names another issuer: "https:\/\/other\.example"$/,
    ],
    [at(json({})), /names another issuer: none$/],
    [at(status(429), json({ issuer: idp.url, jwks_uri: idp.url + JWKS })), /openid-configuration: status 429$/],
  ];
  for (const [[openid, oauth], expected] of cases) {
    const server = await start(t, trusting(entry(idp)));
    idp.instead.set(DISCOVERY, openid).set(METADATA, oauth);
    const answer = await present(server, freshToken(server, idp));
    assertUnavailable(server, answer, String(expected));
    assert.match(server.audit(answer)?.detail ?? '', expected);
  }
});

test('finds an issuer that supports only RFC 8414, with its path after the well-known one', async (t) => {
  const page = bytes(`${HEAD}\r\n<html>a page for every path</html>`);
  for (const absent of [404, 401, 403, 405, 'a page'] as const) {
    const idp = await startIssuer(t, { path: '/tenant' });
    const server = await start(t, trusting(entry(idp)));
    idp.instead.set(`/tenant${DISCOVERY}`, typeof absent === 'number' ? status(absent) : page);
    idp.instead.set(`${METADATA}/tenant`, json({ issuer: idp.url, jwks_uri: idp.url + JWKS }));
    assertIssued(server, await present(server, freshToken(server, idp)), String(absent));
  }
});
