// cambio explain explains the answer of a past request, or of a simulated exchange, as text and as JSON.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  API,
  acting,
  actorToken,
  assertIssued,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  named,
  subjectToken,
  withRules,
} from '../support/basics.ts';
import { type Around, beside, cambio, jsonOf, type Outcome } from '../support/command.ts';
import { added, changed } from '../support/configuration.ts';
import { claimsOf, type Form, start, type TestServer, type, writtenIn } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { revoke } from '../support/life.ts';
import { temporaryFolder } from '../support/program.ts';

type Test = Parameters<typeof start>[0];

const patient = { timeout: 180_000 };
const GOLD = 'https://gold.example';
const OPAQUE = 'https://opaque.example';

/** The basic configuration, with more causes of refusals. */
const rich = changed(configuration, named('ada', 'a', 'b', 'c', 'd', 'e', 'tool'), {
  resources: added(
    { audience: GOLD, scopes: ['read'], requiredAcr: 'gold' },
    { audience: OPAQUE, scopes: ['read'], token: { format: 'opaque' } },
  ),
  clients: added({
    id: 'retired',
    auth: 'client_secret_post',
    secret: { plain: 'x' },
    grants: ['token_exchange'],
    disabled: true,
  }),
  rules: [
    {
      name: 'gateway',
      client: 'gateway',
      subject: { issuer: 'self', types: ['access_token'] },
      actor: { clients: ['agent'] },
      grant: {
        audiences: [API, BACKEND, GOLD, OPAQUE],
        scopes: ['read', 'write'],
        types: ['access_token', 'refresh_token'],
        lifetime: '30m',
      },
    },
    {
      name: 'for staff',
      client: 'gateway',
      subject: { clients: ['agent'], when: 'subject.claims.staff == true' },
      actor: { required: true, clients: ['stranger'] },
      grant: { audiences: [API], scopes: ['read'] },
    },
  ],
});

const OPTIONS: Readonly<Record<string, string>> = {
  client_id: '--client',
  subject_token: '--subject-token',
  subject_token_type: '--subject-token-type',
  actor_token: '--actor-token',
  actor_token_type: '--actor-token-type',
  audience: '--audience',
  resource: '--resource',
  scope: '--scope',
  requested_token_type: '--requested-token-type',
};

/** Converts a form to command line arguments. */
const argumentsFor = (form: Form): string[] =>
  Object.entries(form).flatMap(([name, value]) => {
    const option = OPTIONS[name];
    const short = (text: string): string => (name.endsWith('_type') ? text.slice(type('').length) : text);
    return option === undefined ? [] : [value ?? []].flat().flatMap((one) => [option, short(one)]);
  });

const explain = (t: Test, server: TestServer, form: Form, ...more: string[]): Promise<Outcome> =>
  beside(t, server, ['explain', ...argumentsFor({ client_id: 'gateway', ...form }), ...more]);

/** The same without starting a process. */
const explainWithin = (t: TestContext, server: TestServer, form: Form, ...more: string[]): Promise<Outcome> =>
  beside(t, server, ['explain', ...argumentsFor({ client_id: 'gateway', ...form }), ...more]);

const explainRow = (t: TestContext, server: TestServer, id: string, ...more: string[]): Promise<Outcome> =>
  beside(t, server, ['explain', '--request', id, ...more]);

interface Step {
  readonly step: string;
  readonly result: string;
  readonly found: string;
}
const stepsOf = (explanation: Record<string, unknown>): readonly Step[] => explanation.steps as Step[];

