// openid-client and oauth4webapi, unmodified, refresh, introspect and revoke tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { API } from '../support/basics.ts';
import { claimsOf, EXCHANGE, start, type TestServer, type } from '../support/harness.ts';
import { life } from '../support/life.ts';

const loopback: client.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
const discover = (server: TestServer, id: string, authentication: client.ClientAuth): Promise<client.Configuration> =>
  client.discovery(new URL(server.issuer), id, undefined, authentication, loopback);
const startDiscoverable = (t: Parameters<typeof start>[0]) => start(t, life(undefined, undefined, '$' + '{ISSUER}'));

test('openid-client exchanges, refreshes, introspects and revokes', async (t) => {
  const server = await startDiscoverable(t);
  const gateway = await discover(server, 'gateway', client.ClientSecretPost('gateway-secret'));
  const own = await client.clientCredentialsGrant(gateway, { scope: 'read' });
  const exchanged = await client.genericGrantRequest(gateway, EXCHANGE, {
    subject_token: own.access_token,
    subject_token_type: type('access_token'),
    audience: API,
  });
  assert.equal(typeof exchanged.refresh_token, 'string');

  const refreshed = await client.refreshTokenGrant(gateway, String(exchanged.refresh_token), { scope: 'read' });
  assert.deepEqual([refreshed.token_type, refreshed.scope], ['bearer', 'read']);
  assert.notEqual(refreshed.refresh_token, exchanged.refresh_token);

  const told = await client.tokenIntrospection(gateway, refreshed.access_token);
  const { jti, exp } = claimsOf(refreshed.access_token);
  assert.deepEqual([told.active, told.sub, told.aud, told.jti, told.exp], [true, 'gateway', API, jti, exp]);
  const api = await discover(server, 'api', client.ClientSecretBasic('api-secret'));
  assert.equal((await client.tokenIntrospection(api, refreshed.access_token)).active, true);

  await client.tokenRevocation(gateway, String(refreshed.refresh_token));
  assert.deepEqual(await client.tokenIntrospection(gateway, refreshed.access_token), { active: false });
  await assert.rejects(
    client.refreshTokenGrant(gateway, String(refreshed.refresh_token)),
    (error) => error instanceof client.ResponseBodyError && error.error === 'invalid_grant',
  );
  await client.tokenRevocation(gateway, 'unknown');
});

test('openid-client requests a refresh token as the issued token, and refreshes with it', async (t) => {
  const server = await startDiscoverable(t);
  const gateway = await discover(server, 'gateway', client.ClientSecretPost('gateway-secret'));
  const own = await client.clientCredentialsGrant(gateway);
  const answer = await client.genericGrantRequest(gateway, EXCHANGE, {
    subject_token: own.access_token,
    subject_token_type: type('access_token'),
    requested_token_type: type('refresh_token'),
  });
  assert.deepEqual([answer.token_type, answer.issued_token_type], ['n_a', type('refresh_token')]);
  const refreshed = await client.refreshTokenGrant(gateway, answer.access_token);
  assert.equal(claimsOf(refreshed.access_token).sub, 'gateway');
});

test('oauth4webapi reads the signed introspection answer (RFC 9701)', async (t) => {
  const server = await startDiscoverable(t);
  const gateway = await discover(server, 'gateway', client.ClientSecretPost('gateway-secret'));
  const { access_token } = await client.clientCredentialsGrant(gateway);
  const metadata = { ...gateway.serverMetadata() };
  const api: oauth.Client = { client_id: 'api', introspection_signed_response_alg: 'ES256' };
  const options = { [oauth.allowInsecureRequests]: true };
  const authentication = oauth.ClientSecretBasic('api-secret');
  const response = await oauth.introspectionRequest(metadata, api, authentication, access_token, options);
  const { active, client_id } = await oauth.processIntrospectionResponse(metadata, api, response);
  assert.deepEqual([active, client_id], [true, 'gateway']);
  await oauth.validateApplicationLevelSignature(metadata, response, options);
});
