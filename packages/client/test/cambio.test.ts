// Does the client work with a real Cambio server? Every credential, DPoP with nonces, delegation, revocation, and its refusals.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type AccessRefusal, createVerifier } from '../../resource-server/src/index.ts';
import { claimsOf, freePort, start, type TestServer } from '../../server/test/support/harness.ts';
import { signJws, startIssuer } from '../../server/test/support/issuer.ts';
import { temporaryFolder } from '../../server/test/support/program.ts';
import { selfIssued } from '../../server/test/support/tls-client.ts';
import {
  type ClientOptions,
  type Credentials,
  cambio,
  clientSecret,
  ExchangeError,
  githubActions,
  mtls,
  none,
  platformAssertion,
  privateKeyJwt,
  spiffe,
  tokenUrl,
  workload,
} from '../src/index.ts';
import { tlsAgent, tokenFile } from '../src/node.ts';

const ORDERS = 'https://orders.example';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' };
const published = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' };

const GRANT = { audiences: [ORDERS], scopes: ['read'], types: ['access_token', 'jwt', 'refresh_token'] };
const entry = (id: string, more: object): object => ({
  id,
  grants: ['client_credentials', 'token_exchange'],
  audiences: [ORDERS],
  scopes: ['read', 'write'],
  ...more,
});

const REQUEST_ID = /^[\w-]{10,}$/;
const undo: (() => unknown)[] = [];
const t = { after: (work: () => unknown) => void undo.unshift(work) };
let server: TestServer;
let platform: Awaited<ReturnType<typeof startIssuer>>;
before(async () => {
  platform = await startIssuer(t as never);
  server = await start(t as never, {
    issuer: `\${ISSUER}`,
    server: { port: `\${PORT}`, dpopNonces: true },
    store: 'sqlite:cambio.db',
    resources: [{ audience: ORDERS, scopes: ['read', 'write'] }],
    issuers: [
      {
        issuer: platform.url,
        name: 'platform',
        accepts: ['jwt'],
        audiences: [`\${ISSUER}`],
        allowPrivateNetwork: true,
      },
      {
        trustDomain: 'prod.example',
        accepts: ['jwt'],
        audiences: [`\${ISSUER}`],
        jwks: { keys: [published] },
      },
    ],
    clients: [
      entry('basic', { auth: 'client_secret_basic', secret: { plain: 'basic:secret+%' } }),
      entry('post', {
        grants: ['client_credentials', 'token_exchange', 'refresh_token'],
        auth: 'client_secret_post',
        secret: { plain: 'post-secret' },
      }),
      entry('key', { auth: 'private_key_jwt', jwks: { keys: [published] } }),
      entry('workload', { auth: 'spiffe_jwt', spiffeId: 'spiffe://prod.example/gateway' }),
      entry('agent', { auth: 'client_secret_post', secret: { plain: 'agent-secret' } }),
      { id: 'public', auth: 'none', publicExchange: true, grants: ['token_exchange'], scopes: ['read'] },
      {
        id: 'job',
        auth: 'none',
        workload: { issuer: 'platform', audience: `\${ISSUER}` },
        grants: ['token_exchange'],
        scopes: ['read'],
      },
    ],
    rules: [
      { client: ['job', 'public'], subject: { issuer: 'platform' }, grant: { audiences: [ORDERS], scopes: ['read'] } },
      { client: ['basic', 'post', 'key', 'workload'], subject: { issuer: 'self' }, grant: GRANT },
      { client: ['post'], subject: { issuer: 'self' }, actor: { clients: ['agent'] }, grant: GRANT },
    ],
  });
});
after(async () => {
  for (const work of undo) await work();
});

const open = (options: Partial<ClientOptions> = {}) =>
  cambio({ issuer: server.issuer, clientId: 'post', auth: clientSecret('post-secret', 'post'), ...options });

