// The playground: POST /explain decides simulated exchanges of pasted tokens, of facts and of audit rows, as the token endpoint does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { admin, adminToken, withOperators } from '../../support/admin-api.ts';
import { API, BACKEND, client, configuration, exchange, gateway, named, subjectToken } from '../../support/basics.ts';
import { added, changed } from '../../support/configuration.ts';
import { claimsOf, EXCHANGE, type Form, start, type TestServer, type, writtenIn } from '../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, US } from '../../support/issuer.ts';

type Test = Parameters<typeof start>[0];
type Body = Readonly<Record<string, unknown>>;

const PRIVATE = 'https://private.example';

/** Rules of both effects, with conditions on claims and on actors, for tokens of this server and of another issuer. */
const RULES = [
  {
    name: 'not for red',
    effect: 'deny',
    subject: { when: 'has(subject.claims.tenant) && subject.claims.tenant == "red"' },
    audiences: [BACKEND],
    because: 'red has no backend',
  },
  {
    name: 'by the agent',
    client: 'gateway',
    subject: { issuer: 'self', clients: ['gateway', 'agent'], types: ['access_token', 'refresh_token'] },
    actor: { required: true, clients: ['agent'] },
    grant: { audiences: [API, BACKEND], scopes: ['read', 'write'], types: ['access_token', 'jwt'], maxDepth: 2 },
  },
  {
    name: 'blue reads',
    client: 'gateway',
    subject: { issuer: ['self', 'idp'], clients: undefined, when: 'subject.claims.tenant == "blue"' },
    actor: { forbidden: true },
    grant: { audiences: [API], scopes: ['read'], claims: { tenant: 'subject.claims.tenant' }, lifetime: '10m' },
  },
  {
    name: 'people of idp',
    client: 'gateway',
    subject: { issuer: ['idp'] },
    act: 'client',
    grant: { audiences: [API], scopes: ['read', 'write'], lifetime: '5m' },
  },
];

async function startPlayground(t: Test): Promise<{ server: TestServer; idp: FakeIssuer }> {
  const idp = await startIssuer(t);
  const base = changed(configuration, named('ada', 'bob'), {
    issuers: [entry(idp)],
    clients: added(client('retired', { grants: ['token_exchange'], disabled: true })),
    rules: RULES,
  });
  return { server: await start(t, withOperators(base)), idp };
}

const subjectOf = (server: TestServer, idp: FakeIssuer, base: Body, { issuer, ...facts }: Party): string => {
  const { client: clientId = 'gateway', audiences, scope, claims } = facts;
  if (issuer === 'idp') return idp.sign({ aud: US, ...claims });
  const own = { ...base, aud: audiences, client_id: clientId, scope: scope.join(' '), ...claims };
  return server.forge(own);
};

interface Party {
  readonly issuer: 'self' | 'idp';
  readonly client?: string;
  readonly audiences: readonly string[];
  readonly scope: readonly string[];
  readonly claims: Body;
}

const without = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

/** The answer of the token endpoint, without its ids and its exact lifetime. */
function lastingAnswer(status: unknown, body: Body): Body {
  const { request_id, expires_in, ...rest } = body;
  const tokens = ['access_token', 'refresh_token'].filter((name) => name in rest).map((name) => [name, '(new)']);
  return { status, ...rest, ...Object.fromEntries(tokens), expires: typeof expires_in };
}

/** The answer that an explanation has. */
function answerIn({ response }: Body): Body {
  const { status, body } = response as { readonly status: unknown; readonly body: Body };
  return lastingAnswer(status, body);
}

