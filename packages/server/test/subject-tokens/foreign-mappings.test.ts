// The mappings of an issuer's entry (`subject`, `claims` in CEL), and `reuse`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/app.ts';
import { API, assertIssued, assertRefused, SCOPE_REFUSED } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { type Answer, claimsOf, start, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, startIssuer, trusting } from '../support/issuer.ts';
import { assertActorRefused, assertSubjectRefused, present, presentActor } from '../support/trusting.ts';

test('names the subject by the mapping, and keeps issuer and subject of origin in sub_id', async (t) => {
  const idp = await startIssuer(t);
  const subject = '\'"user:" + claims.email\'';
  const server = await start(t, trusting(entry(idp, { subject })));
  const answer = await present(server, idp.sign({ email: 'ada@example.com' }));
  const { sub, sub_id } = claimsOf(answer.body.access_token);
  assert.deepEqual([sub, sub_id], ['user:ada@example.com', { format: 'iss_sub', iss: idp.url, sub: 'ada' }]);
  for (const email of [undefined, 1, 'a\0b', ['ada@example.com'], 'x'.repeat(2000)]) {
    assertSubjectRefused(server, await present(server, idp.sign({ email })), 'subject', String(email));
  }
});

test('says why a token has no name, without the value', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, { subject: 'claims.login' })));
  for (const [login, why] of [
    [undefined, /^subject of its issuer entry gives no name: claims\.login is missing$/],
    [null, /it is null$/],
    [7, /it is a number, not a text$/],
    [['SECRET'], /it is a list, not a text$/],
    [{ SECRET: 1 }, /it is a map, not a text$/],
    ['', /it is an empty text$/],
    ['SECRET'.repeat(400), /it is a text of 2400 characters, and 1024 are allowed$/],
    ['SECRET\u200b', /characters that cannot be seen/],
  ] as const) {
    const answer = await present(server, idp.sign({ login }));
    assertSubjectRefused(server, answer, 'subject', String(login));
    const { detail = '' } = server.audit(answer) ?? {};
    assert.match(detail, why);
    assert.doesNotMatch(detail, /SECRET/);
  }
});

test('records the claims that a mapping could not give, each with the reason, and explain says them', async (t) => {
  const idp = await startIssuer(t);
  const claims = '{ email: claims.email, groups: "claims.groups.filter(g, g != \'x\')", first: "claims.list[0]" }';
  const server = await start(t, trusting(entry(idp, { claims })));
  const token = idp.sign({ email: 'ada@example.com', groups: 'SECRET', list: [] });
  const answer = await present(server, token);
  const { email, groups, first } = claimsOf(answer.body.access_token);
  assert.deepEqual([email, groups, first], ['ada@example.com', undefined, undefined]);
  const { unmapped = {} } = server.audit(answer)?.subject ?? {};
  assert.deepEqual(Object.keys(unmapped).toSorted(), ['first', 'groups']);
  assert.match(unmapped.groups ?? '', /string|list/);
  assert.doesNotMatch(JSON.stringify(server.audit(answer)), /SECRET/);
  const said = ['explain', '--client', 'gateway', '--subject-token', token, '--subject-token-type', 'jwt'];
  const { code, stdout } = await beside(t, server, said);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /without the claim groups of its issuer entry \(.+\)/);
  assert.match(stdout, /without the claim first of its issuer entry \(.+\)/);
  assert.doesNotMatch(stdout, /without the claim email/);
  const whole = await present(server, idp.sign({ email: 'e', groups: ['a'], list: ['b'] }));
  assert.equal(server.audit(whole)?.subject?.unmapped, undefined);
});

test('refuses a mapped subject with the name of a client, or of a subject of another issuer', async (t) => {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const entries = [entry(idp, { subject: 'claims.login' }), entry(other, { name: 'other' })];
  const server = await start(t, trusting(entries));
  for (const login of ['gateway', 'agent', 'other:ada', 'other:']) {
    assertSubjectRefused(server, await present(server, idp.sign({ login })), 'name_taken', login);
  }
  for (const login of ['ada', 'idp:ada', 'others:ada', 'other', 'agents']) {
    assert.equal(claimsOf((await present(server, idp.sign({ login }))).body.access_token).sub, login);
  }
});