test('every credential gets a token of the client, and exchanges it', async () => {
  const ecKey = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const signed = (claims: object): string => {
    const all = { aud: server.issuer, exp: Math.floor(Date.now() / 1000) + 60, ...claims };
    const key = { kid: 'k1', alg: 'ES256', privateKey, jwk: {} };
    return signJws({ alg: 'ES256', kid: 'k1', typ: 'JWT' }, JSON.stringify(all), key);
  };
  const svid = async (): Promise<string> => signed({ sub: 'spiffe://prod.example/gateway' });
  /** Of a platform that keeps the key of the client: each is accepted once. */
  const assertion = (): string => signed({ iss: 'key', sub: 'key', jti: randomUUID() });
  const credentials: readonly (readonly [string, Credentials])[] = [
    ['basic', clientSecret('basic:secret+%')],
    ['post', clientSecret('post-secret', 'post')],
    ['key', privateKeyJwt(jwk)],
    ['key', privateKeyJwt({ key: ecKey, kid: 'k1' })],
    ['key', privateKeyJwt(ecKey)],
    ['workload', spiffe(svid)],
    ['key', platformAssertion(assertion)],
  ];
  for (const [clientId, auth] of credentials) {
    const client = open({ clientId, auth });
    const own = await client.clientCredentials({ audience: ORDERS, scope: ['read', 'write'] });
    assert.deepEqual([own.tokenType, own.scope, own.issuedType], ['Bearer', ['read', 'write'], 'access_token']);
    const { token, scope, requestId } = await client.exchange(own, { audience: ORDERS, scope: 'read' });
    assert.deepEqual([scope, claimsOf(token).client_id], [['read'], clientId]);
    assert.match(requestId ?? '', REQUEST_ID);
  }
  const token = platform.sign({ aud: server.issuer });
  const request = { subjectType: 'jwt', audience: ORDERS } as const;
  const exchanged = await open({ clientId: 'public', auth: none() }).exchange(token, request);
  assert.equal(claimsOf(exchanged.token).client_id, 'public');
});

test('an actor acts for the subject, with the token that it has at the time', async () => {
  const client = open();
  const agent = open({ clientId: 'agent', auth: clientSecret('agent-secret', 'post') });
  const subject = await client.clientCredentials({ audience: ORDERS });
  const acting = { audience: ORDERS, actor: () => agent.clientCredentials({ audience: ORDERS }) };
  const { token } = await client.exchange(subject, acting);
  assert.equal((claimsOf(token).act as { sub: string }).sub, 'agent');
  assert.equal((await client.exchange(subject, acting)).token, token);
});

test('tokens of a platform: from a file and from a URL', async (context) => {
  const file = join(temporaryFolder(context), 'token');
  writeFileSync(file, `${platform.sign({ aud: server.issuer })}\n`);
  const job = cambio({ issuer: server.issuer, auth: workload() });
  const request = { subjectType: 'jwt', audience: ORDERS } as const;
  assert.equal(claimsOf((await job.exchange(tokenFile(file), request)).token).client_id, 'job');
  const seen: unknown[] = [];
  const service = createServer((asked, response) => {
    seen.push([asked.url, asked.headers.authorization]);
    if (asked.url === '/plain') response.end(`${platform.sign({ aud: server.issuer })}\n`);
    else if (asked.url === '/moved') response.writeHead(302, { location: '/plain' }).end();
    else response.end(JSON.stringify({ value: platform.sign({ aud: server.issuer }) }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  context.after(() => service.close());
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/id?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner',
  };
  const github = githubActions(environment, { audience: server.issuer });
  assert.equal(claimsOf((await job.exchange(github, request)).token).client_id, 'job');
  assert.deepEqual(seen, [[`/id?api-version=2&audience=${encodeURIComponent(server.issuer)}`, 'Bearer runner']]);
  assert.equal(claimsOf((await job.exchange(tokenUrl(`${url}/plain`), request)).token).client_id, 'job');
  await assert.rejects(tokenUrl(`${url}/moved`)());
  assert.throws(() => githubActions({}, { audience: 'x' }), /id-token: write/);
});

test('a bound token is presented with proofs, and the nonces of the server and of an API are answered', async (context) => {
  const dpop = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const client = open({ dpop });
  const own = await client.clientCredentials({ audience: ORDERS });
  const { tokenType, token } = await client.exchange(own, { audience: ORDERS });
  assert.equal(tokenType, 'DPoP');
  assert.ok((claimsOf(token).cnf as { jkt?: string }).jkt);
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const verifier = createVerifier({ issuer: server.issuer, audience: ORDERS, baseUrl, nonceSecret: 'of the API' });
  const statuses: number[] = [];
  const api = createServer(async (request, response) => {
    const { url = '', method = '', rawHeaders } = request;
    const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as const] : []));
    try {
      const { scheme } = await verifier.authenticate({ method, path: url, headers });
      statuses.push(200);
      response.end(scheme);
    } catch (error) {
      const refusal = error as AccessRefusal;
      statuses.push(refusal.status);
      response.writeHead(refusal.status, refusal.headers).end();
    }
  });
  await new Promise<void>((resolve) => api.listen(port, '127.0.0.1', resolve));
  context.after(() => {
    api.close();
    api.closeAllConnections();
  });
  const orders = client.onBehalfOf({ audience: ORDERS });
  for (const method of ['GET', 'POST'])
    assert.equal(await (await orders.fetch(own, `${baseUrl}/orders`, { method })).text(), 'DPoP');
  assert.deepEqual(statuses, [401, 200, 200], 'the nonce of the API is learned once');
});

