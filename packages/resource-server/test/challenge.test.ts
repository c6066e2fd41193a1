// Reads Authorization headers as RFC 6750 says, and answers with its challenges.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessRefusal, createVerifier, describeResource, type Requirements } from '../src/index.ts';
import { AUDIENCE, asking, createIssuer, ISSUER } from './issuer.ts';

const issuer = await createIssuer();
const options = { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, proofAlgorithms: ['ES256', 'Ed25519'] };
const verifier = createVerifier(options);
const DPOP = 'DPoP algs="ES256 Ed25519"';

async function refusal(
  authorization: string | undefined,
  wanted?: Requirements,
): Promise<[number, string | undefined]> {
  try {
    await verifier.authenticate(asking(authorization), wanted);
  } catch (error) {
    assert.ok(error instanceof AccessRefusal);
    return [error.status, error.headers['WWW-Authenticate']];
  }
  assert.fail('it was accepted');
}

test('accepts a valid token, in any case of the scheme (BU-01)', async () => {
  const token = await issuer.sign();
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    assert.equal((await verifier.authenticate(asking(`${scheme} ${token}`))).subject, 'ada');
  }
});

test('without a token, or with another scheme, the challenges have no error code (RFC 6750 section 3.1; BU-02)', async () => {
  for (const authorization of [undefined, '', 'Basic YTpi', 'Bearers x']) {
    assert.deepEqual(await refusal(authorization), [401, `Bearer, ${DPOP}`]);
    assert.deepEqual(await refusal(authorization, { scope: 'read' }), [
      401,
      'Bearer scope="read", DPoP scope="read", algs="ES256 Ed25519"',
    ]);
  }
});

test('offers no DPoP if the API does not know its URL', async () => {
  const nameless = createVerifier({ ...options, audience: 'orders' });
  const token = await issuer.sign({ claims: { aud: 'orders' } });
  await assert.rejects(
    nameless.authenticate(asking(`DPoP ${token}`)),
    (error) => error instanceof AccessRefusal && error.headers['WWW-Authenticate'] === 'Bearer',
  );
  assert.equal((await nameless.authenticate(asking(`Bearer ${token}`))).subject, 'ada');
});

test('answers 400 invalid_request to malformed or duplicate credentials (RFC 6750 section 3.1; BU-02)', async () => {
  const token = await issuer.sign();
  const challenge = 'Bearer error="invalid_request", DPoP error="invalid_request", algs="ES256 Ed25519"';
  for (const authorization of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token}, DPoP x`,
  ]) {
    assert.deepEqual(await refusal(authorization), [400, challenge], authorization);
  }
  const twice = asking(undefined, {
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['authorization', `DPoP ${token}`],
    ],
  });
  await assert.rejects(verifier.authenticate(twice), (error) => error instanceof AccessRefusal && error.status === 400);
  assert.equal((await verifier.authenticate(asking(`Bearer ${token}`))).subject, 'ada');
});

test('answers invalid_token in the scheme of the request (BU-02)', async () => {
  const token = await issuer.sign();
  for (const wrong of [`${token}x`, 'nonsense', 'a.b.c']) {
    assert.deepEqual(await refusal(`Bearer ${wrong}`), [401, `Bearer error="invalid_token", ${DPOP}`], wrong);
  }
  assert.deepEqual(await refusal(`DPoP ${token}`), [401, 'Bearer, DPoP error="invalid_token", algs="ES256 Ed25519"']);
  assert.equal((await verifier.authenticate(asking(`Bearer ${token}`))).subject, 'ada');
});

test('answers insufficient_scope and names the required scope (BU-02)', async () => {
  const token = `Bearer ${await issuer.sign({ claims: { scope: 'read write' } })}`;
  assert.equal((await verifier.authenticate(asking(token), { scope: 'read' })).subject, 'ada');
  assert.equal((await verifier.authenticate(asking(token), { scope: 'write read' })).subject, 'ada');
  for (const scope of ['admin', 'read admin', 'rea', 'READ']) {
    assert.deepEqual(await refusal(token, { scope }), [403, `Bearer error="insufficient_scope", scope="${scope}"`]);
  }
});

test('names the required authentication if it is too weak or too old (RFC 9470 section 3; BU-03)', async () => {
  const now = Math.floor(Date.now() / 1000);
  const token = `Bearer ${await issuer.sign({ claims: { acr: 'mfa', auth_time: now - 600 } })}`;
  const unknown = `Bearer ${await issuer.sign()}`;
  for (const wanted of [
    { acr: 'mfa' },
    { acr: ['phishing-resistant', 'mfa'] },
    { maxAge: 900 },
    { acr: 'mfa', maxAge: 900 },
  ]) {
    assert.equal((await verifier.authenticate(asking(token), wanted)).subject, 'ada');
    assert.equal((await refusal(unknown, wanted))[0], 401);
  }
  const about = 'Bearer error="insufficient_user_authentication"';
  assert.deepEqual(await refusal(token, { acr: ['a', 'b'] }), [401, `${about}, acr_values="a b", ${DPOP}`]);
  assert.deepEqual(await refusal(token, { acr: 'mfa', maxAge: 300 }), [
    401,
    `${about}, acr_values="mfa", max_age="300", ${DPOP}`,
  ]);
});

test('challenges name the URL of the metadata (RFC 9728 sections 3 and 5.1; PR-01, PR-02, PR-03)', async () => {
  const describe = (resource: string) =>
    describeResource({ resource, authorization_servers: [ISSUER], scopes_supported: [] });
  const metadata = describe('https://api.example/v1/');
  assert.deepEqual(metadata, {
    path: '/.well-known/oauth-protected-resource/v1',
    url: 'https://api.example/.well-known/oauth-protected-resource/v1',
    document: {
      bearer_methods_supported: ['header'],
      resource: 'https://api.example/v1/',
      authorization_servers: [ISSUER],
    },
  });
  assert.equal(describe('https://api.example').path, '/.well-known/oauth-protected-resource');
  assert.equal(describe('http://localhost:8081').document.resource, 'http://localhost:8081');
  for (const wrong of ['orders', 'http://api.example', 'https://api.example/#x', 'urn:x:y']) {
    assert.throws(() => describe(wrong), TypeError, wrong);
  }
  await assert.rejects(
    createVerifier({ ...options, metadata }).authenticate(asking(undefined)),
    (error) =>
      error instanceof AccessRefusal &&
      error.headers['WWW-Authenticate'] ===
        `Bearer resource_metadata="${metadata.url}", DPoP resource_metadata="${metadata.url}", algs="ES256 Ed25519"`,
  );
});