test('adds the claims of the mapping that have a value (AT-06)', async (t) => {
  const idp = await startIssuer(t);
  const claims =
    '{ email: claims.email, groups: "claims.groups.filter(g, g.startsWith(\'shop-\'))", verified: claims.email_verified }';
  const server = await start(t, trusting(entry(idp, { claims })));
  const said = async (token: string) => {
    const { email, groups, verified } = claimsOf((await present(server, token)).body.access_token);
    return { email, groups, verified };
  };
  assert.deepEqual(
    await said(idp.sign({ email: 'ada@example.com', email_verified: true, groups: ['shop-a', 'x', 'shop-b'] })),
    { email: 'ada@example.com', groups: ['shop-a', 'shop-b'], verified: true },
  );
  assert.deepEqual(await said(idp.sign({ groups: 'shop-a' })), {
    email: undefined,
    groups: undefined,
    verified: undefined,
  });
});

test('refuses the token if a mapping cannot be told, because a missing claim would mean that there is none', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(
    t,
    trusting(entry(idp, { claims: '{ groups: claims.groups, first: "claims.groups[0]" }' })),
  );
  const sources = { _claim_sources: { src1: { endpoint: 'https://graph.example' } } };
  for (const claims of [{ _claim_names: { groups: 'src1' }, ...sources }, { hasgroups: true }]) {
    const detail = "the issuer's token only says where to ask for groups";
    assertSubjectRefused(server, await present(server, idp.sign(claims)), 'cannot_tell', detail);
    assertActorRefused(server, await presentActor(server, idp.sign(claims)), 'cannot_tell', detail);
  }
  const groups = Array.from({ length: 2000 }, (_, index) => `group-${index}`);
  const many = await present(server, idp.sign({ groups }));
  assert.deepEqual(claimsOf(many.body.access_token).groups, groups);
  assertIssued(server, await present(server, idp.sign()));
});

test('refuses a mapping of a reserved claim, or an invalid expression, as a fault of the file', async (t) => {
  const idp = await startIssuer(t);
  const reserved = ['iss', 'sub', 'aud', 'exp', 'client_id', 'scope', 'act', 'may_act', 'cnf', 'jti', 'lineage', 'acr'];
  for (const name of [...reserved, 'Sub', 'ACT', '\u017fub']) {
    await assert.rejects(start(t, trusting(entry(idp, { claims: `{ ${name}: claims.email }` }))), (error) => {
      assert.ok(error instanceof ConfigurationError, name);
      assert.match(error.message, /is a claim that only this server sets/, name);
      return true;
    });
  }
  for (const text of ['claims.', 'user.email', 'claims.email +', 'nothing(claims)']) {
    await assert.rejects(start(t, trusting(entry(idp, { subject: `"${text}"` }))), ConfigurationError, text);
  }
});

test('refuses an issuer without audiences, or one that looks like another, as a fault of the file', async (t) => {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const ours = entry({ url: `$\{ISSUER}` });
  for (const [entries, fault] of [
    [[entry(idp, { audiences: undefined })], /audiences/],
    [[entry(idp, { audiences: '[]' })], /audiences/],
    [[entry(idp, { accepts: undefined })], /accepts/],
    [[entry(idp, { accepts: '[refresh_token]' })], /accepts/],
    [[entry(idp), entry(idp, { name: 'other' })], /another entry has the issuer/],
    [[entry(idp), entry(other)], /another issuer has the name idp/],
    [[ours], /is the issuer of this server, which trusts its own tokens without an entry/],
    [[entry(idp, { name: 'self' })], /cannot be the name of an issuer/],
    [
      [entry(idp, { allowPrivateNetwork: undefined })],
      /is http, which is for loopback with allowPrivateNetwork: true only/,
    ],
    [[entry(idp, { jwksUri: `${idp.url}/jwks`, jwks: '{ keys: [{}] }' })], /has jwks or jwksUri, and not both/],
    [
      [entry(idp, { issuer: undefined, trustDomain: 'prod.example' })],
      /an entry with trustDomain needs jwksUri or jwks/,
    ],
  ] as const) {
    await assert.rejects(start(t, trusting(entries)), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, fault);
      return true;
    });
  }
  await start(t, trusting([entry(idp), entry(other, { name: 'other' })]));
});

