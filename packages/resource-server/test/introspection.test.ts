// Introspects opaque tokens (RFC 7662) over HTTP, with an issuer that may fail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { AccessRefusal, actors, createVerifier, type IntrospectionOptions } from '../src/index.ts';
import { AUDIENCE, asking, bearing, createIssuer, ISSUER } from './issuer.ts';
import { createClient } from './proof.ts';

const issuer = await createIssuer();
const CREDENTIALS = { clientId: 'orders api', clientSecret: 'a+b:c%' };

interface Asked {
  readonly authorization: string | undefined;
  readonly form: Record<string, string>;
}

/** An issuer whose answer can be changed. Text is sent as it is. */
async function start(t: TestContext) {
  const asked: Asked[] = [];
  const behaviour: { status: number; answer: object | string | Uint8Array; now: number } = {
    status: 200,
    answer: {},
    now: Date.now(),
  };
  const server = createServer(async (request, response) => {
    asked.push({
      authorization: request.headers.authorization,
      form: Object.fromEntries(new URLSearchParams(await text(request))),
    });
    const { status, answer } = behaviour;
    const isWhole = typeof answer === 'string' || answer instanceof Uint8Array;
    response.writeHead(status).end(isWhole ? answer : JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(close);
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`;
  const verifier = (more: Partial<IntrospectionOptions> = {}) =>
    createVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: issuer.jwks,
      clock: () => behaviour.now,
      introspection: { endpoint, ...CREDENTIALS, ...more },
    });
  return { asked, behaviour, verifier, close };
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const active = (more: object = {}) => ({
  active: true,
  token_type: 'Bearer',
  iss: ISSUER,
  sub: 'ada',
  client_id: 'gateway',
  aud: AUDIENCE,
  scope: 'read',
  exp: seconds() + 60,
  ...more,
});

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof AccessRefusal, String(error));
    return `${error.status} ${error.code}`;
  }
  return '200';
};

test('refuses an answer that is not UTF-8', async (t) => {
  const { behaviour, verifier } = await start(t);
  const answered = (sub: Uint8Array): Uint8Array => {
    const [before = '', after = ''] = JSON.stringify(active({ sub: 'BROKEN' })).split('BROKEN');
    return Buffer.concat([Buffer.from(before), sub, Buffer.from(after)]);
  };
  for (const broken of ['ad\xff', 'ad\xfe', 'ad\xc3', '\xed\xa0\x80']) {
    behaviour.answer = answered(Buffer.from(broken, 'latin1'));
    assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '503 temporarily_unavailable');
  }
  behaviour.answer = answered(Buffer.from('adé'));
  assert.equal((await verifier().authenticate(bearing('opaque'))).subject, 'adé');
});

test('reads an opaque token by introspection with the credentials of this API', async (t) => {
  const { asked, behaviour, verifier } = await start(t);
  behaviour.answer = active({ act: { sub: 'agent', iss: ISSUER } });
  const token = await verifier().authenticate(bearing('opaque'), { scope: 'read', actor: { sub: 'agent' } });
  assert.deepEqual([token.subject, token.clientId, token.audience], ['ada', 'gateway', [AUDIENCE]]);
  assert.deepEqual(actors(token), [{ iss: ISSUER, sub: 'agent' }]);
  // RFC 6749 section 2.3.1: each form-encoded by itself.
  const basic = Buffer.from('orders+api:a%2Bb%3Ac%25').toString('base64');
  assert.deepEqual(asked, [{ authorization: `Basic ${basic}`, form: { token: 'opaque' } }]);
  await verifier({ method: 'client_secret_post' }).authenticate(bearing('opaque'));
  assert.deepEqual(asked[1], {
    authorization: undefined,
    form: { token: 'opaque', client_id: CREDENTIALS.clientId, client_secret: CREDENTIALS.clientSecret },
  });
});

test('refuses a token that is inactive, not an access token, of another issuer or for another API', async (t) => {
  const { behaviour, verifier } = await start(t);
  const wrong: readonly object[] = [
    { active: false },
    active({ active: false }),
    active({ token_type: 'N_A' }),
    active({ token_type: undefined }),
    active({ exp: seconds() - 1 }),
    active({ exp: undefined }),
    active({ exp: `${seconds() + 60}` }),
    active({ iss: 'https://other.example' }),
    active({ aud: 'https://other.example' }),
    active({ aud: undefined }),
    active({ sub: undefined }),
    active({ client_id: undefined }),
    active({ act: 'agent' }),
  ];
  for (const answer of wrong) {
    behaviour.answer = answer;
    assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '401 invalid_token', JSON.stringify(answer));
  }
  behaviour.answer = active();
  assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '200');
});

test('answers 503 if the issuer fails, is down or does not know this API', async (t) => {
  const { behaviour, verifier, close } = await start(t);
  const troubles: readonly (readonly [number, object | string])[] = [
    [500, active()],
    [401, { error: 'invalid_client' }],
    [302, active()],
    [200, '<html>'],
    [200, 'null'],
    [200, {}],
    [200, active({ active: 'true' })],
  ];
  for (const [status, answer] of troubles) {
    Object.assign(behaviour, { status, answer });
    const code = await codeOf(verifier().authenticate(bearing('opaque')));
    assert.equal(code, '503 temporarily_unavailable', `${status} ${JSON.stringify(answer)}`);
  }
  Object.assign(behaviour, { status: 200, answer: active() });
  assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '200');
  close();
  assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '503 temporarily_unavailable');
});

test('introspects JWTs only if the API asks for all tokens', async (t) => {
  const { asked, behaviour, verifier } = await start(t);
  const token = await issuer.sign();
  behaviour.answer = { active: false };
  assert.equal(await codeOf(verifier().authenticate(bearing(token))), '200');
  assert.equal(asked.length, 0);
  const curious = verifier({ tokens: 'all' });
  assert.equal(await codeOf(curious.authenticate(bearing(token))), '401 invalid_token');
  behaviour.answer = active();
  assert.equal(await codeOf(curious.authenticate(bearing(token))), '200');
  const spoilt = `${token.slice(0, -8)}AAAAAAAA`;
  assert.equal(await codeOf(curious.authenticate(bearing(spoilt))), '401 invalid_token');
  assert.equal(asked.length, 2, 'an invalid JWT is not introspected');
});

test('refuses an opaque token without credentials for introspection', async () => {
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks });
  assert.equal(await codeOf(verifier.authenticate(bearing('opaque'))), '401 invalid_token');
  assert.equal(await codeOf(verifier.authenticate(bearing(await issuer.sign()))), '200');
});

test('caches an answer for as long as the API allows, and never after the token expires', async (t) => {
  const { asked, behaviour, verifier } = await start(t);
  const caching = verifier({ cacheFor: 30 });
  const ask = (token = 'opaque') => codeOf(caching.authenticate(bearing(token)));
  behaviour.answer = active();
  assert.deepEqual([await ask(), await ask(), asked.length], ['200', '200', 1]);
  assert.deepEqual([await ask('another'), asked.length], ['200', 2]);
  behaviour.answer = { active: false };
  assert.equal(await ask(), '200', 'revoked, and not asked about yet');
  behaviour.now += 31_000;
  assert.deepEqual([await ask(), await ask(), asked.length], ['401 invalid_token', '401 invalid_token', 4]);
  behaviour.answer = active({ exp: Math.floor(behaviour.now / 1000) + 10 });
  assert.equal(await ask(), '200');
  behaviour.now += 11_000;
  assert.equal(await ask(), '401 invalid_token');
});

test('requires a proof for a bound opaque token', async (t) => {
  const { behaviour, verifier } = await start(t);
  const client = await createClient();
  behaviour.answer = active({ token_type: 'DPoP', cnf: client.cnf });
  assert.equal(await codeOf(verifier().authenticate(bearing('opaque'))), '401 invalid_token');
  assert.equal((await verifier().authenticate(await client.ask('opaque'))).scheme, 'DPoP');
  assert.equal(await codeOf(verifier().authenticate(asking('DPoP opaque'))), '401 invalid_dpop_proof');
});
