// Clients that need no person: token exchange, client credentials, refresh, introspection, revocation.
import assert from 'node:assert/strict';
import { AuthClient } from '@auth0/auth0-auth-js';
import { OAuth2Client } from '@badgateway/oauth2-client';
import * as second from '@modelcontextprotocol/client';
import { auth as firstAuth } from '@modelcontextprotocol/sdk/client/auth.js';
import * as first from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { ExternalAccountClient } from 'google-auth-library';
import { importJWK } from 'jose';
import * as oauth from 'openid-client';
import { ClientCredentials } from 'simple-oauth2';
import { assertFor, claimsOf, EXCHANGE, ISSUER, ORDERS, ownToken, pathOf, readText, trial, URN } from './trial.ts';

const { MCP = '' } = process.env;
const subject = await ownToken();
const exchange = { subject_token: subject, subject_token_type: `${URN}access_token`, audience: ORDERS };
const jwk = JSON.parse(readText('ES256.json'));
const key = { key: (await importJWK(jwk, 'ES256')) as CryptoKey, kid: String(jwk.kid) };

const ways: readonly (readonly [string, string, oauth.ClientAuth])[] = [
  ['client_secret_basic', 'basic', oauth.ClientSecretBasic('basic-secret')],
  ['client_secret_post', 'post', oauth.ClientSecretPost('post-secret')],
  ['a secret and an id that form encoding changes', 'odd client', oauth.ClientSecretBasic('p+ss%41:w/=&é')],
  ['private_key_jwt', 'key', oauth.PrivateKeyJwt(key)],
  ['a public client', 'public', oauth.None()],
];
for (const [what, id, way] of ways)
  await trial('openid-client', `exchange, ${what}`, async () => {
    const config = await oauth.discovery(new URL(ISSUER), id, undefined, way);
    const answer = await oauth.genericGrantRequest(config, EXCHANGE, exchange);
    assertFor(answer.access_token, 'post');
  });

await trial('openid-client', 'exchange with an actor, refresh, introspection, revocation', async () => {
  const config = await oauth.discovery(new URL(ISSUER), 'basic', undefined, oauth.ClientSecretBasic('basic-secret'));
  const actor = await oauth.clientCredentialsGrant(config, { audience: ORDERS });
  const answer = await oauth.genericGrantRequest(config, EXCHANGE, {
    ...exchange,
    actor_token: actor.access_token,
    actor_token_type: `${URN}access_token`,
  });
  assert.deepEqual(claimsOf(answer.access_token).act, { sub: 'basic', iss: ISSUER });
  const refreshed = await oauth.refreshTokenGrant(config, String(answer.refresh_token));
  assert.equal((await oauth.tokenIntrospection(config, refreshed.access_token)).active, true);
  await oauth.tokenRevocation(config, String(refreshed.refresh_token));
  assert.equal((await oauth.tokenIntrospection(config, refreshed.access_token)).active, false);
});

const domain = new URL(ISSUER).host;
const auth0Ways = [
  ['client_secret_post', { clientId: 'post', clientSecret: 'post-secret' }],
  [
    'private_key_jwt',
    { clientId: 'key', clientAssertionSigningKey: readText('ES256.pem'), clientAssertionSigningAlg: 'ES256' },
  ],
] as const;
for (const [what, options] of auth0Ways)
  await trial('@auth0/auth0-auth-js', `exchange and client credentials, ${what}`, async () => {
    const client = new AuthClient({ domain, ...options });
    const own = await client.getTokenByClientCredentials({ audience: ORDERS });
    assertFor(own.accessToken, options.clientId);
    const answer = await client.exchangeToken({
      subjectToken: subject,
      subjectTokenType: `${URN}access_token`,
      audience: ORDERS,
    });
    assertFor(answer.accessToken, 'post');
  });

for (const [id, authenticationMethod] of [
  ['basic', 'client_secret_basic_interop'],
  ['post', 'client_secret_post'],
] as const)
  await trial(
    '@badgateway/oauth2-client',
    `exchange and introspection, ${id === 'basic' ? 'client_secret_basic' : authenticationMethod}`,
    async () => {
      const client = new OAuth2Client({
        server: ISSUER,
        clientId: id,
        clientSecret: `${id}-secret`,
        authenticationMethod,
      });
      const own = await client.clientCredentials({ scope: ['read'] });
      const answer = await client.request('tokenEndpoint', { grant_type: EXCHANGE, ...exchange } as never);
      assertFor((answer as unknown as { access_token: string }).access_token, 'post');
      assert.equal((await client.introspect(own)).active, true);
    },
  );