test(
  'prints every step, every rule and the claims for an exchange that would be allowed, and exits with 0',
  patient,
  async (t) => {
    const server = await start(t, rich);
    const form: Form = {
      ...(await acting(server)),
      subject_token: await forgedToken(server, { sub: 'ada', scope: 'read write' }),
      subject_token_type: type('access_token'),
      audience: [API, BACKEND],
      scope: 'read',
    };
    const outcome = await explain(t, server, form, '--json');
    assert.equal(outcome.code, 0);
    const explanation = jsonOf(outcome);
    assert.deepEqual(Object.keys(explanation), [
      'decision',
      'place',
      'steps',
      'pipeline',
      'rules',
      'rulesOfOthers',
      'claims',
      'compared',
      'response',
    ]);
    assert.equal(explanation.decision, 'allowed');
    const steps = ['request', 'subject token', 'actor token', 'delegation', 'rule', 'target', 'scope', 'lifetime'];
    assert.deepEqual(
      stepsOf(explanation).map(({ step, result }) => `${step} ${result}`),
      steps.map((step) => `${step} passed`),
    );
    const at = (place: unknown): string => String(place).replace(/^.*\//, '').replace(/\d+$/, 'LINE');
    assert.deepEqual(
      (explanation.rules as Record<string, unknown>[]).map((one) => ({ ...one, at: at(one.at) })),
      [
        { rule: 'gateway', result: 'decides', at: 'cambio.yaml:LINE' },
        {
          rule: 'for staff',
          result: 'is not asked',
          why: 'the first rule that matches decides alone',
          at: 'cambio.yaml:LINE',
        },
      ],
    );
    const answer = await exchange(server, form);
    assertIssued(server, answer);
    const lasting = ({ iat, exp, jti, ...rest }: Record<string, unknown>) => ({
      ...rest,
      life: Number(exp) - Number(iat),
    });
    assert.deepEqual(
      lasting(explanation.claims as Record<string, unknown>),
      lasting(claimsOf(answer.body.access_token)),
    );
  },
);

test(
  'the text of an allowed exchange names the client, the parties, each limit, and the claims of the token',
  patient,
  async (t) => {
    const server = await start(t, rich);
    const subject_token = await forgedToken(server, { sub: 'ada' });
    const { code, stdout, stderr } = await explain(t, server, {
      subject_token,
      ...(await acting(server)),
      audience: BACKEND,
    });
    assert.deepEqual([code, stderr], [0, '']);
    // The command starts later than the exchange.
    const told = stdout.replaceAll(/\b59 min(?: \d+ s)?|\b1 h\b/g, '~1 h').split('\n');
    for (const line of [
      'Allowed.',
      `  ✓ request        gateway asks for an access token, for ${BACKEND}, with all the scope that is allowed`,
      '  ✓ subject token  is about ada: issued by this server to gateway, of type access_token, with the scope “read write”, good for another ~1 h',
      '  ✓ actor token    is about who acts, agent: issued by this server to agent, of type access_token, with the scope “read”, good for another ~1 h',
      '  ✓ delegation     agent acts for ada',
      '  ✓ rule           “gateway” decides',
      `  ✓ target         the token is for ${BACKEND}`,
      `  ✓ scope          what the token may do: read; the subject token allows read write; the client allows read write; the rule allows read write; ${BACKEND} allows read`,
      `  ✓ lifetime       10 min; the rule allows 30 min; the subject token allows ~1 h; the actor token allows ~1 h; ${BACKEND} allows 10 min`,
      '  → “gateway” decides',
      '    “for staff” is not asked: the first rule that matches decides alone',
      'The token would say',
    ]) {
      assert.equal(told.includes(line), true, `${line}\n\n${told.join('\n')}`);
    }
  },
);

/** Requests that are refused, at least one for each step, and the step that refuses. */
const refusals: readonly {
  readonly step: string;
  readonly reason: string;
  readonly wrong: (server: TestServer) => Form | Promise<Form>;
}[] = [
  { step: 'request', reason: 'target_malformed', wrong: () => ({ resource: '/v1' }) },
  { step: 'request', reason: 'scope_malformed', wrong: () => ({ scope: 'read  write' }) },
  {
    step: 'request',
    reason: 'requested_token_type_unsupported',
    wrong: () => ({ requested_token_type: type('saml2') }),
  },
  {
    step: 'request',
    reason: 'subject_token_type_unsupported',
    wrong: () => ({ subject_token_type: type('id_token') }),
  },
  {
    step: 'request',
    reason: 'grant_not_allowed',
    wrong: () => ({ client_id: 'stranger', client_secret: 'stranger-secret' }),
  },
  {
    step: 'subject token',
    reason: 'subject_token_expired',
    wrong: async (server) => ({
      subject_token: await forgedToken(server, { exp: Math.floor(server.clock.now / 1000) - 90_000 }),
    }),
  },
  {
    step: 'subject token',
    reason: 'subject_token_revoked',
    wrong: async (server) => {
      const subject_token = await subjectToken(server);
      await revoke(server, subject_token);
      return { subject_token };
    },
  },
  {
    step: 'actor token',
    reason: 'actor_token_signature',
    wrong: async (server) => ({
      actor_token: (await actorToken(server)).replace(/[^.]{8}$/, 'AAAAAAAA'),
      actor_token_type: type('access_token'),
    }),
  },
  { step: 'delegation', reason: 'actor_is_subject', wrong: (server) => acting(server, { sub: 'gateway' }) },
  {
    step: 'delegation',
    reason: 'may_act',
    wrong: async (server) => ({ subject_token: await forgedToken(server, { may_act: { sub: 'somebody' } }) }),
  },
  {
    step: 'delegation',
    reason: 'chain_too_deep',
    wrong: async (server) => ({
      ...(await acting(server)),
      subject_token: await forgedToken(server, {
        act: { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', act: { sub: 'e' } } } } },
      }),
    }),
  },
  {
    step: 'rule',
    reason: 'no_rule_for_subject',
    wrong: async (server) => ({ subject_token: await forgedToken(server, { client_id: 'stranger' }) }),
  },
  { step: 'rule', reason: 'no_rule_for_actor', wrong: (server) => acting(server, { client_id: 'stranger' }) },
  { step: 'rule', reason: 'requested_token_type_not_granted', wrong: () => ({ requested_token_type: type('jwt') }) },
  {
    step: 'rule',
    reason: 'requested_token_type_needs_grant',
    wrong: () => ({ requested_token_type: type('refresh_token') }),
  },
  { step: 'target', reason: 'target_unknown', wrong: () => ({ audience: 'urn:nothing' }) },
  { step: 'target', reason: 'target_not_granted', wrong: () => ({ audience: 'https://private.example' }) },
  { step: 'target', reason: 'targets_disagree', wrong: () => ({ audience: [API, OPAQUE] }) },
  { step: 'target', reason: 'target_needs_acr', wrong: () => ({ audience: GOLD }) },
  { step: 'scope', reason: 'scope_exceeded', wrong: () => ({ scope: 'read admin' }) },
  {
    step: 'scope',
    reason: 'scope_empty',
    wrong: async (server) => ({ subject_token: await forgedToken(server, { scope: 'write' }), audience: BACKEND }),
  },
];

test('explains a refusal with its step, answer and reason, also later from its row', patient, async (t) => {
  const server = await start(t, rich);
  const good = { subject_token: await subjectToken(server), subject_token_type: type('access_token') };
  for (const { step, reason, wrong } of refusals) {
    const form = { ...good, ...(await wrong(server)) };
    const answer = await exchange(server, form);
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, reason]);
    const id = answer.headers.get('x-request-id') ?? '';
    const live = await beside(t, server, ['explain', ...argumentsFor({ client_id: 'gateway', ...form }), '--json']);
    const past = await beside(t, server, ['explain', '--request', id, '--json']);
    for (const outcome of [live, past]) {
      const { decision, error, error_description, reason: told, meaning, remedy, ...rest } = jsonOf(outcome);
      assert.deepEqual([typeof meaning, typeof remedy], ['string', 'string']);
      assert.deepEqual([outcome.code, decision, told], [3, 'refused', reason]);
      assert.deepEqual([error, error_description], [answer.body.error, answer.body.error_description]);
      const steps = stepsOf(rest).map(({ step, result }) => `${step} ${result}`);
      assert.equal(steps.at(-1), `${step} refused`, reason);
      assert.deepEqual(steps.filter((one) => one.endsWith(' refused')).length, 1);
    }
    const [now, then] = [jsonOf(live), jsonOf(past)];
    assert.deepEqual(
      stepsOf(then).map((one) => one.step),
      stepsOf(now).map((one) => one.step),
      reason,
    );
    for (const member of ['rules', 'rulesOfOthers', 'place', 'detail', 'values'])
      assert.deepEqual(then[member], now[member], `${reason} ${member}`);
  }
});

