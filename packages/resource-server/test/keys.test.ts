// Fetches and caches the keys of the issuer, and decides who is at fault if that fails.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AccessRefusal, createVerifier } from '../src/index.ts';
import { AUDIENCE, bearing, createIssuer } from './issuer.ts';

const issuer = await createIssuer();

async function listen(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sendKeys: RequestListener = (_request, response) => {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(issuer.jwks));
};

test('fetches the keys from below the issuer by default, once for many tokens', async (t) => {
  const asked: (string | undefined)[] = [];
  const iss = await listen(t, (request, response) => {
    asked.push(request.url);
    sendKeys(request, response);
  });
  const verifier = createVerifier({ issuer: iss, audience: AUDIENCE });
  for (let i = 0; i < 3; i++) {
    assert.equal((await verifier.authenticate(bearing(await issuer.sign({ claims: { iss } })))).subject, 'ada');
  }
  assert.deepEqual(asked, ['/.well-known/jwks.json']);
});

test('fetches from the same URL if the issuer ends in a slash', async (t) => {
  const asked: (string | undefined)[] = [];
  const iss = `${await listen(t, (request, response) => {
    asked.push(request.url);
    sendKeys(request, response);
  })}/`;
  const verifier = createVerifier({ issuer: iss, audience: AUDIENCE });
  assert.equal((await verifier.authenticate(bearing(await issuer.sign({ claims: { iss } })))).subject, 'ada');
  assert.deepEqual(asked, ['/.well-known/jwks.json']);
});

test('takes the keys from jwksUri, or from jwks', async (t) => {
  const jwksUri = `${await listen(t, sendKeys)}/keys`;
  const about = { issuer: 'https://login.example', audience: AUDIENCE };
  for (const keys of [{ jwksUri }, { jwks: issuer.jwks }, { jwks: async () => issuer.jwks }]) {
    const verifier = createVerifier({ ...about, ...keys });
    assert.equal((await verifier.authenticate(bearing(await issuer.sign()))).subject, 'ada');
  }
});

test('refuses a key set that is not UTF-8', async (t) => {
  let name = Buffer.from([0xff]);
  const jwksUri = await listen(t, (_request, response) => {
    const [before = '', after = ''] = JSON.stringify({ ...issuer.jwks, name: 'BROKEN' }).split('BROKEN');
    response.end(Buffer.concat([Buffer.from(before), name, Buffer.from(after)]));
  });
  const about = { issuer: 'https://login.example', audience: AUDIENCE, jwksUri };
  const authenticate = async () => createVerifier(about).authenticate(bearing(await issuer.sign()));
  await assert.rejects(authenticate(), (error) => error instanceof AccessRefusal && error.status === 503);
  name = Buffer.from('é');
  assert.equal((await authenticate()).subject, 'ada');
});

test('answers 503, not 401, if the keys cannot be fetched', async (t) => {
  const unreachable = createServer().listen(0, '127.0.0.1');
  await once(unreachable, 'listening');
  const { port } = unreachable.address() as AddressInfo;
  unreachable.close();
  const about = { issuer: 'https://login.example', audience: AUDIENCE };
  const troubles = {
    'nobody listens': { jwksUri: `http://127.0.0.1:${port}/` },
    'another status': { jwksUri: await listen(t, (_request, response) => response.writeHead(500).end()) },
    'not JSON': { jwksUri: await listen(t, (_request, response) => response.end('<html>')) },
    'no key set': { jwksUri: await listen(t, (_request, response) => response.end('{"keys":{}}')) },
    'a private key': { jwks: { keys: issuer.jwks.keys.map((key) => ({ ...key, d: key.x ?? '' })) } },
    'a key that is none': { jwks: { keys: issuer.jwks.keys.map((key) => ({ ...key, x: 'AAAA' })) } },
    'what fetches them fails': { jwks: async () => assert.fail('no keys today') },
  };
  const token = await issuer.sign();
  for (const [trouble, keys] of Object.entries(troubles)) {
    await assert.rejects(
      createVerifier({ ...about, ...keys }).authenticate(bearing(token)),
      (error) => error instanceof AccessRefusal && error.status === 503 && error.headers['Retry-After'] === '1',
      trouble,
    );
  }
  assert.equal((await createVerifier({ ...about, jwks: issuer.jwks }).authenticate(bearing(token))).subject, 'ada');
});

test('answers 401 to a token of a key that the issuer does not publish', async () => {
  const verifier = createVerifier({ issuer: 'https://login.example', audience: AUDIENCE, jwks: { keys: [] } });
  await assert.rejects(
    verifier.authenticate(bearing(await issuer.sign())),
    (error) => error instanceof AccessRefusal && error.status === 401,
  );
  const knowing = createVerifier({ issuer: 'https://login.example', audience: AUDIENCE, jwks: issuer.jwks });
  assert.equal((await knowing.authenticate(bearing(await issuer.sign()))).subject, 'ada');
});

test('uses cached keys for an hour while the issuer fails, and answers 503 to unknown keys', async () => {
  let now = Date.now();
  let trouble = false;
  let asked = 0;
  const known = await createIssuer();
  const verifier = createVerifier({
    issuer: 'https://login.example',
    audience: AUDIENCE,
    clock: () => now,
    jwks: async () => {
      asked++;
      return trouble ? assert.fail('out of order') : known.jwks;
    },
  });
  const status = async (token: Promise<string>): Promise<number> => {
    try {
      await verifier.authenticate(bearing(await token));
      return 200;
    } catch (error) {
      assert.ok(error instanceof AccessRefusal);
      return error.status;
    }
  };
  const good = () => known.sign({ now });
  const unknown = () => known.sign({ now, header: { kid: 'unknown' } });
  assert.equal(await status(good()), 200);
  assert.equal(asked, 1);
  assert.deepEqual(
    [await status(unknown()), await status(unknown()), asked],
    [401, 401, 2],
    'asked once more, not twice',
  );
  trouble = true;
  now += 6 * 60_000;
  assert.deepEqual([await status(good()), await status(unknown())], [200, 503]);
  assert.equal(asked, 3, 'an issuer that fails is left alone for a while');
  now += 64 * 60_000;
  assert.equal(await status(good()), 503);
  trouble = false;
  now += 11_000;
  assert.deepEqual([await status(good()), await status(unknown())], [200, 401]);
});