for (const [id, authorizationMethod] of [
  ['basic', 'header'],
  ['post', 'body'],
] as const)
  await trial(
    'simple-oauth2',
    `client credentials, revocation; credentials in the ${authorizationMethod}`,
    async () => {
      const client = new ClientCredentials({
        client: { id, secret: `${id}-secret` },
        auth: { tokenHost: ISSUER, tokenPath: '/oauth/token', revokePath: '/oauth/revoke' },
        options: { authorizationMethod },
      });
      const token = await client.getToken({ audience: ORDERS });
      assertFor(token.token.access_token, id);
      await token.revoke('access_token');
    },
  );
await trial(
  'simple-oauth2',
  'client credentials as JSON',
  () =>
    new ClientCredentials({
      client: { id: 'post', secret: 'post-secret' },
      auth: { tokenHost: ISSUER, tokenPath: '/oauth/token' },
      options: { authorizationMethod: 'body', bodyFormat: 'json' },
    }).getToken({ audience: ORDERS }),
  { fails: /Bad Request|400/, because: 'RFC 6749 requires a form. Leave `bodyFormat` at its default' },
);

/** The file of Google's libraries that names a token endpoint and a source of tokens. */
const external = (members: object = {}): object => ({
  type: 'external_account',
  audience: ORDERS,
  subject_token_type: `${URN}jwt`,
  token_url: `${ISSUER}/oauth/token`,
  credential_source: { file: pathOf('platform-token') },
  ...members,
});
const google = async (members: object, scopes?: string[]): Promise<void> => {
  const client = ExternalAccountClient.fromJSON(external(members) as never);
  assert.ok(client);
  if (scopes !== undefined) client.scopes = scopes;
  assertFor((await client.getAccessToken()).token, 'platform:repo:example/shop');
};
const ownScope = { setting: 'library: set `scopes`, else it asks for the scope `cloud-platform`' };
await trial('google-auth-library', 'external account, a workload', () => google({}, ['read']), ownScope);
await trial(
  'google-auth-library',
  'external account, the token in JSON, with a client',
  () =>
    google(
      {
        client_id: 'basic',
        client_secret: 'basic-secret',
        credential_source: {
          file: pathOf('platform-token.json'),
          format: { type: 'json', subject_token_field_name: 'id_token' },
        },
      },
      ['read'],
    ),
  ownScope,
);
await trial('google-auth-library', 'external account without scopes', () => google({}), {
  fails: /scope/,
  because: 'the server has no scope `https://www.googleapis.com/auth/cloud-platform`: set `scopes`',
});

/** Both generations of the SDK: the metadata of the MCP server, then of Cambio, then the token endpoint. */
const sdks = [
  ['@modelcontextprotocol/sdk', { ...first, auth: firstAuth }],
  ['@modelcontextprotocol/client', second],
] as const;
for (const [sdk, { auth, ClientCredentialsProvider, PrivateKeyJwtProvider }] of sdks) {
  const signIn = async (provider: InstanceType<typeof ClientCredentialsProvider>, sub: string): Promise<void> => {
    assert.equal(await auth(provider as never, { serverUrl: MCP, scope: 'read' }), 'AUTHORIZED');
    assertFor(provider.tokens()?.access_token, sub, MCP);
  };
  await trial(sdk, 'client credentials, client_secret_basic', () =>
    signIn(
      new ClientCredentialsProvider({ clientId: 'basic', clientSecret: 'basic-secret', expectedIssuer: ISSUER }),
      'basic',
    ),
  );
  for (const algorithm of ['ES256', 'RS256']) {
    const privateKey = readText(`${algorithm}.pem`);
    const options = { clientId: 'key', privateKey, algorithm, expectedIssuer: ISSUER };
    await trial(sdk, `client credentials, private_key_jwt with ${algorithm}`, () =>
      signIn(new PrivateKeyJwtProvider(options) as never, 'key'),
    );
  }
}
