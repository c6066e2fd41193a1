// Answers of an issuer: redirects, documents of others, too much, too many, and keys that must not be published.
import { gzipSync } from 'node:zlib';
import {
  type Behaviour,
  bytes,
  DISCOVERY,
  type FakeKey,
  forever,
  JWKS,
  json,
  newKey,
  privateJwk,
  status,
} from '../../../support/issuer.ts';
import type { Case } from '../../group.ts';
import { tryBehaviours, type World } from './world.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const encoded = (name: string, body: Uint8Array): Behaviour => bytes(`${HEAD}Content-Encoding: ${name}\r\n\r\n`, body);

/** Sends chunks as fast as they are read, without end. */
const endless: Behaviour = (_request, response) => {
  response.writeHead(200);
  const more = (): void => {
    while (response.write('x'.repeat(65_536))) if (response.destroyed) return;
    response.once('drain', more);
  };
  more();
};

export const answers = {
  X06: async (world, trial) => {
    const idp = world.take();
    const places = (path: string) => [world.elsewhere.url + path, `${idp.url}/other`, 'http://idp.example.com/jwks'];
    for (const path of [DISCOVERY, JWKS]) {
      const redirects = [301, 302, 303, 307, 308].flatMap((code) =>
        [...places(path), 'file:///etc/passwd', 'http://169.254.169.254/'].map(
          (location) => [`${path}: ${code} to ${location}`, status(code, { location })] as const,
        ),
      );
      await tryBehaviours(world, trial, path === DISCOVERY ? idp : world.take(), path, Object.fromEntries(redirects));
    }
  },

  X07: (world, trial) => {
    const idp = world.take();
    const document = (issuer: unknown): Behaviour => json({ issuer, jwks_uri: idp.url + JWKS });
    return tryBehaviours(world, trial, idp, DISCOVERY, {
      'another issuer': document(world.elsewhere.url),
      'its issuer with a slash': document(`${idp.url}/`),
      'its issuer in capitals': document(idp.url.toUpperCase()),
      'a list with it': document([idp.url]),
      'no issuer': document(undefined),
      'an error': status(503),
      HTML: bytes(`${HEAD}\r\n<html>sign in</html>`),
    });
  },

  X08: (world, trial) => {
    const idp = world.take();
    const { host } = new URL(idp.url);
    const at = (jwks_uri: unknown): Behaviour => json({ issuer: idp.url, jwks_uri });
    return tryBehaviours(world, trial, idp, DISCOVERY, {
      'another host': at(world.elsewhere.url + JWKS),
      'another name of its host': at(`http://localhost:${new URL(idp.url).port}${JWKS}`),
      'the metadata service': at('http://169.254.169.254/latest/meta-data'),
      'another scheme': at(`https://${host}${JWKS}`),
      'a file': at('file:///etc/passwd'),
      'keys in itself': at('data:application/json,{"keys":[]}'),
      gopher: at(`gopher://${host}/`),
      ftp: at(`ftp://${host}/`),
      'a password': at(`http://user:secret@${host}${JWKS}`),
      'a path alone': at(JWKS),
      nowhere: at(undefined),
      'a list': at([idp.url + JWKS]),
    });
  },

  X09: (world, trial) => {
    const idp = world.take();
    const good = JSON.stringify({ keys: idp.keys.map(({ jwk }) => jwk) });
    const long = `${good.slice(0, -1)},"x":"${'x'.repeat(600_000)}"}`;
    return tryBehaviours(world, trial, idp, JWKS, {
      'a long answer': bytes(`${HEAD}\r\n${long}`),
      'a declared length of 100 MiB': bytes(`${HEAD}Content-Length: 104857600\r\n\r\n${long}`),
      'chunks without end': endless,
      'less than was declared': bytes(`${HEAD}Content-Length: ${good.length + 1}\r\n\r\n${good}`),
      'more than was declared': bytes(`${HEAD}Content-Length: ${good.length - 1}\r\n\r\n${good}`),
    });
  },

  X10: (world, trial) => {
    const idp = world.take();
    const good = JSON.stringify({ keys: idp.keys.map(({ jwk }) => jwk) });
    const long = `${good.slice(0, -1)},"x":"${'x'.repeat(600_000)}"}`;
    return tryBehaviours(world, trial, idp, JWKS, {
      'a bomb': encoded('gzip', gzipSync(Buffer.alloc(100_000_000))),
      'a long answer': encoded('gzip', gzipSync(long)),
      half: encoded('gzip', gzipSync(good).subarray(0, 40)),
      none: encoded('gzip', Buffer.from(good)),
      'an encoding that was not asked for': encoded('br', Buffer.from(good)),
      'gzip in gzip': encoded('gzip, gzip', gzipSync(gzipSync(good))),
      'a thousand encodings': encoded(Array(1000).fill('gzip, br').join(', '), gzipSync(good)),
    });
  },

  X12: (world, trial) => {
    const idp = world.take();
    const [{ jwk }] = idp.keys as [FakeKey];
    return tryBehaviours(world, trial, idp, JWKS, {
      '10,000 keys': json({ keys: Array.from({ length: 10_000 }, (_, index) => ({ kid: String(index) })) }),
      'a kid of 64 KiB': json({ keys: [jwk, { ...jwk, kid: 'x'.repeat(65_536) }] }),
      'a kid that is not a string': json({ keys: [{ ...jwk, kid: 1 }] }),
      'keys that are not a list': json({ keys: { 0: jwk } }),
      'a key that is not an object': json({ keys: [jwk, 'x'] }),
      'no keys': json({}),
      'a list': json([jwk]),
      'HTML with 200': bytes(`${HEAD}\r\n<html>sign in</html>`),
      'an empty answer': bytes(`${HEAD}Content-Length: 0\r\n\r\n`),
      'not found': status(404),
      'an error': status(500),
      'no content': status(204),
      'part of it': bytes('HTTP/1.1 206 Partial Content\r\n\r\n', JSON.stringify({ keys: [jwk] })),
      'two readings': bytes(`${HEAD}\r\n{"keys":[],"keys":[${JSON.stringify(jwk)}]}`),
      'nesting without end': bytes(`${HEAD}\r\n{"keys":${'['.repeat(100_000)}`),
    });
  },

  X18: (world, trial) => {
    const idp = world.take();
    const [{ jwk }] = idp.keys as [FakeKey];
    return tryBehaviours(world, trial, idp, JWKS, {
      'a private key': json({ keys: [jwk, privateJwk(newKey())] }),
      'its own private key': json({ keys: idp.keys.map(privateJwk) }),
      'a private RSA key': json({ keys: [jwk, privateJwk(newKey('RS256'))] }),
      'a private Ed25519 key': json({ keys: [jwk, privateJwk(newKey('Ed25519'))] }),
      'a private ML-DSA key': json({ keys: [jwk, privateJwk(newKey('ML-DSA-44'))] }),
      'a symmetric key': json({ keys: [jwk, { kty: 'oct', kid: 'x', k: 'AAAA' }] }),
      'a symmetric key under another type': json({ keys: [jwk, { kty: 'EC', kid: 'x', k: 'AAAA' }] }),
    });
  },

  X26: (world, trial) => {
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n';
    const hint = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    return tryBehaviours(world, trial, world.take(), JWKS, {
      'another protocol': ({ socket }) => void socket.write(switching),
      'another protocol, and the connection closed': bytes(switching),
      'another protocol after a hint': bytes(hint, switching),
      'hints without end': forever('', hint),
      'a header without end': forever(HEAD, 'X: y\r\n'),
      'a body without end': forever(`${HEAD}Content-Length: 100000\r\n\r\n`, ' '),
      'trailers without end': forever(`${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X: y\r\n'),
    });
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
