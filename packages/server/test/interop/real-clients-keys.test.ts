// Common client libraries, unmodified, authenticate with keys and certificates.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { API, subjectToken } from '../support/basics.ts';
import { withClients } from '../support/client-credentials.ts';
import { changed, edited } from '../support/configuration.ts';
import { claimsOf, EXCHANGE, start, type TestServer, type } from '../support/harness.ts';
import { fetchAs, selfIssued } from '../support/tls-client.ts';

const grants = 'grants: [client_credentials, token_exchange]';
const accessToken = type('access_token');
const newEc = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const ec = await newEc();
const edwards = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as typeof ec;
const publicJwk = async ({ publicKey }: typeof ec): Promise<string> =>
  JSON.stringify(await crypto.subtle.exportKey('jwk', publicKey));

const authority = await selfIssued({ name: 'CN=Clients', authority: true });
const https = await selfIssued({ name: 'CN=server', names: [{ type: 'ip', value: '127.0.0.1' }] });
const issued = await authority.issue({ name: 'CN=issued', names: [{ type: 'dns', value: 'issued.example' }] });
const own = await selfIssued({ name: 'CN=own' });

/** Each client has its own method. All of them may exchange the gateway's tokens. */
async function startAll(t: Pick<TestContext, 'after'>): Promise<TestServer> {
  const ownKeys = JSON.stringify({ keys: [own.x509.publicKey.export({ format: 'jwk' })] });
  const entries = [
    `id: ec, auth: private_key_jwt, jwks: { keys: [${await publicJwk(ec)}] }`,
    `id: edwards, auth: private_key_jwt, jwks: { keys: [${await publicJwk(edwards)}] }`,
    'id: issued, auth: tls_client_auth, tlsSubject: { dns: issued.example }',
    `id: own, auth: self_signed_tls_client_auth, jwks: ${ownKeys}`,
  ];
  const world = changed(withClients(...entries.map((entry) => `${grants}, ${entry}`)), {
    server: { tls: { cert: 'cert.pem', key: 'key.pem' }, clientCertificates: { authorities: 'ca.pem' } },
    rules: edited('gateway', {
      client: ['gateway', 'ec', 'edwards', 'issued', 'own'],
      subject: { types: undefined, clients: ['gateway'] },
    }),
  });
  const files = { 'ca.pem': authority.cert, 'cert.pem': https.cert, 'key.pem': https.key };
  return start(t, world, { files, fetch: fetchAs(undefined, https.cert) });
}

const ways = {
  ec: { key: ec.privateKey },
  edwards: { key: edwards.privateKey },
  issued: { certificate: issued },
  own: { certificate: own },
} as const;

test('openid-client authenticates with private_key_jwt and by TLS, and exchanges a token', async (t) => {
  const server = await startAll(t);
  const subject_token = await subjectToken(server);
  for (const [id, way] of Object.entries(ways)) {
    const config = await client.discovery(
      new URL(server.issuer),
      id,
      undefined,
      'key' in way ? client.PrivateKeyJwt(way.key) : client.TlsClientAuth(),
      {
        algorithm: 'oauth2',
        [client.customFetch]: fetchAs('key' in way ? undefined : way.certificate, https.cert),
      },
    );
    const { access_token } = await client.clientCredentialsGrant(config);
    assert.equal(claimsOf(access_token).sub, id);
    const exchanged = await client.genericGrantRequest(config, EXCHANGE, {
      subject_token,
      subject_token_type: accessToken,
      audience: API,
    });
    const { sub, client_id } = claimsOf(exchanged.access_token);
    assert.deepEqual([sub, client_id], ['gateway', id]);
    assert.equal((await client.tokenIntrospection(config, exchanged.access_token)).active, true, id);
    await client.tokenRevocation(config, exchanged.access_token);
    assert.equal((await client.tokenIntrospection(config, exchanged.access_token)).active, false, id);
  }
});

test('oauth4webapi authenticates with private_key_jwt and by TLS; a wrong key and no certificate are invalid_client', async (t) => {
  const server = await startAll(t);
  const issuer = new URL(server.issuer);
  const ask = async (id: string, authentication: oauth.ClientAuth, fetch: typeof globalThis.fetch): Promise<string> => {
    const options = { [oauth.customFetch]: fetch };
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
    const as = await oauth.processDiscoveryResponse(issuer, found);
    const parameters = { scope: 'read' };
    const me = { client_id: id };
    const response = await oauth.clientCredentialsGrantRequest(as, me, authentication, parameters, options);
    return (await oauth.processClientCredentialsResponse(as, me, response)).access_token;
  };
  const plain = fetchAs(undefined, https.cert);
  for (const [id, way] of Object.entries(ways)) {
    const [authentication, fetch] =
      'key' in way
        ? [oauth.PrivateKeyJwt(way.key), plain]
        : [oauth.TlsClientAuth(), fetchAs(way.certificate, https.cert)];
    assert.equal(claimsOf(await ask(id, authentication, fetch)).sub, id);
  }
  const refused = (error: unknown): boolean =>
    (error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401) ||
    (error instanceof oauth.ResponseBodyError && error.error === 'invalid_client');
  const another = await newEc();
  await assert.rejects(ask('ec', oauth.PrivateKeyJwt(another.privateKey), plain), refused);
  await assert.rejects(ask('issued', oauth.TlsClientAuth(), plain), refused);
  await assert.rejects(ask('issued', oauth.TlsClientAuth(), fetchAs(own, https.cert)), refused);
});
