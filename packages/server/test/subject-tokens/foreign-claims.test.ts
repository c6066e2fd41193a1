// Another issuer can vouch only for its own subjects: as actors, as subjects, and as clients of a token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/app.ts';
import { actorsOf } from '../support/actors.ts';
import { API, acting, assertIssued, exchange, gateway } from '../support/basics.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';
import { entry, type FakeIssuer, INTROSPECT, lifeOf, startIssuer, trusting } from '../support/issuer.ts';
import { assertActorRefused, assertSubjectRefused, present, presentActor } from '../support/trusting.ts';

const GRANT = `grant: { audiences: [${API}], scopes: [read] }`;
const OPEN = `{ client: gateway, subject: { issuer: [self, idp, other], clients: [gateway] }, actor: { issuer: [self, idp, other], clients: [gateway, agent], delegated: allow }, ${GRANT} }`;
const FOREIGN = `{ client: gateway, subject: { issuer: [idp, other] }, actor: { issuer: [idp, other], delegated: allow }, ${GRANT} }`;
const FROM_US = `{ client: gateway, subject: { issuer: self, clients: [gateway] }, actor: { issuer: [idp, other], delegated: allow }, ${GRANT} }`;

const OURS_FOR_THEIRS = `{ client: gateway, subject: { issuer: [idp, other] }, actor: { issuer: self, clients: [gateway, agent] }, ${GRANT} }`;

interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  readonly other: FakeIssuer;
}

async function open(t: Parameters<typeof startIssuer>[0], members: Readonly<Record<string, string>> = {}) {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const entries = [entry(idp, { accepts: '[access_token, jwt]', ...members }), entry(other, { name: 'other' })];
  return { server: await start(t, trusting(entries, [FROM_US, FOREIGN, OURS_FOR_THEIRS, OPEN])), idp, other };
}

/** Each has a hop that the issuer cannot vouch for, at the top or below a valid one. */
const strangers = ({ server, idp, other }: World): readonly (readonly [string, unknown])[] => [
  ['a client of ours', { iss: server.issuer, sub: 'agent' }],
  ['the caller', { iss: server.issuer, sub: 'gateway' }],
  ['a subject of another issuer', { iss: other.url, sub: 'agent' }],
  ['a subject of an untrusted issuer', { iss: 'https://nobody.example', sub: 'agent' }],
  ['nearly its own', { iss: `${idp.url}/`, sub: 'agent' }],
  ['a client of ours below its own', { sub: 'robot', act: { iss: server.issuer, sub: 'agent' } }],
  ['its own below a client of ours', { iss: server.issuer, sub: 'agent', act: { sub: 'robot' } }],
  ['a stranger deep below', { sub: 'a', act: { sub: 'b', act: { iss: other.url, sub: 'c' } } }],
];

test("accepts only the issuer's own subjects in a foreign act, in subject and actor tokens (RFC 8693 section 4.1)", async (t) => {
  const world = await open(t);
  const { server, idp } = world;
  for (const [what, act] of strangers(world)) {
    assertSubjectRefused(server, await present(server, idp.sign({ act })), 'act_not_vouched', what);
    assertActorRefused(server, await presentActor(server, idp.sign({ sub: 'x', act })), 'act_not_vouched', what);
  }
  for (const act of [
    { sub: 'agent' },
    { iss: idp.url, sub: 'agent' },
    { sub: 'agent', act: { iss: idp.url, sub: 'b' } },
  ]) {
    const answer = await present(server, idp.sign({ act }));
    assertIssued(server, answer);
    const hop = claimsOf(answer.body.access_token).act as { iss: string; sub: string };
    assert.deepEqual([hop.iss, hop.sub], [idp.url, 'agent'], 'never ours, though a client of ours has the name');
    assert.equal(server.audit(answer)?.chain?.[0]?.iss, idp.url);
  }
});

test("accepts only the issuer's own subjects in the act of an introspection answer", async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token]', introspection })));
  const ask = (act: unknown) => {
    idp.opaque.set('token', { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'gateway', active: true, act });
    return exchange(server, { subject_token: 'token', subject_token_type: type('access_token') });
  };
  assertSubjectRefused(server, await ask({ iss: server.issuer, sub: 'agent' }), 'act_not_vouched');
  assertIssued(server, await ask({ sub: 'agent' }));
});

test('accepts any actor in a token of ours, if each hop has its issuer', async (t) => {
  const { server, idp } = await open(t);
  const hop = await exchange(server, { actor_token: idp.sign({ sub: 'robot' }), actor_token_type: type('jwt') });
  const subject_token = String(hop.body.access_token);
  const own: Form = { ...(await acting(server)), subject_token };
  assert.deepEqual(await actorsOf(server, own), ['agent', `robot@${idp.url}`]);
  const claims = claimsOf(subject_token);
  const unclear = { iss: idp.url, sub: 'robot', act: { sub: 'agent' } };
  const forged = await exchange(server, { subject_token: server.forge({ ...claims, act: unclear }) });
  assertSubjectRefused(server, forged, 'claims');
});

