// How does an API say no? RFC 6750: what the Authorization header may hold, and the challenge where it does not do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessRefusal, createVerifier } from '../src/index.ts';
import { AUDIENCE, createIssuer, ISSUER } from './issuer.ts';

const issuer = await createIssuer();
const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks });

async function refusal(authorization: string | undefined, scope?: string): Promise<[number, string]> {
  try {
    await verifier.authenticate(authorization, scope === undefined ? {} : { scope });
  } catch (error) {
    assert.ok(error instanceof AccessRefusal);
    return [error.status, error.challenge];
  }
  assert.fail('it was accepted');
}

test('a good token passes, whatever the case of the scheme', async () => {
  const token = await issuer.sign();
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    assert.equal((await verifier.authenticate(`${scheme} ${token}`)).subject, 'ada');
  }
});

test('without a token, or with another scheme, the challenge has no error code (section 3.1)', async () => {
  for (const authorization of [undefined, '', 'Basic YTpi', 'Bearers x', `DPoP ${await issuer.sign()}`]) {
    assert.deepEqual(await refusal(authorization), [401, 'Bearer']);
    assert.deepEqual(await refusal(authorization, 'read'), [401, 'Bearer scope="read"']);
  }
});

test('with a wrong token, or with something that is none, it says invalid_token', async () => {
  const token = await issuer.sign();
  for (const authorization of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token}x`,
  ]) {
    assert.deepEqual(await refusal(authorization), [401, 'Bearer error="invalid_token"'], authorization);
  }
  assert.equal((await verifier.authenticate(`Bearer ${token}`)).subject, 'ada');
});

test('with too little scope it says insufficient_scope, and which is wanted', async () => {
  const token = `Bearer ${await issuer.sign({ claims: { scope: 'read write' } })}`;
  assert.equal((await verifier.authenticate(token, { scope: 'read' })).subject, 'ada');
  assert.equal((await verifier.authenticate(token, { scope: 'write read' })).subject, 'ada');
  for (const scope of ['admin', 'read admin', 'rea', 'READ']) {
    assert.deepEqual(await refusal(token, scope), [403, `Bearer error="insufficient_scope", scope="${scope}"`]);
  }
});
