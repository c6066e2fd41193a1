// Every request with an id is explained: for each grant and kind of refusal, the reason, the values, the remedy, and the line of the
// file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { admin, adminToken, withOperators } from '../support/admin-api.ts';
import { API, BACKEND, client } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { beside, cambio, jsonOf } from '../support/command.ts';
import { added, changed } from '../support/configuration.ts';
import {
  type Answer,
  EXCHANGE,
  encode,
  type Form,
  fetchAnswer,
  start,
  type TestServer,
  type,
} from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, US } from '../support/issuer.ts';
import { authorizationUrl, authorizeAs, CALLBACK, configuration, DEVICE, redeem, tv, web } from '../support/people.ts';
import { COOL_DOWN } from '../support/trusting.ts';

const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };

interface Row {
  readonly what: string;
  readonly send: (world: World) => Promise<Answer>;
  /** Undefined if the request is allowed. */
  readonly reason?: string;
  /** The expected detail. */
  readonly detail?: RegExp;
  /** Values as `name nearest`, or `name` if no known value is near. */
  readonly values?: readonly string[];
  /** The key of the file, and the text of its line. */
  readonly place?: readonly [key: string | RegExp, line: RegExp];
}

interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  /** Seconds since 1970, by the clock of the server. */
  readonly now: number;
}

/** Exchanges a foreign token. */
const foreign = ({ server }: World, subject_token: string, form: Form = {}): Promise<Answer> =>
  server.token({ grant_type: EXCHANGE, ...gateway, subject_token, subject_token_type: type('jwt'), ...form });

const own = async ({ server }: World, form: Form = {}): Promise<string> =>
  String((await server.token({ grant_type: 'client_credentials', ...gateway, ...form })).body.access_token);