test('refusals say whom they are about, and name the request', async () => {
  const client = open();
  const subject = await client.clientCredentials({ audience: ORDERS });
  const refused = async (work: Promise<unknown>): Promise<readonly string[]> => {
    const error = await work.then(
      () => assert.fail('it succeeded'),
      (reason) => reason,
    );
    assert.ok(error instanceof ExchangeError, String(error));
    assert.match(error.requestId ?? '', REQUEST_ID);
    return [error.code, error.about];
  };
  assert.deepEqual(await refused(client.exchange('not-a-token')), ['invalid_grant', 'subject']);
  assert.deepEqual(await refused(client.exchange(subject, { actor: 'not-a-token' })), ['invalid_grant', 'actor']);
  assert.deepEqual(await refused(client.exchange(subject, { audience: 'https://other.example' })), [
    'invalid_target',
    'target',
  ]);
  assert.deepEqual(await refused(client.exchange(subject, { audience: ORDERS, scope: 'admin' })), [
    'invalid_scope',
    'scope',
  ]);
  assert.deepEqual(await refused(client.exchange(subject, { subjectType: 'saml1' })), ['invalid_request', 'subject']);
  assert.deepEqual(await refused(open({ auth: clientSecret('wrong', 'post') }).clientCredentials()), [
    'invalid_client',
    'client',
  ]);
  assert.deepEqual(await refused(open({ clientId: 'public', auth: none() }).clientCredentials()), [
    'unauthorized_client',
    'client',
  ]);
});

test('a revoked token is forgotten here and refused there', async () => {
  const client = open();
  const subject = await client.clientCredentials({ audience: ORDERS });
  const exchanged = await client.exchange(subject, { audience: ORDERS });
  await client.revoke(subject);
  await assert.rejects(client.exchange(subject, { audience: ORDERS }), { code: 'invalid_grant', about: 'subject' });
  assert.notEqual((await client.clientCredentials({ audience: ORDERS })).token, subject.token);
  await client.revoke(exchanged);
});

test('a refresh token is issued anew each time, and is for nobody else', async () => {
  const client = open();
  const subject = await client.clientCredentials({ audience: ORDERS });
  const [one, two] = await Promise.all(
    [1, 2].map(() => client.exchange(subject, { as: 'refresh_token', audience: ORDERS })),
  );
  assert.deepEqual([one?.tokenType, one?.issuedType], ['N_A', 'refresh_token']);
  assert.notEqual(one?.token, two?.token);
});

test('a certificate authenticates the client, and tokens are bound to it', async (context) => {
  const authority = await selfIssued({ name: 'CN=authority', authority: true });
  const host = await authority.issue({ name: 'CN=127.0.0.1', names: [{ type: 'ip', value: '127.0.0.1' }] });
  const gateway = await authority.issue({ name: 'CN=gateway' });
  const tls = await start(
    context,
    {
      issuer: `\${ISSUER}`,
      server: {
        port: `\${PORT}`,
        tls: { cert: 'cert.pem', key: 'key.pem' },
        clientCertificates: { authorities: ['ca.pem'] },
      },
      store: 'sqlite:cambio.db',
      resources: [{ audience: ORDERS, scopes: ['read'] }],
      clients: [
        entry('gateway', {
          auth: 'tls_client_auth',
          tlsSubject: { dn: 'CN=gateway' },
          certificateBoundAccessTokens: true,
        }),
      ],
    },
    { files: { 'cert.pem': host.cert, 'key.pem': host.key, 'ca.pem': authority.cert } },
  );
  const agent = tlsAgent(() => ({ cert: gateway.cert, key: gateway.key, ca: authority.cert }));
  const client = cambio({ issuer: tls.issuer, clientId: 'gateway', auth: mtls(agent) });
  const { token } = await client.clientCredentials({ audience: ORDERS });
  assert.ok((claimsOf(token).cnf as Record<string, string>)['x5t#S256']);
  const stranger = cambio({
    issuer: tls.issuer,
    clientId: 'gateway',
    auth: mtls(tlsAgent({ ...(await selfIssued({ name: 'CN=x' })), ca: authority.cert })),
  });
  await assert.rejects(stranger.clientCredentials({ audience: ORDERS }), { name: 'ExchangeError' });
});
