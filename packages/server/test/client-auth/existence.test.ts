// No answer shows a stranger which clients exist: not at the endpoints where clients authenticate, nor where a browser is sent.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { checkAssertion } from '../../src/client-auth/client-assertion.ts';
import { createDecoyKeys } from '../../src/client-auth/decoy-keys.ts';
import { algorithmNames } from '../../src/keys/algorithms.ts';
import { readCompact } from '../../src/keys/jws.ts';
import { SecretDigest } from '../../src/primitives/secret.ts';
import { API } from '../support/basics.ts';
import { asserting, assertion, jwksOf } from '../support/client-credentials.ts';
import { added, changed } from '../support/configuration.ts';
import { type Answer, encode, type Form, fetchAnswer, start, type TestServer } from '../support/harness.ts';
import { newKey } from '../support/issuer.ts';
import { authorizationUrl, CALLBACK, configuration } from '../support/people.ts';
import { selfIssued } from '../support/tls-client.ts';

const key = newKey();
const stranger = newKey();
const secret = { auth: 'client_secret_post', secret: { plain: 'x' }, grants: ['client_credentials', 'token_exchange'] };

/** One client of each kind; `nobody` does not exist. */
const KINDS = ['nobody', 'machine', 'retired', 'signing', 'fetching', 'presenting', 'pinned', 'web', 'one'];

const source = changed(configuration, {
  server: {
    trustProxy: ['127.0.0.1'],
    clientCertificates: { authorities: 'ca.pem', header: { name: 'client-cert', format: 'der' } },
  },
  clients: added(
    { id: 'retired', ...secret, disabled: true },
    {
      id: 'open',
      auth: 'none',
      grants: ['authorization_code', 'device_code'],
      redirectUris: [CALLBACK],
      audiences: [API],
      scopes: ['openid', 'read'],
    },
    {
      id: 'one',
      ...secret,
      grants: ['authorization_code'],
      redirectUris: ['https://one.example/callback'],
      scopes: ['openid'],
      disabled: true,
    },
    `{ id: signing, auth: private_key_jwt, ${jwksOf(key)}, grants: [client_credentials] }`,
    `{ id: pinned, auth: self_signed_tls_client_auth, ${jwksOf(key)}, grants: [client_credentials] }`,
    {
      id: 'fetching',
      auth: 'private_key_jwt',
      jwksUri: 'http://127.0.0.1:9/jwks',
      allowPrivateNetwork: true,
      grants: ['client_credentials'],
    },
    {
      id: 'presenting',
      auth: 'tls_client_auth',
      tlsSubject: { dns: 'presenting.example' },
      grants: ['client_credentials'],
    },
  ),
});

/** The form of a valid authorization request. */
const authorizationForm = (): Form => Object.fromEntries(new URL(authorizationUrl(), 'https://x.example').searchParams);

/** The answer, without the parts that differ in every answer. */
function told({ status, headers, text }: Answer): string {
  const said = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return JSON.stringify([status, said, text.replaceAll(headers.get('x-request-id') ?? '?', 'ID')]);
}