const get = async ({ server }: World, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  fetchAnswer(server.issuer + path, { headers, redirect: 'manual' });

const exchanges: readonly Row[] = [
  {
    what: 'an issuer that is misspelled',
    send: (world) => foreign(world, world.idp.sign({ aud: US, iss: world.idp.url.replace('127.0.0.1', '127.0.0.2') })),
    reason: 'subject_token_unknown_issuer',
    values: ['iss IDP', 'aud', 'kid', 'alg', 'typ', 'exp', 'iat'],
    place: ['issuers', /^issuers:/],
  },
  {
    what: 'another audience',
    send: (world) => foreign(world, world.idp.sign({ aud: `${US}/` })),
    reason: 'subject_token_audience',
    values: ['iss', `aud ${US}`, 'kid', 'alg', 'typ', 'exp', 'iat'],
    place: [/^issuers\[.*\]\.audiences$/, /audiences/],
  },
  {
    what: 'a client of the issuer that is not listed',
    send: (world) =>
      foreign(world, world.idp.sign({ aud: undefined, client_id: 'other-app', token_use: 'access' }), {
        subject_token_type: type('access_token'),
      }),
    reason: 'subject_token_audience',
    detail: /^it has no aud, and its client_id other-app is none of app$/,
    place: [/^issuers\[.*\]\.clientIds$/, /clientIds/],
  },
  {
    what: 'a refresh token of the issuer',
    send: (world) =>
      foreign(world, world.idp.sign({ aud: US, typ: 'Refresh' }), { subject_token_type: type('access_token') }),
    reason: 'subject_token_wrong_type',
    detail: /^its claim typ states another kind of token: Refresh$/,
  },
  {
    what: 'a key that is not published',
    send: (world) => foreign(world, world.idp.sign({ aud: US }, { header: { kid: 'nobody' } })),
    reason: 'subject_token_unknown_key',
    detail: /^the keys there are \S+$/,
  },
  {
    what: 'a kid that is misspelled',
    send: async (world) => {
      const kid = String(world.idp.keys[0]?.kid).replace(/.$/, '_');
      const { clock } = world.server;
      clock.now += COOL_DOWN;
      const answer = await foreign(world, world.idp.sign({ aud: US }, { header: { kid } }));
      clock.now -= COOL_DOWN;
      return answer;
    },
    reason: 'subject_token_unknown_key',
    detail: /^the keys there are (\S+)\. Did you mean \1\?$/,
  },
  {
    what: 'a token that expired 40 s ago',
    send: (world) => foreign(world, world.idp.sign({ aud: US, iat: world.now - 100, exp: world.now - 40 })),
    reason: 'subject_token_expired',
    detail: /^it expired 40 s ago \(exp 20\d\d-\S+Z\); 30 s are tolerated$/,
  },
  {
    what: 'an issuer whose clock is 45 s ahead',
    send: (world) => foreign(world, world.idp.sign({ aud: US, iat: world.now + 45, exp: world.now + 300 })),
    reason: 'subject_token_not_yet_valid',
    detail: /^iat is 45 s ahead of the clock of this server \(20\d\d-\S+Z\); 30 s are tolerated$/,
  },
  {
    what: 'Bearer before the token',
    send: (world) => foreign(world, `Bearer ${world.idp.sign({ aud: US })}`),
    reason: 'subject_token_malformed',
    detail: /^it begins with “Bearer”, which belongs in a header/,
  },
  {
    what: 'a short name for the type',
    send: (world) => foreign(world, 'x', { subject_token_type: 'access_token' }),
    reason: 'subject_token_type_unsupported',
    detail: /^write urn:ietf:params:oauth:token-type:access_token$/,
  },
  {
    what: 'an unknown type that is asked for',
    send: (world) => foreign(world, 'x', { requested_token_type: type('access-token') }),
    reason: 'requested_token_type_unsupported',
    detail: /^write urn:ietf:params:oauth:token-type:access_token$/,
  },
  {
    what: 'an audience that is misspelled',
    send: (world) => foreign(world, world.idp.sign({ aud: US }), { audience: 'https://api.exmaple' }),
    reason: 'target_unknown',
    values: [`audience ${API}`],
    place: ['resources', /^resources:/],
  },
  {
    what: 'a target that no rule grants',
    send: (world) => foreign(world, world.idp.sign({ aud: US }), { audience: BACKEND }),
    reason: 'target_not_granted',
    place: ['rules[the gateway].grant.audiences', /audiences/],
  },
  {
    what: 'too much scope',
    send: (world) => foreign(world, world.idp.sign({ aud: US }), { scope: 'raed' }),
    reason: 'scope_exceeded',
    values: ['scope read'],
    place: ['rules[the gateway].grant.scopes', /scopes/],
  },
  {
    what: 'no rule for such a token of ours',
    send: async (world) => foreign(world, await own(world), { subject_token_type: type('access_token') }),
    reason: 'no_rule_for_subject',
  },
  {
    what: 'the token of a workload that no client names',
    send: (world) => foreign(world, world.idp.sign({ aud: 'https://elsewhere.example' }), NOBODY),
    reason: 'client_authentication_missing',
    values: ['iss', 'aud', 'kid', 'alg', 'typ', 'exp', 'iat'],
  },
  { what: 'a good exchange', send: (world) => foreign(world, world.idp.sign({ aud: US })) },
];

const NOBODY = { client_id: undefined, client_secret: undefined };

const tokens: readonly Row[] = [
  {
    what: 'client_credentials, a client that is misspelled',
    send: ({ server }) => server.token({ ...gateway, client_id: 'gatway', grant_type: 'client_credentials' }),
    reason: 'client_unknown',
    values: ['client_id gateway'],
    place: ['clients', /^clients:/],
  },
  {
    what: 'client_credentials, a wrong secret',
    send: ({ server }) => server.token({ ...gateway, client_secret: 'x', grant_type: 'client_credentials' }),
    reason: 'client_credentials',
    place: ['clients[gateway].secret', /secret/],
  },
  {
    what: 'client_credentials, another method',
    send: ({ server }) =>
      server.token({ grant_type: 'client_credentials' }, { authorization: `Basic ${btoa('gateway:gateway-secret')}` }),
    reason: 'client_method',
    detail: /^registered for client_secret_post, sent client_secret_basic$/,
    place: ['clients[gateway].auth', /auth/],
  },
  {
    what: 'client_credentials, a target that the client does not list',
    send: ({ server }) => server.token({ ...gateway, grant_type: 'client_credentials', audience: BACKEND }),
    reason: 'target_not_granted',
    values: ['audience'],
    place: ['clients[gateway].audiences', /audiences/],
  },
  {
    what: 'client_credentials, that are allowed',
    send: ({ server }) => server.token({ ...gateway, grant_type: 'client_credentials' }),
  },
  {
    what: 'a grant that does not exist',
    send: ({ server }) => server.token({ ...gateway, grant_type: 'token_exchange' }),
    reason: 'grant_type_unsupported',
    values: [`grant_type ${EXCHANGE}`],
  },
  {
    what: 'refresh_token, a grant that the client lacks',
    send: ({ server }) => server.token({ ...gateway, grant_type: 'refresh_token', refresh_token: 'x' }),
    reason: 'grant_not_allowed',
    detail: /^refresh_token was asked for, and grants of gateway has client_credentials, token_exchange$/,
    place: ['clients[gateway].grants', /grants/],
  },
  {
    what: 'refresh_token, that is none',
    send: ({ server }) => server.token({ ...web, grant_type: 'refresh_token', refresh_token: 'x' }),
    reason: 'refresh_token_unknown',
  },
  {
    what: 'authorization_code, another redirect_uri',
    send: async ({ server }) => redeem(server, await authorizeAs(server), { redirect_uri: `${CALLBACK}/` }),
    reason: 'code_redirect_uri',
    detail: new RegExp(`^the authorization request had ${CALLBACK}$`),
    values: ['redirect_uri'],
  },
  {
    what: 'authorization_code, without its verifier',
    send: async ({ server }) => redeem(server, await authorizeAs(server), { code_verifier: undefined }),
    reason: 'code_verifier',
    detail: /^it is missing$/,
  },
  { what: 'authorization_code, that is good', send: async ({ server }) => redeem(server, await authorizeAs(server)) },
  {
    what: 'device_code, that nobody has answered',
    send: async ({ server }) => {
      const device = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
      return server.token({ grant_type: DEVICE, ...tv, device_code: String(device.body.device_code) });
    },
    reason: 'device_code_pending',
  },
];

const others: readonly Row[] = [
  {
    what: 'device authorization by a client without the grant',
    send: ({ server }) => server.post('/oauth/device_authorization', encode({ ...web, scope: 'openid read' })),
    reason: 'grant_not_allowed',
    place: ['clients[web].grants', /grants/],
  },
  {
    what: 'device authorization',
    send: ({ server }) => server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' })),
  },
  {
    what: 'a pushed request for a redirect_uri that is not registered',
    send: ({ server }) => server.post('/oauth/par', encode({ ...web, ...pushed, redirect_uri: `${CALLBACK}/` })),
    reason: 'authorization_request_invalid',
    values: [`redirect_uri ${CALLBACK}`],
    place: ['clients[web].redirectUris', /redirectUris/],
  },
  {
    what: 'an authorization page for a redirect_uri that is misspelled',
    send: (world) => get(world, authorizationUrl({ redirect_uri: CALLBACK.replace('back', 'bak') })),
    reason: 'redirect_uri_unregistered',
    values: [`redirect_uri ${CALLBACK}`],
    place: ['clients[web].redirectUris', /redirectUris/],
  },
  {
    what: 'an authorization page for a client that is misspelled',
    send: (world) => get(world, authorizationUrl({ client_id: 'wbe' })),
    reason: 'authorization_client_unknown',
    values: ['client_id web'],
  },
  {
    what: 'an authorization page that is refused at the client',
    send: (world) => get(world, authorizationUrl({ response_type: 'token' })),
    reason: 'response_type_unsupported',
  },
  {
    what: 'a page that belongs to nothing',
    send: (world) => get(world, '/oauth/interaction/nothing'),
    reason: 'interaction_unknown',
  },
  {
    what: 'a code of a device that nobody shows',
    send: async ({ server }) => {
      const browser = createBrowser(server.issuer);
      return browser.submit(await browser.get('/device'), { user_code: 'BBBB-BBBB' });
    },
    reason: 'user_code_unknown',
  },
  {
    what: 'revocation without authentication',
    send: ({ server }) => server.post('/oauth/revoke', encode({ token: 'x' })),
    reason: 'client_authentication_missing',
  },
  {
    what: 'revocation of nothing',
    send: ({ server }) => server.post('/oauth/revoke', encode({ ...gateway, token: 'x' })),
  },
  {
    what: 'introspection with a wrong secret',
    send: ({ server }) => server.post('/oauth/introspect', encode({ ...gateway, client_secret: 'x', token: 'x' })),
    reason: 'client_credentials',
    place: ['clients[gateway].secret', /secret/],
  },
  {
    what: 'introspection without a token',
    send: ({ server }) => server.post('/oauth/introspect', encode(gateway)),
    reason: 'parameter_missing',
  },
  { what: 'userinfo without a token', send: (world) => get(world, '/oauth/userinfo'), reason: 'access_token_missing' },
  {
    what: 'a form that is JSON',
    send: ({ server }) => server.post('/oauth/token', '{}', { 'content-type': 'application/json' }),
    reason: 'form_malformed',
    values: ['Content-Type'],
  },
  { what: 'a path that does not exist', send: (world) => get(world, '/oauth/tokne'), reason: 'path_unknown' },
  {
    what: 'a method that is not allowed',
    send: (world) => get(world, '/oauth/token'),
    reason: 'method_not_allowed',
    values: ['method'],
  },
  {
    what: 'an operation of the admin API without a token',
    send: (world) => get(world, '/admin/v1/clients'),
    reason: 'access_token_missing',
  },
  {
    what: 'an operation that the token does not allow',
    send: async ({ server }) => admin(server, 'POST /keys', { token: await adminToken(server, 'auditor'), body: {} }),
    reason: 'access_token_scope',
  },
  {
    what: 'an operation with a wrong value',
    send: ({ server }) => admin(server, 'GET /audit?limit=many'),
    reason: 'admin_invalid',
    detail: /limit/,
  },
];

const more: readonly Row[] = [
  {
    what: 'an actor token of an unknown issuer',
    send: (world) => {
      const actor_token = world.idp.sign({ aud: US, iss: 'https://nobody.example' });
      return foreign(world, world.idp.sign({ aud: US }), { actor_token, actor_token_type: type('jwt') });
    },
    reason: 'actor_token_unknown_issuer',
    values: ['iss', 'aud', 'kid', 'alg', 'typ', 'exp', 'iat'],
  },
  {
    what: 'a client assertion for another audience',
    send: async (world) => {
      const claims = { iss: 'signer', sub: 'signer', aud: `${world.server.issuer}/oauth/token` };
      const client_assertion = world.idp.sign(claims);
      const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      return world.server.token({ grant_type: 'client_credentials', client_assertion_type, client_assertion });
    },
    reason: 'client_assertion_audience',
    detail: /^its aud is "http:.*\/oauth\/token" and must be http:/,
    values: ['iss', 'aud', 'kid', 'alg', 'typ', 'exp', 'iat'],
  },
  {
    what: 'a DPoP proof that is none',
    send: ({ server }) => server.token({ ...gateway, grant_type: 'client_credentials' }, { dpop: 'x' }),
    reason: 'dpop_malformed',
  },
  {
    what: 'a logout to a place that is not registered',
    send: (world) => get(world, '/oauth/logout?client_id=web&post_logout_redirect_uri=https://app.example/by'),
    reason: 'redirect_uri_unregistered',
    values: ['post_logout_redirect_uri https://app.example/bye'],
    place: ['clients[web].postLogoutRedirectUris', /postLogoutRedirectUris/],
  },
  {
    what: 'a wrong password',
    send: async ({ server }) => {
      const browser = createBrowser(server.issuer);
      const page = await browser.get(authorizationUrl());
      return browser.submit(page, { username: 'ada', password: 'wrong' });
    },
    reason: 'sign_in_credentials',
    place: ['accounts', /^accounts:/],
  },
  {
    what: 'an access token for the admin API that has expired',
    send: (world) => {
      const claims = { iss: world.server.issuer, sub: 'operator', exp: world.now - 40, iat: world.now - 100 };
      return get(world, '/admin/v1/clients', { authorization: `Bearer ${world.server.forge(claims)}` });
    },
    reason: 'access_token_invalid',
    values: ['iss', 'kid', 'alg', 'typ', 'exp', 'iat'],
  },
];

const pushed = {
  response_type: 'code',
  scope: 'openid read',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};

interface Explained {
  readonly decision: string;
  readonly reason?: string;
  readonly error_description?: string;
  readonly meaning?: string;
  readonly detail?: string;
  readonly remedy?: string;
  readonly values?: readonly { readonly name: string; readonly nearest?: string }[];
  readonly workloads?: readonly string[];
  readonly place?: { readonly at?: string; readonly key: string };
  readonly steps: readonly { readonly step: string; readonly result: string }[];
  readonly request?: { readonly requestId: string };
}

suite('every request that has an id is explained', () => {
  const undo: (() => void | Promise<void>)[] = [];
  const t = { after: (work: () => void | Promise<void>) => void undo.unshift(work), name: 'explained requests' };
  let world: World;
  let lines: readonly string[];
  before(async () => {
    const idp = await startIssuer(t);
    const source = changed(withOperators(configuration), {
      issuers: [entry(idp, { accepts: '[jwt, access_token]', clientIds: '[app]' })],
      clients: added(
        client('gateway', { grants: ['client_credentials', 'token_exchange'] }),
        {
          id: 'signer',
          auth: 'private_key_jwt',
          jwks: { keys: idp.keys.map(({ jwk }) => jwk) },
          grants: ['client_credentials'],
          audiences: [API],
          scopes: ['read'],
        },
        {
          id: 'jobs',
          auth: 'none',
          workload: { issuer: idp.url, audience: US },
          grants: ['token_exchange'],
        },
      ),
      rules: added({
        name: 'the gateway',
        client: 'gateway',
        subject: { issuer: idp.url },
        grant: { audiences: [API], scopes: ['read'] },
      }),
    });
    const server = await start(t, source);
    world = { server, idp, now: Math.floor(server.clock.now / 1000) };
    lines = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8').split('\n');
  });
  after(async () => {
    for (const work of undo) await work();
  });

  const check = async (row: Row): Promise<void> => {
    const { server, idp } = world;
    const answer = await row.send(world);
    const id = answer.headers.get('x-request-id') ?? '';
    const told = await admin(server, 'POST /explain', { body: { request: id } });
    assert.equal(told.status, 200, `${row.what}: ${answer.text} ${told.text}`);
    const { request, decision, reason, ...rest } = told.body as unknown as Explained;
    assert.equal(request?.requestId, id, row.what);
    assert.deepEqual(
      [decision, reason],
      [row.reason ? 'refused' : 'allowed', row.reason],
      `${row.what} ${rest.detail}`,
    );
    assert.ok(rest.steps.length > 0, row.what);
    if (row.reason === undefined) return;
    if (answer.body.error !== undefined && answer.body.request_id !== undefined) {
      assert.equal(answer.body.request_id, id, row.what);
      assert.equal(rest.error_description, answer.body.error_description, row.what);
    } else if (answer.status !== 303 && !answer.text.includes('<form')) {
      // The page shows the form again, with the fault.
      assert.ok(answer.text.includes(id), `${row.what}: ${answer.text}`);
    }
    assert.match(String(rest.remedy), /^[A-Z].*\.$/, row.what);
    assert.equal(rest.steps.filter(({ result }) => result === 'refused').length, 1, row.what);
    if (row.detail !== undefined) assert.match(String(rest.detail), row.detail, row.what);
    if (row.values !== undefined)
      assert.deepEqual(
        rest.values?.map(({ name, nearest }) => [name, ...(nearest ? [nearest] : [])].join(' ')),
        row.values.map((text) => text.replace('IDP', idp.url)),
        row.what,
      );
    if (row.place === undefined) return;
    const [key, line] = row.place;
    if (typeof key === 'string') assert.equal(rest.place?.key, key, row.what);
    else assert.match(String(rest.place?.key), key, row.what);
    const at = Number(/^.*cambio\.yaml:(\d+)$/.exec(String(rest.place?.at))?.[1]);
    assert.match(String(lines[at - 1]).trim(), line, `${row.what}: ${rest.place?.at}`);
  };

  /** Checks every row before it fails, so that all failures are reported. */
  const checkAll = async (rows: readonly Row[]): Promise<void> => {
    const faults: string[] = [];
    for (const row of rows) await check(row).catch((error: Error) => faults.push(error.message));
    assert.deepEqual(faults, []);
  };

  test('an exchange: the claims of the token, the known values of the file, and by how much a time is wrong', async () => {
    await checkAll(exchanges);
  });
  test('each other grant of the token endpoint', async () => {
    await checkAll(tokens);
  });
  test('authorization, devices, revocation, introspection, pages, other paths and the admin API', async () => {
    await checkAll(others);
  });

  test('actors, assertions, proofs, passwords and access tokens of the admin API', () => checkAll(more));

  test('lists the workloads that were tried, and why none matches', async () => {
    const { server, idp } = world;
    const subject_token = idp.sign({ aud: 'https://elsewhere.example' });
    const answer = await foreign(world, subject_token, NOBODY);
    const { body } = await admin(server, 'POST /explain', { body: { request: answer.body.request_id } });
    assert.deepEqual(body.workloads, [`the workload of jobs does not fit: its audience is ${US}`]);
    const svid = idp.sign({ aud: US, iss: undefined, sub: 'spiffe://prod.example/jobs' });
    const ofDomain = await foreign(world, svid, NOBODY);
    const explained = await admin(server, 'POST /explain', { body: { request: ofDomain.body.request_id } });
    assert.deepEqual(explained.body.workloads, [`the workload of jobs does not fit: its issuer is ${idp.url}`]);
    assert.equal(server.audit(ofDomain)?.sent?.trust_domain, 'prod.example');
    const ofPerson = await foreign(world, idp.sign({ aud: US, iss: undefined, sub: 'ada' }), NOBODY);
    const unexplained = await admin(server, 'POST /explain', { body: { request: ofPerson.body.request_id } });
    assert.equal(unexplained.body.workloads, undefined);
    const detailOf = async (token: string) => server.audit(await foreign(world, token, NOBODY))?.detail ?? '';
    assert.equal(
      server.audit(answer)?.detail,
      `the token has iss "${idp.url}" and aud "https://elsewhere.example"; the workload of jobs does not fit: its audience is ${US}`,
    );
    assert.match(
      await detailOf(svid),
      /^the token has iss "spiffe:\/\/prod\.example", sub "spiffe:.*" and aud .*; the workload of jobs does not fit: its issuer is /,
    );
    assert.match(String(unexplained.body.detail), /^the token has iss null and aud .* names no workload$/);
    const fits = idp.sign({ aud: US });
    assert.equal(
      await detailOf(`${fits}\n`),
      'the token names no workload, because it is not a JWT: it ends in a line feed: send the token without it',
    );
    assert.match(await detailOf('opaque'), /not a JWT: it is not three base64url parts/);
    assert.match(
      await detailOf(server.forge({ iss: server.issuer, aud: US, sub: 'x' })),
      /^the token is of this server, /,
    );
    assert.match(await detailOf(`${fits}${'x'.repeat(9000)}`), /longer than the 8192 characters/);
    const fitting = await foreign(world, idp.sign({ aud: US }), { ...NOBODY, audience: API });
    assert.equal(server.audit(fitting)?.client ?? server.audit(fitting)?.clientClaimed, 'jobs');
  });

  test('explain and targets print the same with --config and with --server', async (c) => {
    const { server, idp } = world;
    const answer = await foreign(world, idp.sign({ aud: US }), { audience: 'https://api.exmaple' });
    const env = { CAMBIO_TOKEN: await adminToken(server, 'auditor') };
    const request = ['explain', '--request', String(answer.body.request_id), '--output', 'json'];
    const [here, there] = [
      await beside(c, server, request),
      await cambio(c, [...request, '--server', server.issuer], { env }),
    ];
    assert.deepEqual([here.code, there.code], [3, 3], there.stderr);
    const withoutFile = ({ place, ...rest }: Record<string, unknown>) => rest;
    assert.deepEqual(withoutFile(jsonOf(there)), withoutFile(jsonOf(here)));
    const token = ['targets', '--client', 'gateway', '--subject-token', idp.sign({ aud: US }), '--output', 'json'];
    const [listed, asked] = [
      await beside(c, server, token),
      await cambio(c, [...token, '--server', server.issuer], { env }),
    ];
    assert.deepEqual([listed.code, asked.code], [0, 0], asked.stderr);
    const lasting = (outcome: typeof asked) =>
      (jsonOf(outcome) as unknown as Record<string, unknown>[]).map(({ lifetime, ...rest }) => rest);
    assert.deepEqual(lasting(asked), lasting(listed));
    assert.equal((jsonOf(asked) as unknown as { audience: string }[])[0]?.audience, API);
    const refused = await cambio(
      c,
      ['targets', '--client', 'gatway', '--subject-token', 'x.y.z', '--server', server.issuer],
      { env },
    );
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /there is no client with this id: gatway\. Did you mean gateway\?/);
  });
});
