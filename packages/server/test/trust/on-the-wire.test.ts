// How other issuers may deliver their keys: in pieces, compressed, or found by RFC 8414 only.
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertIssued } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import {
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
import { freshToken, present } from '../support/trusting.ts';

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

test('finds an issuer that supports only RFC 8414, with its path after the well-known one', async (t) => {
  for (const absent of [404, 401, 405]) {
    const idp = await startIssuer(t, { path: '/tenant' });
    const server = await start(t, trusting(entry(idp)));
    idp.instead.set(`/tenant${DISCOVERY}`, status(absent));
    idp.instead.set(`${METADATA}/tenant`, json({ issuer: idp.url, jwks_uri: idp.url + JWKS }));
    assertIssued(server, await present(server, freshToken(server, idp)), String(absent));
  }
});