test('exits with 3 for a refusal at each step', patient, async (t) => {
  const server = await start(t, rich);
  const good = { subject_token: await subjectToken(server), subject_token_type: type('access_token') };
  const steps = new Map(refusals.map((one) => [one.step, one]));
  assert.deepEqual(
    [...steps.keys()],
    ['request', 'subject token', 'actor token', 'delegation', 'rule', 'target', 'scope'],
  );
  const codes = await Promise.all(
    [...steps.values()].map(async ({ step, wrong }) => {
      const { code, stdout, stderr } = await explain(t, server, { ...good, ...(await wrong(server)) });
      assert.match(stdout, new RegExp(`^Refused: .*\\n[^]*\\n  ✗ ${step} `));
      assert.equal(stderr, '');
      return code;
    }),
  );
  assert.deepEqual(codes, Array(7).fill(3));
  assert.equal((await explain(t, server, good)).code, 0);
});

test('refuses an unknown, disabled or public client as the token endpoint does', patient, async (t) => {
  const open = { id: 'open', auth: 'none', grants: ['token_exchange'] };
  const server = await start(t, changed(rich, { clients: added(open) }));
  const subject_token = await subjectToken(server);
  for (const [client_id, reason] of [
    ['nobody', 'client_unknown'],
    ['retired', 'client_disabled'],
  ] as const) {
    const outcome = await explainWithin(t, server, { subject_token, client_id }, '--json');
    const { error, reason: told } = jsonOf(outcome);
    assert.deepEqual([outcome.code, error, told], [3, 'invalid_client', reason]);
  }
  const asOpen = jsonOf(await explainWithin(t, server, { subject_token, client_id: 'open' }, '--json'));
  assert.equal(asOpen.reason, 'public_client_not_allowed');
  assert.equal((await explainWithin(t, server, { subject_token }, '--json')).code, 0);
});

