// DPoP of real client libraries, with nonces, and two servers on one database that accept each other's nonces.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { generateKeyPair, generateProof } from 'dpop';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { API, gateway } from '../support/basics.ts';
import { claimsOf, EXCHANGE, start, type } from '../support/harness.ts';
import { newProver } from '../support/prover.ts';

const yaml = `
issuer: \${ISSUER}
server:
  port: \${PORT}
  dpopNonces: true
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read] }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange, refresh_token], audiences: [${API}], scopes: [read] }
rules:
  - { name: own, client: gateway, subject: { issuer: self }, grant: { audiences: [${API}], scopes: [read], refreshToken: true } }
`;
const server = await start({ after: after as TestContext['after'] }, yaml);
const prover = newProver();

const ask = (dpop: string, to = server) => to.token({ grant_type: 'client_credentials', ...gateway }, { dpop });

test('serves openid-client: obtains, exchanges and refreshes bound tokens, with nonces', async () => {
  const issuer = new URL(server.issuer);
  const secret = client.ClientSecretPost('gateway-secret');
  const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] } as const;
  const config = await client.discovery(issuer, 'gateway', undefined, secret, {
    ...options,
    execute: [...options.execute],
  });
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const jkt = await DPoP.calculateThumbprint();
  const bound = await client.clientCredentialsGrant(config, {}, { DPoP });
  assert.equal(bound.token_type, 'dpop');
  assert.deepEqual(claimsOf(bound.access_token).cnf, { jkt });
  const subject = { subject_token: bound.access_token, subject_token_type: type('access_token') };
  const exchanged = await client.genericGrantRequest(config, EXCHANGE, subject, { DPoP });
  assert.deepEqual([exchanged.token_type, exchanged.cnf], ['dpop', { jkt }]);
  const refreshed = await client.refreshTokenGrant(config, String(exchanged.refresh_token), {}, { DPoP });
  assert.deepEqual(claimsOf(refreshed.access_token).cnf, { jkt });
  await assert.rejects(client.genericGrantRequest(config, EXCHANGE, subject), { error: 'invalid_grant' });
});

test('serves oauth4webapi, which repeats the request with the nonce', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const me: oauth.Client = { client_id: 'gateway' };
  const DPoP = oauth.DPoP(me, await oauth.generateKeyPair('ES256'));
  const request = (): Promise<Response> =>
    oauth.clientCredentialsGrantRequest(as, me, oauth.ClientSecretPost('gateway-secret'), {}, { DPoP, ...insecure });
  const first = await request();
  await assert.rejects(oauth.processClientCredentialsResponse(as, me, first), (error) => oauth.isDPoPNonceError(error));
  const { token_type, access_token } = await oauth.processClientCredentialsResponse(as, me, await request());
  assert.equal(token_type, 'dpop');
  assert.deepEqual(claimsOf(access_token).cnf, { jkt: await DPoP.calculateThumbprint() });
});

test('accepts proofs of the dpop package in each of its algorithms', async () => {
  const url = `${server.issuer}/oauth/token`;
  const nonce = (await ask(prover.prove(server))).headers.get('dpop-nonce') ?? '';
  for (const alg of ['ES256', 'Ed25519', 'RS256', 'PS256'] as const) {
    const answer = await ask(await generateProof(await generateKeyPair(alg), url, 'POST', nonce));
    assert.equal(answer.body.token_type, 'DPoP', alg);
  }
});
