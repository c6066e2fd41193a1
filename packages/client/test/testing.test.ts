// Does the fake server answer as a Cambio server does? The same cases run against both, and their answers are compared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerifier } from '../../resource-server/src/index.ts';
import { claimsOf, EXCHANGE, type Form, start, type as typeUri } from '../../server/test/support/harness.ts';
import { cambio, clientSecret } from '../src/index.ts';
import { type FakeOptions, fakeCambio } from '../src/testing/index.ts';

const [ORDERS, REPORTS, ARCHIVE] = ['https://orders.example', 'https://reports.example', 'https://archive.example'];
const options: FakeOptions = {
  resources: [
    { audience: ORDERS, scopes: ['read', 'write'] },
    { audience: REPORTS, scopes: ['report'] },
    { audience: ARCHIVE, scopes: ['read', 'old'] },
  ],
  clients: [
    {
      id: 'gateway',
      secret: 'gateway secret:+%',
      audiences: [ORDERS, REPORTS, ARCHIVE],
      scopes: ['read', 'write', 'report'],
    },
    { id: 'agent', secret: 'agent-secret', grants: ['client_credentials'], audiences: [ORDERS], scopes: ['read'] },
    { id: 'lonely', secret: 'lonely-secret', audiences: [ORDERS], scopes: ['read'] },
    { id: 'strict', secret: 'strict-secret', resource: ORDERS, grants: ['token_exchange'] },
    { id: 'narrow', secret: 'narrow-secret', grants: ['token_exchange'], resource: ORDERS },
  ],
  rules: [
    {
      client: 'gateway',
      grant: { audiences: [ORDERS, REPORTS], scopes: ['read', 'report'], types: ['access_token', 'jwt'] },
    },
    { client: 'gateway', actor: { clients: ['agent'] }, grant: { audiences: [ORDERS], scopes: ['read'] } },
    { client: 'gateway', grant: { audiences: [ARCHIVE, ORDERS], scopes: ['read'] } },
    {
      client: 'strict',
      actor: { clients: ['agent'], required: true },
      grant: { audiences: [ORDERS], scopes: ['read'] },
    },
    { client: ['narrow'], actor: { clients: ['gateway'] }, grant: { audiences: [ORDERS], scopes: ['read'] } },
  ],
};

/** The same as a configuration file. */
const configuration = {
  issuer: `\${ISSUER}`,
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: options.resources,
  clients: options.clients.map(({ secret, grants = ['client_credentials', 'token_exchange'], ...client }) => ({
    auth: ['client_secret_basic', 'client_secret_post'],
    secret: { plain: secret },
    grants,
    ...client,
  })),
  rules: options.rules,
};

const GATEWAY = { client_id: 'gateway', client_secret: 'gateway secret:+%' };
const AGENT = { client_id: 'agent', client_secret: 'agent-secret' };
const NARROW = { client_id: 'narrow', client_secret: 'narrow-secret' };
const STRICT = { client_id: 'strict', client_secret: 'strict-secret' };
const BASIC = { authorization: `Basic ${btoa('gateway:gateway+secret%3A%2B%25')}` };
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const credentials = { grant_type: 'client_credentials' };
const ACCESS = typeUri('access_token');