test('the text of a refusal names each rule, what it requires, and the value in the request', patient, async (t) => {
  const server = await start(
    t,
    withRules(
      `{ name: r-client, client: [stranger, agent], grant: { audiences: [${API}] } }`,
      `{ name: r-issuer, client: gateway, subject: { issuer: idp }, grant: { audiences: [${API}] } }`,
      `{ name: r-types, client: gateway, subject: { types: [refresh_token] }, grant: { audiences: [${API}] } }`,
      `{ name: r-clients, client: gateway, subject: { clients: [agent] }, grant: { audiences: [${API}] } }`,
      `{ name: r-when, client: gateway, subject: { when: 'subject.claims.tenant == "a" && subject.claims.level > 2' }, grant: { audiences: [${API}] } }`,
      `{ name: r-required, client: gateway, actor: { required: true }, grant: { audiences: [${API}] } }`,
      `{ name: r-audience, client: gateway, grant: { audiences: [${BACKEND}] } }`,
      `{ name: r-own, client: gateway, when: 'request.scope == ["read"]', grant: { audiences: [${API}] } }`,
      `{ name: r-watched, client: gateway, mode: audit, grant: { audiences: [${API}], scopes: [read] } }`,
    ),
  );
  const subject_token = await forgedToken(server, { tenant: 'b' });
  const { code, stdout } = await explain(t, server, { subject_token, audience: API });
  assert.equal(code, 3);
  assert.equal(
    stdout.slice(stdout.indexOf('The rules, in order')),
    `The rules, in order
    “r-issuer” does not match: its subject must come from idp, not from ${server.issuer} (subject.issuer)
    “r-types” does not match: its subject token must be of type refresh_token, not access_token (subject.types)
    “r-clients” does not match: its subject token must be issued by this server to agent, not to gateway (subject.clients)
    “r-when” does not match: its condition is not true: subject.claims.tenant == "a" && subject.claims.level > 2; subject.claims.tenant is "b", subject.claims.level is missing (subject.when)
    “r-required” does not match: it wants an actor token, and there is none (actor.required)
    “r-audience” does not match: it grants ${BACKEND} alone (grant.audiences)
    “r-own” does not match: its condition is not true: request.scope == ["read"] (when)
    “r-watched” is only watched (mode: audit): it would allow “read” at ${API}
    1 rule is for other clients
`,
  );
  const origin = await explainWithin(t, server, {
    subject_token: await forgedToken(server, { client_id: 'stranger' }),
  });
  assert.match(
    origin.stdout,
    /“r-audience” does not match: the subject token was neither issued to the calling client nor addressed to it/,
  );
  const actor = await explainWithin(t, server, {
    subject_token,
    ...(await acting(server, { act: { sub: 'stranger' } })),
  });
  assert.match(
    actor.stdout,
    /“r-audience” does not match: somebody acts for the actor already, and the rule does not say `delegated: allow`/,
  );
});