const ONCE = { reuse: 'never' };
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).sort();

test('accepts a single-use token once, whatever is requested', async (t) => {
  const idp = await startIssuer(t);
  const [server, lenient] = [await start(t, trusting(entry(idp, ONCE))), await start(t, trusting(entry(idp)))];
  const token = idp.sign();
  assertIssued(server, await present(server, token));
  assertSubjectRefused(server, await present(server, token), 'replayed');
  assertSubjectRefused(server, await present(server, token, { scope: 'read' }), 'replayed');
  const { jti } = claimsOf(token);
  assertSubjectRefused(server, await present(server, idp.sign({ jti, sub: 'other' })), 'replayed', 'the same jti');
  assertIssued(server, await present(server, idp.sign()));
  assertSubjectRefused(server, await present(server, idp.sign({ jti: undefined })), 'claims', 'without jti');
  for (const _time of [1, 2]) assertIssued(lenient, await present(lenient, token));
});

test('accepts one of fifty simultaneous uses', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, ONCE)));
  const token = idp.sign();
  const answers = await Promise.all(Array.from({ length: 50 }, () => present(server, token)));
  assert.deepEqual(statuses(answers), [200, ...Array(49).fill(400)]);
  const row = server.audit(answers.find(({ status }) => status === 400) as Answer);
  assert.deepEqual([row?.outcome, row?.reason, row?.issued], ['refused', 'subject_token_replayed', undefined]);
});

test('does not consume the id in a refused exchange', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, ONCE)));
  const token = idp.sign();
  const wide = await present(server, token, { scope: 'admin' });
  assertRefused(server, wide, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  assert.equal((await present(server, token, { audience: 'https://unknown.example' })).body.error, 'invalid_target');
  assertIssued(server, await present(server, token));
});

test('keeps the ids of issuers apart, and consumes the id of an actor token', async (t) => {
  const [one, two] = [await startIssuer(t), await startIssuer(t)];
  const rule = `{ client: gateway, subject: { issuer: [self, one, two] }, actor: { issuer: [one, two] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const entries = [entry(one, { ...ONCE, name: 'one' }), entry(two, { ...ONCE, name: 'two' })];
  const server = await start(t, trusting(entries, [rule]));
  for (const idp of [one, two]) assertIssued(server, await present(server, idp.sign({ jti: 'the same' })));
  const acting = one.sign({ sub: 'agent' });
  assertIssued(server, await presentActor(server, acting));
  assertActorRefused(server, await presentActor(server, acting), 'replayed');
  assertSubjectRefused(server, await present(server, acting), 'replayed');
  const both = { actor_token: two.sign({ sub: 'agent' }), actor_token_type: type('jwt') };
  assertSubjectRefused(server, await present(server, acting, both), 'replayed');
  assertIssued(
    server,
    await presentActor(server, both.actor_token),
    'the actor token of a refused exchange is still good',
  );
});

test('keeps a used id after a restart, until its token has expired', async (t) => {
  const idp = await startIssuer(t);
  const yaml = trusting(entry(idp, ONCE), [FOREIGN_RULE]);
  const first = await start(t, yaml);
  const token = idp.sign();
  assertIssued(first, await present(first, token));
  await first.close();
  const second = await start(t, yaml, { folder: first.folder });
  assertSubjectRefused(second, await present(second, token), 'replayed');
  second.clock.now = (Number(claimsOf(token).exp) + 30) * 1000;
  assertSubjectRefused(second, await present(second, token), 'replayed', 'within the leeway of its exp');
  second.clock.now += 1000;
  assertSubjectRefused(second, await present(second, token), 'expired');
});