/** $NAME is the token of an earlier answer. */
const cases: readonly (readonly [name: string, form: Form, headers?: Record<string, string>])[] = [
  ['own', { ...GATEWAY, ...credentials }],
  ['own, by Basic', credentials, BASIC],
  ['own, narrower', { ...GATEWAY, ...credentials, audience: ORDERS, scope: 'read' }],
  ['report', { ...GATEWAY, ...credentials, audience: REPORTS }],
  ['agent', { ...AGENT, ...credentials }],
  ['own, more scope', { ...AGENT, ...credentials, scope: 'write' }],
  ['own, another target', { ...AGENT, ...credentials, audience: REPORTS }],
  ['own, unknown target', { ...GATEWAY, ...credentials, audience: 'https://x.example' }],
  ['own, by resource', { ...GATEWAY, ...credentials, resource: ORDERS }],
  ['own, two targets', { ...GATEWAY, ...credentials, audience: [ORDERS, REPORTS] }],
  ['own, scope of another target', { ...GATEWAY, ...credentials, scope: 'report' }],
  ['an empty scope', { ...GATEWAY, ...credentials, scope: '' }],
  ['no client', credentials],
  ['wrong secret', { ...credentials, client_id: 'gateway', client_secret: 'x' }],
  ['unknown client', { ...credentials, client_id: 'x', client_secret: 'x' }],
  ['no grant', { ...NARROW, ...credentials }],
  ['no exchange', { ...AGENT, grant_type: EXCHANGE, subject_token: '$agent', subject_token_type: ACCESS }],
  ['unknown grant', { ...GATEWAY, grant_type: 'password' }],
  ['grant missing', { ...GATEWAY }],
  ['grant twice', { ...GATEWAY, grant_type: ['client_credentials', 'client_credentials'] }],
  ['exchanged', { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS }],
  [
    'exchanged, as a JWT',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      requested_token_type: typeUri('jwt'),
      audience: ORDERS,
    },
  ],
  [
    'exchanged for one',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      audience: ORDERS,
      scope: 'read',
    },
  ],
  [
    'exchanged again',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$exchanged', subject_token_type: ACCESS, audience: ORDERS },
  ],
  [
    'exchanged, more scope',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS, scope: 'write' },
  ],
  [
    'exchanged, unknown target',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      audience: 'https://x.example',
    },
  ],
  [
    'acting',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
    },
  ],
  [
    'acting, another target',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
      audience: REPORTS,
    },
  ],
  ['subject missing', { ...GATEWAY, grant_type: EXCHANGE }],
  ['subject type missing', { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own' }],
  ['subject type alone', { ...GATEWAY, grant_type: EXCHANGE, subject_token_type: ACCESS }],
  [
    'actor type missing',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS, actor_token: '$agent' },
  ],
  [
    'actor type alone',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS, actor_token_type: ACCESS },
  ],
  ['bad subject', { ...GATEWAY, grant_type: EXCHANGE, subject_token: 'x.y.z', subject_token_type: ACCESS }],
  [
    'bad actor',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: 'x.y.z',
      actor_token_type: ACCESS,
    },
  ],
  ['type unknown', { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: 'access_token' }],
  [
    'requested type unknown',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      requested_token_type: typeUri('saml2'),
    },
  ],
  [
    'no rule',
    {
      client_id: 'lonely',
      client_secret: 'lonely-secret',
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
    },
  ],
  ['no rule without an actor', { ...NARROW, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS }],
  [
    'another actor',
    {
      ...NARROW,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
    },
  ],
  [
    'an actor without a rule',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: '$own',
      actor_token_type: ACCESS,
    },
  ],
  [
    'an actor of an actor',
    {
      ...NARROW,
      grant_type: EXCHANGE,
      subject_token: '$acting',
      subject_token_type: ACCESS,
      actor_token: '$own',
      actor_token_type: ACCESS,
    },
  ],
  [
    'exchanged for two',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$report',
      subject_token_type: ACCESS,
      audience: [ORDERS, REPORTS],
    },
  ],
  [
    'exchanged, no scope left',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$report', subject_token_type: ACCESS, audience: ORDERS },
  ],
  [
    'exchanged, of the agent',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$agent', subject_token_type: ACCESS },
  ],
  ['subject twice', { ...GATEWAY, grant_type: EXCHANGE, subject_token: ['$own', '$own'], subject_token_type: ACCESS }],
  [
    'by the API',
    {
      ...NARROW,
      grant_type: EXCHANGE,
      subject_token: '$acting',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
    },
  ],
  ['by another API', { ...NARROW, grant_type: EXCHANGE, subject_token: '$report', subject_token_type: ACCESS }],
  [
    'for the agent, by the gateway',
    {
      ...NARROW,
      grant_type: EXCHANGE,
      subject_token: '$agent',
      subject_token_type: ACCESS,
      actor_token: '$own',
      actor_token_type: ACCESS,
    },
  ],
  [
    'one more actor',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$acting',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
    },
  ],
  ['own, two that share a scope', { ...GATEWAY, ...credentials, audience: [ORDERS, ARCHIVE] }],
  [
    'exchanged for the archive',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS, audience: ARCHIVE },
  ],
  [
    'exchanged for both',
    {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      audience: ARCHIVE,
      resource: ORDERS,
    },
  ],
  ['own, by Basic and in the form', { ...GATEWAY, ...credentials }, BASIC],
  ['own, by Basic, named in the form', { ...credentials, client_id: 'gateway' }, BASIC],
  ['own, by Basic, with the name of another', { ...credentials, client_id: 'agent' }, BASIC],
  ['own, by basic', credentials, { authorization: BASIC.authorization.replace('Basic', 'basic') }],
  ['Basic with a longer secret', credentials, { authorization: `Basic ${btoa('agent:agent-secret:x')}` }],
  ['Basic without a secret', credentials, { authorization: `Basic ${btoa('agent')}` }],
  ['Basic that is not base64', credentials, { authorization: 'Basic !' }],
  ['Basic that is not form-encoded', credentials, { authorization: `Basic ${btoa('agent:%')}` }],
  ['client named twice', { ...GATEWAY, ...credentials, client_id: ['gateway', 'agent'] }],
  ['two secrets', { ...GATEWAY, ...credentials, client_secret: [GATEWAY.client_secret, 'x'] }],
  [
    'a secret and an assertion',
    { ...GATEWAY, ...credentials, client_assertion: 'x', client_assertion_type: JWT_BEARER },
  ],
  ['another form of body', { ...GATEWAY, ...credentials }, { 'content-type': 'text/plain' }],
  ['own, empty targets', { ...GATEWAY, ...credentials, audience: '', resource: '' }],
  ['own, one target twice', { ...GATEWAY, ...credentials, audience: [ORDERS, ORDERS], resource: ORDERS }],
  ['own, a target as a URL', { ...GATEWAY, ...credentials, resource: new URL(ORDERS).href }],
  ['own, a scope twice', { ...GATEWAY, ...credentials, scope: 'read read' }],
  ['own, a scope with spaces', { ...GATEWAY, ...credentials, scope: ' read' }],
  [
    'exchanged of a JWT',
    { ...GATEWAY, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: typeUri('jwt'), audience: ORDERS },
  ],
  ['required actor missing', { ...STRICT, grant_type: EXCHANGE, subject_token: '$own', subject_token_type: ACCESS }],
  [
    'required actor',
    {
      ...STRICT,
      grant_type: EXCHANGE,
      subject_token: '$own',
      subject_token_type: ACCESS,
      actor_token: '$agent',
      actor_token_type: ACCESS,
    },
  ],
  [
    'another required actor',
    {
      ...STRICT,
      grant_type: EXCHANGE,
      subject_token: '$agent',
      subject_token_type: ACCESS,
      actor_token: '$own',
      actor_token_type: ACCESS,
    },
  ],
];