/** The usual values mostly, and any of the others sometimes. */
const mostly = (usual: readonly unknown[], ...others: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const party: fc.Arbitrary<Party> = fc
  .record({
    issuer: fc.constantFrom('self' as const, 'idp' as const),
    client: mostly(['gateway', 'agent'], 'stranger') as fc.Arbitrary<string>,
    audiences: fc.constantFrom([API], [API, BACKEND], [PRIVATE]),
    scope: fc.constantFrom(['read'], ['read', 'write'], ['admin']),
    sub: mostly(['ada'], 'bob', 'agent', 'nobody', '', 7),
    tenant: mostly([undefined, 'blue', 'blue', 'red'], ['red'], 4),
    act: mostly([undefined], { sub: 'agent' }, { sub: 'bob', act: { sub: 'ada' } }, 'ada'),
    may_act: mostly([undefined], { sub: 'agent' }, { sub: 'bob' }, {}),
  })
  .map(({ issuer, client: clientId, audiences, scope, ...claims }) => ({
    issuer,
    ...(issuer === 'self' && { client: clientId }),
    audiences: issuer === 'self' ? audiences : [],
    scope: issuer === 'self' ? scope : [],
    claims: without(claims),
  }));

const requests = fc.record({
  client: mostly(['gateway'], 'stranger') as fc.Arbitrary<string>,
  subject: party,
  actor: fc.option(
    fc.record({
      issuer: fc.constant('self' as const),
      client: fc.constantFrom('agent', 'agent', 'gateway'),
      audiences: fc.constantFrom([API], ['gateway']),
      scope: fc.constant(['read']),
      claims: fc.record({
        sub: mostly(['agent'], 'ada'),
        act: mostly([undefined], { sub: 'bob' }),
      }),
    }),
    { freq: 2, nil: undefined },
  ),
  audience: mostly([[], [API], [BACKEND]], [API, BACKEND], ['https://nothing.example']) as fc.Arbitrary<string[]>,
  scope: mostly([undefined, undefined, 'read'], 'write', 'read write', 'read  write', 'admin') as fc.Arbitrary<string>,
  requested: mostly([undefined], 'jwt', 'refresh_token', 'saml2') as fc.Arbitrary<string | undefined>,
});

test('decides 300 random requests as the token endpoint does, by tokens and by facts', {
  timeout: 180_000,
}, async (t) => {
  const { server, idp } = await startPlayground(t);
  const token = await adminToken(server);
  const base = claimsOf(await subjectToken(server));
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(requests, async ({ client: id, subject, actor, audience, scope, requested }) => {
      const kind = subject.issuer === 'idp' ? 'jwt' : 'access_token';
      const asked = without({ audience, scope, requested_token_type: requested });
      const acting = actor && { ...actor, claims: without(actor.claims) };
      const tokens = {
        subject_token: subjectOf(server, idp, base, subject),
        subject_token_type: type(kind),
        ...(acting && {
          actor_token: subjectOf(server, idp, base, acting),
          actor_token_type: type('access_token'),
        }),
      };
      const explained = (body: Body) => admin(server, 'POST /explain', { token, body });
      const pasted = await explained({ client: id, ...tokens, ...asked });
      const facts = { subject: { ...subject, type: kind }, ...(acting && { actor: acting }) };
      const imagined = await explained({ client: id, ...facts, ...asked });
      const form: Form = { ...asked, ...(requested && { requested_token_type: type(requested) }) };
      const credentials = { grant_type: EXCHANGE, client_id: id, client_secret: `${id}-secret` };
      const answer = await server.token({ ...credentials, ...tokens, ...form });
      const row = server.audit(answer);
      const real = answer.status === 200 ? 'allowed' : row?.reason;
      const verdict = ({ decision, reason }: Body): unknown => (decision === 'allowed' ? decision : reason);
      assert.equal(verdict(pasted.body), real, pasted.text);
      assert.equal(verdict(imagined.body), real, imagined.text);
      for (const { body } of [pasted, imagined])
        assert.deepEqual(answerIn(body), lastingAnswer(answer.status, answer.body), JSON.stringify(body));
      seen.set(String(real), (seen.get(String(real)) ?? 0) + 1);
      if (real !== 'allowed' || requested === 'refresh_token') return;
      const lasting = (claims: unknown): unknown => {
        const { iat, exp, jti, lineage, actor_lineage, ...rest } = claims as Body;
        return rest;
      };
      const issued = claimsOf(answer.body.access_token);
      assert.deepEqual(lasting(pasted.body.claims), lasting(issued));
      assert.equal(Number(pasted.body.claims && (pasted.body.claims as Body).exp) <= Number(issued.exp), true);
    }),
    { numRuns: 300, seed: 25 },
  );
  assert.ok((seen.get('allowed') ?? 0) > 20, JSON.stringify([...seen]));
  assert.ok(seen.size > 10, JSON.stringify([...seen]));
});

const explain = (server: TestServer, body: Body) => admin(server, 'POST /explain', { body });
const FACTS = { issuer: 'idp', type: 'jwt', claims: { sub: 'ada', tenant: 'blue' } };

interface Answered {
  readonly decision: string;
  readonly reason?: string;
  readonly pipeline: readonly { readonly step: string; readonly state: string; readonly found?: string }[];
  readonly rules: readonly {
    readonly rule: string;
    readonly result: string;
    readonly part?: string;
    readonly at: string;
  }[];
  readonly compared: readonly { readonly claim: string; readonly change: string }[];
}
const answered = ({ status, body, text }: Awaited<ReturnType<typeof admin>>): Answered => {
  assert.equal(status, 200, text);
  return body as unknown as Answered;
};

