// Common client libraries, unmodified, against a real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { ACTOR_NOT_ALLOWED, API, assertIssued, BACKEND, SUBJECT_REFUSED, startBasic } from '../support/basics.ts';
import { claimsOf, EXCHANGE, type TestServer, type } from '../support/harness.ts';

const accessToken = type('access_token');

/** The test server is plain HTTP on loopback. */
const loopback: client.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
const discover = (server: TestServer, id: string, authentication: client.ClientAuth): Promise<client.Configuration> =>
  client.discovery(new URL(server.issuer), id, undefined, authentication, loopback);

test('openid-client discovers the server, gets a token, exchanges it, and delegates', async (t) => {
  const server = await startBasic(t);
  const gateway = await discover(server, 'gateway', client.ClientSecretPost('gateway-secret'));
  const agent = await discover(server, 'agent', client.ClientSecretBasic('agent-secret'));
  assert.equal(gateway.serverMetadata().token_endpoint, `${server.issuer}/oauth/token`);

  const subject = await client.clientCredentialsGrant(gateway, { scope: 'read write' });
  const actor = await client.clientCredentialsGrant(agent);
  assert.deepEqual([subject.token_type, subject.scope, subject.expires_in], ['bearer', 'read write', 3600]);

  const parameters = { subject_token: subject.access_token, subject_token_type: accessToken };
  const exchanged = await client.genericGrantRequest(gateway, EXCHANGE, {
    ...parameters,
    audience: BACKEND,
    scope: 'read',
  });
  assert.deepEqual([exchanged.issued_token_type, exchanged.scope, exchanged.expires_in], [accessToken, 'read', 600]);

  const delegated = await client.genericGrantRequest(gateway, EXCHANGE, {
    ...parameters,
    actor_token: actor.access_token,
    actor_token_type: accessToken,
    requested_token_type: type('jwt'),
  });
  assert.equal(delegated.issued_token_type, type('jwt'));
  assert.deepEqual(claimsOf(delegated.access_token).act, { sub: 'agent', iss: server.issuer });
});

test('openid-client passes refusals to its caller unchanged', async (t) => {
  const server = await startBasic(t);
  const gateway = await discover(server, 'gateway', client.ClientSecretPost('gateway-secret'));
  const { access_token } = await client.clientCredentialsGrant(gateway);
  const parameters = { subject_token: access_token, subject_token_type: accessToken };
  await assert.rejects(
    client.genericGrantRequest(gateway, EXCHANGE, { ...parameters, subject_token: 'not.a.token' }),
    (error) =>
      error instanceof client.ResponseBodyError &&
      error.status === 400 &&
      error.error === SUBJECT_REFUSED.error &&
      error.error_description === SUBJECT_REFUSED.description,
  );
  const impostor = await discover(server, 'gateway', client.ClientSecretBasic('wrong'));
  await assert.rejects(
    client.clientCredentialsGrant(impostor),
    (error) => error instanceof client.WWWAuthenticateChallengeError && error.cause[0]?.scheme === 'basic',
  );
  assert.equal((await client.genericGrantRequest(gateway, EXCHANGE, parameters)).token_type, 'bearer');
});

/** The arguments of each request of oauth4webapi: server, client, authentication, and HTTP on loopback. */
async function connect(server: TestServer) {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const as = await oauth.processDiscoveryResponse(issuer, response);
  const authentication = {
    gateway: oauth.ClientSecretPost('gateway-secret'),
    agent: oauth.ClientSecretBasic('agent-secret'),
  };
  return {
    as,
    credentials: async (id: keyof typeof authentication, parameters: Record<string, string> = {}) => {
      const answer = await oauth.clientCredentialsGrantRequest(
        as,
        { client_id: id },
        authentication[id],
        parameters,
        insecure,
      );
      return oauth.processClientCredentialsResponse(as, { client_id: id }, answer);
    },
    exchange: (parameters: Record<string, string> | URLSearchParams) =>
      oauth.genericTokenEndpointRequest(
        as,
        { client_id: 'gateway' },
        authentication.gateway,
        EXCHANGE,
        parameters,
        insecure,
      ),
    process: (response: Response) => oauth.processGenericTokenEndpointResponse(as, { client_id: 'gateway' }, response),
    verify: (token: string, audience: string) =>
      oauth.validateJwtAccessToken(
        as,
        new Request(`${audience}/v1`, { headers: { authorization: `Bearer ${token}` } }),
        audience,
        insecure,
      ),
  };
}

test('oauth4webapi discovers the server, exchanges and delegates, and verifies the token (RFC 9068 section 4)', async (t) => {
  const server = await startBasic(t);
  const { credentials, exchange, process, verify } = await connect(server);
  const subject = await credentials('gateway', { scope: 'read write' });
  const actor = await credentials('agent');

  const parameters = { subject_token: subject.access_token, subject_token_type: accessToken };
  const exchanged = await process(await exchange({ ...parameters, resource: `${API}/v1/orders` }));
  assert.deepEqual([exchanged.issued_token_type, exchanged.scope], [accessToken, 'read write']);
  assert.equal((await verify(exchanged.access_token, API)).sub, 'gateway');
  await assert.rejects(verify(exchanged.access_token, BACKEND));

  const both = new URLSearchParams({ ...parameters, actor_token: actor.access_token, actor_token_type: accessToken });
  for (const audience of [API, BACKEND]) both.append('audience', audience);
  const delegated = await process(await exchange(both));
  for (const audience of [API, BACKEND]) {
    const { act, aud } = await verify(delegated.access_token, audience);
    assert.deepEqual([act, aud], [{ sub: 'agent', iss: server.issuer }, [API, BACKEND]]);
  }
});

test('oauth4webapi reads a refusal, and the request id that finds its audit row', async (t) => {
  const server = await startBasic(t);
  const { credentials, exchange, process } = await connect(server);
  const { access_token } = await credentials('gateway');
  const parameters = { subject_token: access_token, subject_token_type: accessToken };
  const response = await exchange({ ...parameters, actor_token: access_token, actor_token_type: accessToken });
  const { headers, status } = response;
  await assert.rejects(
    process(response),
    (error) =>
      error instanceof oauth.ResponseBodyError &&
      error.error === ACTOR_NOT_ALLOWED.error &&
      error.error_description === ACTOR_NOT_ALLOWED.description,
  );
  assert.equal(server.audit({ headers, status, body: {}, text: '' })?.reason, 'actor_is_subject');
  const good = await exchange(parameters);
  assertIssued(server, { headers: good.headers, status: good.status, body: {}, text: '' });
  assert.equal((await process(good)).token_type, 'bearer');
});