type Ask = (
  path: string,
  form: Form,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: Record<string, unknown> }>;

const encode = (form: Form): string =>
  new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => [value ?? []].flat().map((one): [string, string] => [name, one])),
  ).toString();

/** What callers can rely on: the status, the error, and what the token grants. */
async function answersOf(ask: Ask, issuer: string): Promise<Readonly<Record<string, unknown>>> {
  const tokens = new Map<string, string>();
  const told: Record<string, unknown> = {};
  const fill = (form: Form): Form =>
    Object.fromEntries(
      Object.entries(form).map(([name, value]) => {
        const filled = [value ?? []]
          .flat()
          .map((one) => (one.startsWith('$') ? (tokens.get(one.slice(1)) ?? assert.fail(one)) : one));
        return [name, filled];
      }),
    );
  const tell = async (name: string, form: Form, headers?: Record<string, string>): Promise<void> => {
    const { status, body } = await ask('/oauth/token', fill(form), headers);
    const { access_token, request_id, expires_in, ...rest } = body;
    const claims = access_token === undefined ? undefined : claimsOf(access_token);
    if (access_token !== undefined) tokens.set(name, String(access_token));
    assert.equal(typeof request_id, status === 200 ? 'undefined' : 'string', name);
    const actor = (claims?.act as { sub?: string } | undefined)?.sub;
    told[name] = {
      status,
      ...rest,
      ...(claims && {
        sub: claims.sub,
        aud: claims.aud,
        scopes: claims.scope,
        client: claims.client_id,
        isOurs: claims.iss === issuer,
        actor,
        life: Number(claims.exp) - Number(claims.iat) === expires_in,
        minutes: Math.ceil(Number(expires_in) / 60),
      }),
    };
  };
  for (const one of cases) await tell(...one);
  const refusal = async (form: Form): Promise<unknown> => {
    const { status, body } = await ask('/oauth/revoke', fill(form));
    return [status, body.error, body.error_description];
  };
  told['revocation without a token'] = await refusal(GATEWAY);
  told['revocation of two'] = await refusal({ ...GATEWAY, token: ['$own', '$agent'] });
  told['revocation by another'] = await refusal({ ...AGENT, token: '$own' });
  await tell('own, revoked by another', {
    ...GATEWAY,
    grant_type: EXCHANGE,
    subject_token: '$own',
    subject_token_type: ACCESS,
  });
  const revoked = await ask('/oauth/revoke', fill({ ...GATEWAY, token: '$own' }));
  told.revocation = [revoked.status, revoked.body];
  for (const name of ['own', 'exchanged'])
    await tell(`${name}, revoked`, {
      ...GATEWAY,
      grant_type: EXCHANGE,
      subject_token: `$${name}`,
      subject_token_type: ACCESS,
    });
  return told;
}