test('lists each step, each rule with its line, and each claim beside that of the subject', async (t) => {
  const { server } = await startPlayground(t);
  const token = await adminToken(server);
  const before = writtenIn(server);
  const ask = async (body: Body) => answered(await admin(server, 'POST /explain', { token, body }));
  const allowed = await ask({ client: 'gateway', subject: FACTS, audience: [API] });
  assert.equal(allowed.decision, 'allowed');
  const states = ({ pipeline }: Answered) => pipeline.map(({ step, state }) => `${step}: ${state}`);
  const STEPS = ['client', 'request', 'subject token', 'actor token', 'delegation', 'rule', 'proof', 'target', 'scope'];
  const LAST = ['lifetime', 'claims', 'issuing'];
  assert.deepEqual(
    states(allowed),
    [...STEPS, ...LAST].map((step) => `${step}: passed`),
  );
  assert.ok(allowed.pipeline.every(({ found = '' }) => found.length > 5));
  assert.deepEqual(
    allowed.rules.map(({ rule, result, part }) => [rule, result, part]),
    [
      ['not for red', 'does not match', 'audiences'],
      ['by the agent', 'does not match', 'subject.issuer'],
      ['blue reads', 'decides', undefined],
      ['people of idp', 'is not asked', undefined],
    ],
  );
  for (const { at } of allowed.rules) assert.match(at, /cambio\.yaml:\d+$/);
  const change = new Map(allowed.compared.map((one) => [one.claim, one.change]));
  assert.deepEqual(
    ['sub', 'tenant', 'client_id', 'iss', 'aud'].map((claim) => change.get(claim)),
    ['changed', 'same', 'added', 'changed', 'changed'],
  );
  const refused = await ask({ client: 'gateway', subject: FACTS, audience: [BACKEND] });
  assert.equal(refused.reason, 'target_not_granted');
  assert.deepEqual(states(refused), [
    ...STEPS.slice(0, 5).map((step) => `${step}: passed`),
    'rule: failed',
    ...[...STEPS.slice(6), ...LAST].map((step) => `${step}: not reached`),
  ]);
  const retired = await ask({ client: 'retired', subject: FACTS });
  assert.deepEqual(states(retired).slice(0, 2), ['client: failed', 'request: not reached']);
  assert.deepEqual(writtenIn(server), before);
});

test('takes the tokens of an audit row, and judges them at its time', async (t) => {
  const { server, idp } = await startPlayground(t);
  const form = {
    subject_token: idp.sign({ tenant: 'blue' }),
    subject_token_type: type('jwt'),
    scope: 'write',
    audience: API,
  };
  const answer = await exchange(server, form);
  assert.equal(server.audit(answer)?.reason, 'scope_exceeded');
  server.clock.now += 86_400_000;
  const request = answer.headers.get('x-request-id');
  const again = (body: Body) => explain(server, { client: 'gateway', subject: { request }, audience: [API], ...body });
  assert.equal(answered(await again({ scope: 'write' })).reason, 'scope_exceeded');
  assert.equal(answered(await again({ scope: 'read' })).decision, 'allowed');
  for (const [body, status, detail] of [
    [{ actor: { request } }, 422, /body\.actor\.request: the request had no actor token\. Leave actor out/],
    [{ subject: { request: request?.replace(/^./, 'f') } }, 404, /no audit row has the id/],
    [{ subject: { request: 'x' } }, 404, /not the id of a request/],
    [{ subject: undefined }, 422, /give either subject_token or subject/],
    [{ subject_token: 'x' }, 422, /give either subject_token or subject/],
    [{ subject_token_type: 'jwt' }, 422, /subject_token_type: goes with subject_token/],
    [{ subject: { ...FACTS, expiresIn: '5 minutes' } }, 422, /body\.subject\.expiresIn: .*is not a duration/],
    [{ subject: { ...FACTS, claim: {} } }, 422, /body\.subject\.claim: unknown key\. Did you mean claims/],
  ] as const) {
    const refused = await again(body);
    assert.equal(refused.status, status, refused.text);
    assert.match(String(refused.body.detail), detail);
  }
  const { status, text } = await admin(server, 'POST /explain', {
    body: { client: 'gateway', subject: FACTS },
    token: await subjectToken(server),
  });
  assert.equal(status, 401, text);
});

test('refuses what issuing would refuse: a suspended party, a suspended client, a single-use token', async (t) => {
  const { server, idp } = await startPlayground(t);
  const asks = async (body: Body) => answered(await explain(server, { client: 'gateway', ...body })).reason;
  assert.equal(await asks({ subject: FACTS }), undefined);
  const suspend = (subject: string, issuer?: string) =>
    admin(server, 'POST /actors/suspend', { body: { subject, ...(issuer && { issuer }) } });
  const resume = (subject: string, issuer?: string) =>
    admin(server, 'POST /actors/resume', { body: { subject, ...(issuer && { issuer }) } });
  await suspend('ada', idp.url);
  const form = () => ({ subject_token: idp.sign({ tenant: 'blue' }), subject_token_type: type('jwt') });
  const real = async () => server.audit(await exchange(server, form()))?.reason;
  assert.equal(await real(), 'subject_token_suspended');
  assert.equal(await asks({ subject: FACTS }), 'subject_token_suspended');
  assert.equal(await asks(form()), 'subject_token_suspended');
  await resume('ada', idp.url);
  await suspend('gateway');
  assert.equal(await real(), 'client_suspended');
  assert.equal(await asks({ subject: FACTS }), 'client_suspended');
  await resume('gateway');
  await server.reload(
    withOperators(
      changed(configuration, named('ada', 'bob'), { issuers: [changed(entry(idp), { reuse: 'never' })], rules: RULES }),
    ),
  );
  const single = form();
  assert.equal(await asks(single), undefined);
  assert.equal(await asks(single), undefined);
  assert.equal((await exchange(server, { ...gateway, ...single })).status, 200);
  assert.equal(await asks(single), 'subject_token_replayed');
});