suite('a stranger', () => {
  const undo: (() => unknown)[] = [];
  let server: TestServer;
  let certificate: string;
  before(async () => {
    const authority = await selfIssued({ name: 'CN=Authority', authority: true });
    const other = await selfIssued({ name: 'CN=Other', authority: true });
    certificate = (await other.issue({ name: 'CN=x' })).x509.raw.toString('base64');
    server = await start({ after: (work) => void undo.unshift(work) }, source, { files: { 'ca.pem': authority.cert } });
  });

  /** Sends the same request for each kind of client. */
  async function same(what: string, kinds: readonly string[], ask: (id: string) => Promise<Answer>): Promise<Answer> {
    const first = await ask(kinds[0] ?? '');
    for (const id of kinds.slice(1)) assert.ok(told(await ask(id)) === told(first), `${what}: ${id} is told apart`);
    return first;
  }

  test('gets one answer for every client that it is not, at each endpoint where clients authenticate (C30)', async () => {
    const paths = ['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/par', '/oauth/device_authorization'];
    const form: Form = { grant_type: 'client_credentials', token: 'x', scope: 'openid' };
    for (const path of paths) {
      const post = (more: Form, headers = {}) => server.post(path, encode({ ...form, ...more }), headers);
      await same(`${path} a secret`, KINDS, (id) => post({ client_id: id, client_secret: 'wrong' }));
      await same(`${path} Basic`, KINDS, (id) => post({}, { authorization: `Basic ${btoa(`${id}:wrong`)}` }));
      await same(`${path} nothing`, KINDS, (id) => post({ client_id: id }));
      await same(`${path} a certificate`, KINDS, (id) => post({ client_id: id }, { 'client-cert': certificate }));
      // If the keys of a client cannot be fetched, its caller is not at fault: 503.
      const reachable = KINDS.filter((id) => id !== 'fetching');
      const forge = (id: string, header = {}) => asserting(assertion(server, stranger, { iss: id, sub: id }, header));
      await same(`${path} an assertion`, reachable, (id) => post(forge(id)));
      await same(`${path} an assertion by its kid`, reachable, (id) => post(forge(id, { kid: key.kid })));
      server.clock.now += 61_000;
    }
  });

  test('is told the same at the authorization endpoint, whatever else the request holds (C31)', async () => {
    const visit = async (changes: Form) =>
      fetchAnswer(server.issuer + authorizationUrl(changes), { redirect: 'manual' });
    const others: Readonly<Record<string, Form>> = {
      'a redirect URI of nobody': { redirect_uri: 'https://evil.example/callback' },
      'no redirect URI': { redirect_uri: undefined },
      'a request object': { redirect_uri: undefined, request: 'e30.e30.' },
      'an unknown request URI': { request_uri: 'urn:ietf:params:oauth:request_uri:unknown' },
      'an odd request': {
        redirect_uri: 'x',
        response_type: 'token',
        max_age: 'x',
        scope: '"',
        response_mode: 'fragment',
      },
      'no sign-in without being asked': { redirect_uri: 'https://evil.example', prompt: 'none' },
    };
    for (const [what, changes] of Object.entries(others)) {
      const page = await same(what, KINDS, (client_id) => visit({ client_id, ...changes }));
      assert.equal(page.status, 400, what);
    }
    const known = await visit({ redirect_uri: 'https://evil.example/callback' });
    const unknown = await visit({ client_id: 'nobody' });
    assert.deepEqual(
      [server.audit(known)?.reason, server.audit(unknown)?.reason],
      ['redirect_uri_unregistered', 'authorization_client_unknown'],
    );
    // The wanted actor is checked after the person has signed in.
    for (const requested_actor of KINDS)
      assert.match((await visit({ requested_actor })).headers.get('location') ?? '', /interaction/);
    assert.match((await visit({})).headers.get('location') ?? '', /interaction/);
  });

  test('is not told to a public client that names an actor, before somebody has signed in', async () => {
    for (const path of ['/oauth/par', '/oauth/device_authorization']) {
      const ask = (requested_actor: string) =>
        server.post(path, encode({ ...authorizationForm(), client_id: 'open', requested_actor }));
      const answers = await Promise.all([...KINDS, 'agent'].map(ask));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [path.endsWith('par') ? 201 : 200], path);
    }
  });

  test('is told the same at the logout endpoint', async () => {
    const visit = async (form: Record<string, string>) =>
      fetchAnswer(`${server.issuer}/oauth/logout?${new URLSearchParams(form)}`, { redirect: 'manual' });
    const strip = async (form: Record<string, string>): Promise<Answer> => {
      const answer = await visit(form);
      const headers = new Headers(answer.headers);
      headers.delete('set-cookie');
      headers.delete('content-length');
      return { ...answer, headers, text: answer.text.replace(/name="csrf" value="[^"]*"/, '') };
    };
    await same('a client alone', KINDS, (client_id) => strip({ client_id }));
    await same('and a URI', KINDS, (client_id) =>
      strip({ client_id, post_logout_redirect_uri: 'https://evil.example' }),
    );
    assert.equal((await visit({ client_id: 'web', post_logout_redirect_uri: 'https://app.example/bye' })).status, 200);
  });

  after(async () => {
    for (const work of undo) await work();
  });
});

test('makes one decoy key for each algorithm', () => {
  const decoyKeys = createDecoyKeys();
  for (const alg of algorithmNames) {
    assert.equal(decoyKeys(alg)?.alg, alg);
    assert.equal(decoyKeys(alg), decoyKeys(alg));
  }
  for (const alg of ['none', 'HS256', '__proto__', '']) assert.equal(decoyKeys(alg), undefined);
});

test('verifies an assertion with a decoy key if there is no other (C30)', async () => {
  const at = { issuer: 'https://login.example', clock: { now: 1_700_000_000_000 } } as TestServer;
  const decoy = createDecoyKeys()('ES256');
  assert.ok(decoy);
  let read = 0;
  const watched = {
    ...decoy,
    get key() {
      read++;
      return decoy.key;
    },
  };
  const context = { clock: () => at.clock.now, decoyKeys: () => watched, leeway: 30 };
  const jws = readCompact(assertion(at, stranger));
  await assert.rejects(checkAssertion(jws, undefined, [[at.issuer]], context), { fault: 'unknown_key' });
  assert.ok(read > 0, 'nothing was verified');
});

test('compares a secret with every candidate, and checks each secret', () => {
  const secrets = [new SecretDigest('a'), new SecretDigest('b')];
  for (const good of [['a'], ['b'], ['x', 'b'], ['a', 'x']]) assert.equal(SecretDigest.anyMatches(secrets, good), true);
  for (const bad of [['x'], [], ['x', 'y'], ['']]) assert.equal(SecretDigest.anyMatches(secrets, bad), false);
  assert.equal(SecretDigest.anyMatches([], ['a']), false);
});