test("accepts any name in a foreign may_act, because it only restricts; other members count for that issuer's tokens", async (t) => {
  const { server, idp, other } = await open(t);
  const subject = (may_act: unknown): Form => ({
    subject_token: idp.sign({ may_act }),
    subject_token_type: type('jwt'),
  });
  const agent = await acting(server);
  assert.deepEqual(await actorsOf(server, { ...subject({ iss: server.issuer, sub: 'agent' }), ...agent }), ['agent']);
  const refused = await exchange(server, { ...subject({ sub: 'agent' }), ...agent });
  assert.equal(server.audit(refused)?.reason, 'may_act', 'its own agent is not ours');
  // A token of ours about a foreign subject: its client_id is one of our clients, not of theirs.
  const about = await present(server, other.sign({ sub: 'robot' }));
  const robot = { actor_token: String(about.body.access_token), actor_token_type: type('access_token') };
  const theirs = { iss: other.url, sub: 'robot' };
  assert.deepEqual(await actorsOf(server, { ...subject(theirs), ...robot }), ['other:robot']);
  const mixed = await exchange(server, { ...subject({ ...theirs, client_id: 'gateway' }), ...robot });
  assert.equal(server.audit(mixed)?.reason, 'may_act');
});

test('never treats a foreign client_id or azp as a client of ours', async (t) => {
  const rule = (when: string) => `{ client: gateway, subject: { issuer: [self, idp], when: '${when}' }, ${GRANT} }`;
  const idp = await startIssuer(t);
  const entries = entry(idp, { accepts: '[access_token, jwt]' });
  const [ours, theirs] = [
    await start(t, trusting(entries, [rule('subject.client_id == "gateway"')])),
    await start(t, trusting(entries, [rule('subject.claims.azp == "gateway"')])),
  ];
  for (const claims of [{ client_id: 'gateway' }, { azp: 'gateway' }, { client_id: 'gateway', azp: 'gateway' }]) {
    const answer = await present(ours, idp.sign(claims));
    assert.equal(ours.audit(answer)?.reason, 'no_rule_for_subject', JSON.stringify(claims));
    assert.equal(ours.audit(answer)?.subject?.clientId, undefined);
  }
  assertIssued(theirs, await present(theirs, idp.sign({ azp: 'gateway' })));
});

test('refuses an auth_time in the future, because it would satisfy every limit on age', async (t) => {
  const { server, idp } = await open(t);
  const now = Math.floor(server.clock.now / 1000);
  for (const auth_time of [now + 90, now + 1e6, 253_402_300_799])
    assertSubjectRefused(server, await present(server, idp.sign({ auth_time })), 'not_yet_valid', `${auth_time}`);
  for (const auth_time of [-1, 0.5, String(now), null, [now]])
    assertSubjectRefused(server, await present(server, idp.sign({ auth_time })), 'claims', `${auth_time}`);
  for (const auth_time of [now, now + 5, now + 30, 0]) {
    const { access_token: token } = (await present(server, idp.sign({ auth_time }))).body;
    assert.equal(claimsOf(token).auth_time, Math.min(auth_time, now), `${auth_time}`);
  }
});

const upstream = { clientId: 'us', secret: { plain: 'x' }, allowPrivateNetwork: true };

/** With two accounts, and people of another provider. */
const people = (base: Configuration, { issuer = 'http://127.0.0.1:9', name = 'corp' } = {}): Configuration =>
  changed(base, {
    accounts: [
      { username: 'ada', password: { plain: 'secret' }, sub: 'user-1' },
      { username: 'bob', password: { plain: 'secret' } },
    ],
    upstream: { ...upstream, issuer, name },
  });

test('refuses a mapped subject with the name of a client, an account, a person of upstream, or a subject of another issuer', async (t) => {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const entries = [entry(idp, { subject: 'claims.login' }), entry(other, { name: 'other' })];
  const server = await start(t, people(trusting(entries, [FOREIGN])));
  for (const login of ['gateway', 'agent', 'user-1', 'bob', 'corp:ada', 'corp:', 'other:ada', 'other:']) {
    const answer = await present(server, idp.sign({ login }));
    assertSubjectRefused(server, answer, 'name_taken', login);
    assertActorRefused(server, await presentActor(server, idp.sign({ login })), 'name_taken', login);
  }
  for (const login of ['ada', 'user-2', 'Bob', 'corp', 'idp:ada', 'corpx:ada']) {
    const answer = await present(server, idp.sign({ login, sub_id: { format: 'iss_sub', iss: other.url, sub: 'x' } }));
    assertIssued(server, answer, login);
    const { sub, sub_id } = claimsOf(answer.body.access_token);
    assert.deepEqual([sub, sub_id], [login, { format: 'iss_sub', iss: idp.url, sub: 'ada' }], 'where it came from');
  }
});