test('the fake server answers every case as the real one does', async (t) => {
  const real = await start(t, configuration);
  const fake = fakeCambio(options);
  const askFake: Ask = async (path, form, headers = {}) => {
    const answer = await fake.fetch(fake.issuer + path, {
      method: 'POST',
      body: encode(form),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const expected = await answersOf((path, form, headers) => real.post(path, encode(form), headers), real.issuer);
  const found = await answersOf(askFake, fake.issuer);
  for (const [name, answer] of Object.entries(expected)) assert.deepEqual(found[name], answer, name);
});

test('a unit test: the fake server issues, the API sees who asks, and failures are repeated', async () => {
  const clock = { now: Date.now() };
  const fake = fakeCambio({ ...options, clock: () => clock.now });
  fake.api(ORDERS, (request, { sub, scope }) => Response.json({ path: new URL(request.url).pathname, sub, scope }));
  const client = cambio({
    issuer: fake.issuer,
    clientId: 'gateway',
    auth: clientSecret('gateway secret:+%'),
    fetch: fake.fetch,
    clock: () => clock.now,
  });
  const orders = client.onBehalfOf({ audience: ORDERS, scope: 'read' });
  const ada = await fake.token({ sub: 'ada' });
  const answer = await orders.fetch(ada, `${ORDERS}/1`);
  assert.deepEqual(await answer.json(), { path: '/1', sub: 'ada', scope: 'read' });
  for (const authorization of ['', `Bearer ${ada}`, `Bearer ${await fake.token({ sub: 'ada', aud: REPORTS })}`])
    assert.equal((await fake.fetch(`${ORDERS}/1`, { headers: { authorization } })).status, 401);
  const { token } = await orders(ada);
  const verifier = createVerifier({ issuer: fake.issuer, audience: ORDERS, jwks: fake.jwks as never });
  const verified = await verifier.authenticate({
    method: 'GET',
    path: '/',
    headers: [['authorization', `Bearer ${token}`]],
  });
  assert.equal(verified.subject, 'ada');
  fake.fail({ status: 503, error: 'temporarily_unavailable', retryAfter: 0 });
  await orders(await fake.token({ sub: 'grace' }));
  assert.deepEqual(
    fake.requests.map(({ client: id, status, audience }) => [id, status, audience]),
    [200, 503, 200].map((status) => ['gateway', status, [ORDERS]]),
  );
  clock.now += 3_600_000;
  await assert.rejects(orders(ada), { code: 'invalid_grant', about: 'subject' });
  await assert.rejects(fake.fetch('https://other.example/'), /add one with api/);
});

test('a typo in the options of the fake server, or a name that nothing has, is refused as in a configuration file', () => {
  const rule = { client: 'gateway', grant: { audiences: [ORDERS], scopes: ['read'] } };
  const good = {
    resources: [{ audience: ORDERS, scopes: ['read'] }],
    clients: [{ id: 'gateway', secret: 's' }],
    rules: [rule],
  };
  const fake = fakeCambio(good);
  for (const [more, message] of [
    [{ rule: [] }, /options\.rule is not known/],
    [{ rules: rule }, /options\.rules must be a list/],
    [{ clients: [{ id: 'gateway', secret: 's', scope: 'read' }] }, /client\.scope is not known/],
    [
      { clients: [{ id: 'gateway', secret: 's', audiences: ['https://x'] }] },
      /"https:\/\/x" is not one of the resources/,
    ],
    [{ rules: [{ ...rule, clients: ['gateway'] }] }, /rule\.clients is not known/],
    [{ rules: [{ ...rule, client: 'gatway' }] }, /"gatway" is not one of the clients: gateway/],
    [{ rules: [{ ...rule, actor: { clients: ['agent'] } }] }, /"agent" is not one of the clients: gateway/],
    [{ rules: [{ ...rule, grant: { ...rule.grant, audiences: ['https://x'] } }] }, /not one of the resources: https/],
    [{ rules: [{ ...rule, grant: { ...rule.grant, scope: 'read' } }] }, /rule\.grant\.scope is not known/],
  ] as const)
    assert.throws(() => fakeCambio({ ...good, ...more } as never), message);
  assert.throws(() => fakeCambio({} as never), /options\.resources must be a list/);
  assert.throws(() => fake.fail({ statuss: 503 } as never), /failure\.statuss is not known/);
  assert.throws(() => fake.fail({ error: 'x' } as never), /failure\.status is undefined: it must be 400 or more/);
});
