// Where does an assertion go, and with which credentials? Two authorization servers over HTTP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cambio, clientSecret, ExchangeError, mtls, none, privateKeyJwt } from '../src/index.ts';
import { issued, jwt, startScripted } from './server.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

test('an assertion goes to the server that it is for, and no secret of another server goes there', async (t) => {
  const [own, vendor] = [await startScripted(t), await startScripted(t)];
  const client = cambio({ issuer: own.issuer, clientId: 'gateway', auth: clientSecret('secret-of-own') });
  own.next.push(() =>
    issued(jwt({ aud: vendor.issuer, client_id: 'gateway-there' }), {
      issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      token_type: 'N_A',
    }),
  );
  vendor.next.push(() => issued('access', { issued_token_type: undefined, scope: 'read' }));
  const idJag = await client.identityAssertion('id-token', {
    audience: vendor.issuer,
    resource: 'https://api.vendor.example/',
  });
  const access = await client.redeem(idJag);
  assert.deepEqual([access.token, access.tokenType, access.scope], ['access', 'Bearer', ['read']]);
  const [asked] = own.seen;
  assert.deepEqual(
    ['requested_token_type', 'subject_token_type', 'audience', 'resource'].map((name) => asked?.form.get(name)),
    [
      'urn:ietf:params:oauth:token-type:id-jag',
      'urn:ietf:params:oauth:token-type:id_token',
      vendor.issuer,
      'https://api.vendor.example/',
    ],
  );
  const [redeemed] = vendor.seen;
  assert.deepEqual([...(redeemed?.form ?? [])].toSorted(), [
    ['assertion', idJag.token],
    ['client_id', 'gateway-there'],
    ['grant_type', GRANT],
  ]);
  assert.equal(redeemed?.headers.authorization, undefined);
  assert.equal(own.seen.length, 1);
});

test('a refused redemption says to give the credentials there, or to get another assertion', async (t) => {
  const [own, vendor] = [await startScripted(t), await startScripted(t)];
  const client = cambio({ issuer: own.issuer, clientId: 'gateway', auth: clientSecret('secret-of-own') });
  for (const [status, error, about, action] of [
    [401, 'invalid_client', 'client', /^Give redeem\(\.\.\.\) the credentials .* auth, and clientId/],
    [400, 'invalid_grant', 'subject', /^Get a new assertion/],
    [400, 'invalid_target', 'target', /^Ask for an audience/],
  ] as const) {
    vendor.next.push(() => ({ status, body: { error, error_description: 'no' } }));
    await assert.rejects(client.redeem(jwt({ aud: vendor.issuer })), (refusal) => {
      assert.ok(refusal instanceof ExchangeError);
      assert.deepEqual([refusal.about, action.test(refusal.action)], [about, true]);
      return true;
    });
  }
});

test('a client of the resource’s server redeems with its own credentials, and so does one that names them', async (t) => {
  const [own, vendor] = [await startScripted(t), await startScripted(t)];
  const assertion = jwt({ aud: vendor.issuer, client_id: 'there' });
  const auth = clientSecret('secret-there');
  const basic = `Basic ${btoa('there:secret%2Dthere')}`;
  await cambio({ issuer: vendor.issuer, clientId: 'there', auth }).redeem(assertion);
  assert.equal(vendor.seen[0]?.headers.authorization, basic);
  const client = cambio({ issuer: own.issuer, clientId: 'here', auth: clientSecret('secret-here') });
  await client.redeem(assertion, { auth, scope: ['read'] });
  await client.redeem(jwt({ aud: vendor.issuer }), { auth, clientId: 'there' });
  assert.deepEqual([vendor.seen[1]?.headers.authorization, vendor.seen[1]?.form.get('scope')], [basic, 'read']);
  assert.equal(vendor.seen[2]?.headers.authorization, basic);
  assert.deepEqual([vendor.metadataRequests, own.seen.length], [2, 0]);
});

test('an assertion that a key signs is for that server alone, so the key may authenticate there', async (t) => {
  const [own, vendor] = [await startScripted(t), await startScripted(t)];
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  const client = cambio({ issuer: own.issuer, clientId: 'gateway', auth: privateKeyJwt(privateKey) });
  await client.redeem(jwt({ aud: [vendor.issuer] }));
  const sent = JSON.parse(atob(vendor.seen[0]?.form.get('client_assertion')?.split('.')[1] ?? ''));
  assert.deepEqual([sent.iss, sent.sub, sent.aud], ['gateway', 'gateway', vendor.issuer]);
});

test('an assertion without one audience goes nowhere, unless the caller says where', async (t) => {
  const own = await startScripted(t);
  const client = cambio({ issuer: own.issuer, clientId: 'gateway', auth: none() });
  for (const claims of [{}, { aud: ['https://a.example', 'https://b.example'] }, { aud: 7 }])
    await assert.rejects(client.redeem(jwt(claims)), { code: 'invalid_token', about: 'subject' });
  await assert.rejects(client.redeem(jwt({ aud: 'http://vendor.example' })), /must be an https URL/);
  await assert.rejects(client.redeem('opaque'), { code: 'invalid_token' });
  await assert.rejects(client.redeem('opaque', { isuer: own.issuer } as never), /options\.isuer is not known/);
  assert.equal(own.seen.length, 0);
  await client.redeem('opaque', { issuer: own.issuer });
  await client.redeem(jwt({ aud: ['https://a.example', own.issuer] }));
  assert.equal(own.seen.length, 2);
});

test('an undici agent is the dispatcher of every request, and the alias for certificates is used', async (t) => {
  const own = await startScripted(t);
  own.metadata.mtls_endpoint_aliases = { token_endpoint: `${own.issuer}/with-certificate` };
  const agent = { dispatch: () => true };
  const seen: unknown[] = [];
  const through = mtls((input, init) => {
    seen.push(input);
    return fetch(input, init);
  });
  await cambio({ issuer: own.issuer, clientId: 'gateway', auth: through }).exchange('subject');
  assert.deepEqual([own.seen[0]?.path, seen.length], ['/with-certificate', 2]);
  const original = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = original;
  });
  const dispatchers: unknown[] = [];
  globalThis.fetch = (input, init) => {
    dispatchers.push((init as { dispatcher?: unknown }).dispatcher);
    return original(input, { ...init, dispatcher: undefined } as never);
  };
  await cambio({ issuer: own.issuer, clientId: 'gateway', auth: mtls(agent) }).exchange('subject');
  assert.deepEqual(dispatchers, [agent, agent]);
});