test('for an invalid token, the text says once that no rule was evaluated', patient, async (t) => {
  const server = await start(t, rich);
  const { code, stdout } = await explainWithin(t, server, { subject_token: 'x.y.z' });
  assert.equal(code, 3);
  assert.match(stdout, /\n\nThe rules, in order\n {4}none was asked: the request did not come so far\n$/);
  const good = await explainWithin(t, server, { subject_token: await subjectToken(server) });
  assert.match(good.stdout, /\n\nThe rules, in order\n {2}→ “gateway” decides\n/);
});

test('reports a claim of the rule that has no value and is left out', patient, async (t) => {
  const rule = `{ client: gateway, grant: { audiences: [${API}], scopes: [read], claims: { team: subject.claims.team } } }`;
  const server = await start(t, withRules(rule));
  const without = await explainWithin(t, server, { subject_token: await subjectToken(server) });
  assert.match(without.stdout, /\n {2}✓ claims {9}not known, and therefore left out: team\n/);
  const known = await explainWithin(t, server, { subject_token: await forgedToken(server, { team: 'red' }) });
  assert.equal(known.stdout.includes('left out'), false);
  assert.match(known.stdout, /"team": "red"/);
});

test('explains an allowed exchange from its audit row, and exits with 0', patient, async (t) => {
  const server = await start(t, rich);
  const answer = await exchange(server, { ...(await acting(server)), audience: API, scope: 'read' });
  const id = answer.headers.get('x-request-id') ?? '';
  const outcome = await beside(t, server, ['explain', '--request', id]);
  assert.equal(outcome.code, 0);
  for (const line of [
    '  ✓ delegation     agent acts for gateway',
    '  ✓ scope          what the token may do: read',
    '  ✓ lifetime       30 min',
  ]) {
    assert.equal(outcome.stdout.split('\n').includes(line), true, `${line}\n\n${outcome.stdout}`);
  }
});

test('says that no row has the id and which requests have no row, and exits with 1', patient, async (t) => {
  const server = await start(t, rich);
  for (const [id, said] of [
    ['00000000-0000-0000-0000-000000000000', /^cambio: no audit row has the id 0000[-0]*\. The answer was to bytes/],
    ['01a22ac8-097e-7166-b97f-0954bd300e95', /, which was made at 20\d\d-\S+Z\. Rows are written for refusals/],
    ['x', /^cambio: this is not the id of a request\. Give request_id of the answer/],
  ] as const) {
    const { code, stdout, stderr } = await explainRow(t, server, id);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, said);
  }
});

test(
  'explains a request that was refused before its tokens were read, with the sentence that the caller received',
  patient,
  async (t) => {
    const server = await start(t, rich);
    for (const [form, reason] of [
      [{ client_secret: 'wrong' }, 'client_credentials'],
      [{ client_secret: undefined, client_id: undefined }, 'client_authentication_missing'],
      [{ subject_token_type: undefined }, 'parameter_missing'],
    ] as const) {
      const answer = await exchange(server, form);
      const outcome = await explainRow(t, server, String(answer.headers.get('x-request-id')), '--json');
      const {
        decision,
        error,
        error_description: sentence,
        reason: told,
        steps,
      } = jsonOf(outcome) as Record<string, unknown> & { steps: Step[] };
      assert.deepEqual([outcome.code, decision, error, told], [3, 'refused', answer.body.error, reason]);
      assert.equal(sentence, answer.body.error_description);
      assert.deepEqual(
        steps.map(({ step, result }) => [step, result]),
        reason === 'parameter_missing'
          ? [['request', 'refused']]
          : [
              ['request', 'passed'],
              ['client', 'refused'],
            ],
      );
    }
  },
);