test('refuses a name with invisible characters, mapped or not', async (t) => {
  const idp = await startIssuer(t);
  const mapped = await start(t, people(trusting(entry(idp, { subject: 'claims.login' }), [FOREIGN])));
  const plain = await start(t, people(trusting(entry(idp), [FOREIGN])));
  const unseen = [
    'ada ',
    'ada\u00a0',
    'ada\u2003',
    'ada\u200b',
    'a\u00adda',
    'ada\ufeff',
    'ada\u2060',
    'a\u200dda',
    'ada\ufe0f',
  ];
  for (const name of unseen) {
    const what = JSON.stringify(name);
    assertSubjectRefused(mapped, await present(mapped, idp.sign({ login: name })), 'subject', what);
    assertSubjectRefused(plain, await present(plain, idp.sign({ sub: name })), 'subject', what);
  }
  assertSubjectRefused(mapped, await present(mapped, idp.sign({ login: ' ada' })), 'subject');
  assertSubjectRefused(plain, await present(plain, idp.sign({ sub: ' ada' })), 'subject');
  for (const name of ['ada', 'Ada Lovelace', 'Zoë', '山田 太郎', 'e\u0301mile'])
    assertIssued(mapped, await present(mapped, idp.sign({ login: name })), name);
});

test('gives names of upstream people only to the same issuer under the same name', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: idp }, ${GRANT} }`;
  const base = trusting(entry(idp, { subject: '\'"idp:" + claims.login\'' }), [rule]);
  const server = await start(t, people(base, { issuer: idp.url, name: 'idp' }));
  assertSubjectRefused(server, await present(server, idp.sign({ login: 'bob' })), 'name_taken');
  const answer = await present(server, idp.sign({ login: 'ada' }));
  assert.equal(claimsOf(answer.body.access_token).sub, 'idp:ada');
});

test('refuses a token about a foreign subject once a client or an account has its name', async (t) => {
  const idp = await startIssuer(t);
  const yaml = trusting(entry(idp, { subject: 'claims.login' }), [
    `{ client: gateway, subject: { issuer: [self, idp], clients: [gateway], types: [access_token] }, ${GRANT} }`,
    `{ client: gateway, subject: { issuer: idp }, ${GRANT} }`,
  ]);
  const first = await start(t, yaml);
  const [bob, eve] = await Promise.all(
    ['bob', 'eve'].map(async (login) => String((await present(first, idp.sign({ login }))).body.access_token)),
  );
  for (const subject_token of [bob, eve]) assertIssued(first, await exchange(first, { subject_token }));
  const { sub, sub_id } = claimsOf(bob);
  await first.close();
  const second = await start(t, people(yaml), { folder: first.folder });
  const again = (name: unknown) =>
    exchange(second, { subject_token: second.forge({ ...claimsOf(eve), iss: second.issuer, sub: name, sub_id }) });
  assertSubjectRefused(second, await again(sub), 'name_taken');
  assertIssued(second, await again('eve'));
});

test("refuses mappings that could give another subject's name, as a fault of the file", async (t) => {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const two = (a: string, b: string, more: Readonly<Record<string, string>> = {}) =>
    people(
      trusting(
        [entry(idp, { subject: `'${a}'`, ...more }), entry(other, { name: 'other', subject: `'${b}'`, ...more })],
        [FOREIGN],
      ),
    );
  const staff = { people: 'staff' };
  const same = /may give the same names/;
  for (const [yaml, fault] of [
    [two('claims.email', 'claims.email'), same],
    [two('claims.email', '"user:" + claims.email'), same],
    [two('"user:" + claims.email', '"user:" + claims.sub'), same],
    [two('"us" + claims.email', '"user:" + claims.sub'), same],
    [two('"ada"', '"ada"'), same],
    [two('"ada"', 'claims.sub'), same],
    [two('"other:" + claims.sub', '"b:" + claims.sub'), /gives every subject a name of the issuer other/],
    [two('"corp:" + "x"', '"b:" + claims.sub'), /gives every subject a name of the issuer corp/],
    [two('"user-1"', '"b:" + claims.sub'), /gives the name of the account "user-1"/],
    [
      two('"gate" + "way"', '"b:" + claims.sub'),
      /clients\[gateway\]\.id: "gateway" is also the name that the issuer idp gives to its subjects/,
    ],
  ] as const) {
    await assert.rejects(start(t, yaml), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, fault);
      return true;
    });
  }
  for (const yaml of [
    two('"a:" + claims.email', '"b:" + claims.email'),
    two('"idp:" + claims.email', '"other:" + claims.email'),
    two('"a"', '"ab:" + claims.email'),
    two('claims.email', 'claims.email', staff),
  ])
    await start(t, yaml);
});

test('refuses a subject as its own actor under another issuer that vouches for the same people', async (t) => {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const members = { subject: 'claims.email', people: 'staff' };
  const server = await start(
    t,
    trusting([entry(idp, members), entry(other, { ...members, name: 'other' })], [FOREIGN]),
  );
  const ask = (email: string): Promise<Answer> =>
    exchange(server, {
      ...gateway,
      subject_token: idp.sign({ email: 'ada@example.com' }),
      subject_token_type: type('jwt'),
      actor_token: other.sign({ email, sub: 'x' }),
      actor_token_type: type('jwt'),
    });
  const refused = await ask('ada@example.com');
  assert.equal(server.audit(refused)?.reason, 'actor_is_subject');
  assertIssued(server, await ask('bob@example.com'));
});