test('reads a token as text, as @FILE, or as - from standard input, and guesses its type', patient, async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, changed(configuration, { issuers: [entry(idp)], rules: added(rule) }));
  const token = await subjectToken(server);
  writeFileSync(join(server.folder, 'token.txt'), token);
  writeFileSync(join(server.folder, 'line.txt'), `${token}\n`);
  writeFileSync(join(server.folder, 'foreign.txt'), idp.sign());
  const at = (name: string): string => `@${join(server.folder, name)}`;
  const args = (...rest: string[]): string[] => ['--client', 'gateway', '--json', ...rest];
  const run = (around: Around, ...rest: string[]): Promise<Outcome> =>
    beside(t, server, ['explain', ...args(...rest)], { cwd: server.folder, ...around });
  const declared = (outcome: Outcome): unknown =>
    /presented as (\w+)|of type (\w+)/
      .exec(stepsOf(jsonOf(outcome))[1]?.found ?? '')
      ?.slice(1)
      .find(Boolean);
  for (const [given, expected] of [
    [['--subject-token', at('token.txt')], 'access_token'],
    [['--subject-token', token], 'access_token'],
    [['--subject-token', token, '--subject-token-type', 'jwt'], 'jwt'],
    [['--subject-token', at('foreign.txt')], 'jwt'],
  ] as const) {
    assert.equal(declared(await beside(t, server, ['explain', ...args(...given)])), expected);
  }
  const [fromInput, fromBoth, twice, missing] = await Promise.all([
    run({ input: `${token}\n` }, '--subject-token', '-'),
    run({ input: await actorToken(server) }, '--subject-token', '@token.txt', '--actor-token', '-'),
    run({}, '--subject-token', '-', '--actor-token', '-'),
    run({}, '--subject-token', '@nowhere.txt'),
  ]);
  assert.deepEqual([declared(fromInput), fromBoth.code, twice.code, twice.stdout], ['access_token', 0, 2, '']);
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
  assert.match(missing.stderr, /nowhere\.txt/);
  // A command takes no line feed from the end of a file; the server refuses a request that has one, and explains that.
  assert.equal(declared(await run({}, '--subject-token', '@line.txt')), 'access_token');
  const detailed = 'it ends in a line feed: send the token without it';
  const sent = server.audit(await exchange(server, { subject_token: `${token}\n` }));
  assert.deepEqual([sent?.reason, sent?.detail], ['subject_token_malformed', detailed]);
});

test('exits with 2 for wrong usage and with 1 for a failure, with one line each', patient, async (t) => {
  const server = await start(t, rich);
  const subject = ['--subject-token', await subjectToken(server)];
  const good = ['--client', 'gateway', ...subject];
  const wrong = [[], subject, ['--client', 'gateway'], [...good, '--nonsense'], [...good, '--request', 'x']];
  for (const { code, stdout, stderr } of await Promise.all(
    wrong.map((args) => beside(t, server, ['explain', ...args])),
  )) {
    assert.deepEqual([code, stdout], [2, '']);
    assert.notEqual(stderr, '');
  }
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, 'issuer: http://127.0.0.1:1\nstore: sqlite:cambio.db\n');
  const empty = await cambio(t, ['explain', '--config', file, '--client', 'a', '--subject-token', 'x']);
  assert.deepEqual([empty.code, empty.stdout], [1, '']);
  assert.match(empty.stderr, /no database at .*cambio\.db yet/);
  assert.equal((await explain(t, server, { subject_token: subject[1] })).code, 0);
});

test('explaining repeatedly writes nothing and uses up no token, and reports a used token', patient, async (t) => {
  const idp = await startIssuer(t);
  const issuers = [entry(idp, { reuse: 'never' })];
  const rule = `{ client: gateway, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read], types: [access_token] } }`;
  const server = await start(t, changed(configuration, { issuers, rules: added(rule) }));
  const once = { subject_token: idp.sign(), subject_token_type: type('jwt') };
  const before = writtenIn(server);
  for (const form of [once, once, { ...once, scope: 'nothing' }]) {
    assert.equal((await explain(t, server, form)).code, 'scope' in form ? 3 : 0);
  }
  assert.deepEqual(writtenIn(server), before);
  assertIssued(server, await exchange(server, once));
  const after = await explain(t, server, once, '--json');
  assert.deepEqual([after.code, jsonOf(after).reason], [3, 'subject_token_replayed']);
});
