// What conditions of rules see of a request, what makes them false, what they may add to a token, and what of it is recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError, formatFault } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import {
  ACTOR_NOT_ALLOWED,
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  named,
  SUBJECT_REFUSED,
  textBeforeRules,
  withRules,
} from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { type Configuration, changed, edited, type Source, yamlOf } from '../support/configuration.ts';
import { claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';
import { BESIDE, life, refresh } from '../support/life.ts';

const GRANT = `grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write], types: [access_token, jwt] }`;
const NOBODY = { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' };
const NO_ACTOR = { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' };
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const rule = (when: string): string =>
  `{ client: gateway, actor: { clients: [agent] }, when: ${quoted(when)}, ${GRANT} }`;
const forSubject = (when: string): string =>
  `{ name: r, client: gateway, subject: { when: ${quoted(when)} }, ${GRANT} }`;
const forActor = (when: string): string =>
  `{ client: gateway, actor: { clients: [agent], when: ${quoted(when)} }, ${GRANT} }`;

/** A server for each line of rules; the answer of each to one form. */
async function ask(t: Parameters<typeof start>[0], yaml: string, form: (server: TestServer) => Form | Promise<Form>) {
  const server = await start(t, changed(withRules(yaml), named('ada', 'tool')));
  return { server, answer: await exchange(server, await form(server)) };
}

test('a condition of a rule sees subject, actor, client, request, chain and now', async (t) => {
  const form = async (server: TestServer): Promise<Form> => ({
    ...(await acting(server, { level: 3, act: undefined })),
    subject_token: await forgedToken(server, { sub: 'ada', tenant: 'a', act: { sub: 'tool' } }),
    audience: [API, BACKEND],
    resource: `${API}/v1/x`,
    scope: 'read',
    requested_token_type: type('jwt'),
  });
  for (const [when, opposite] of [
    ['subject.sub == "ada" && subject.type == "access_token"', 'subject.sub == "gateway"'],
    ['subject.client_id == "gateway" && subject.aud == ["https://api.example"]', 'subject.client_id == "agent"'],
    ['subject.claims.tenant == "a"', 'subject.claims.tenant == "b"'],
    ['actor.sub == "agent" && actor.claims.level > 2', 'actor.claims.level > 3'],
    ['actor.iss == subject.iss && actor.client_id == "agent"', 'actor.iss != subject.iss'],
    ['client.id == "gateway"', 'client.id == "agent"'],
    ['targets == ["https://api.example", "https://backend.example"]', 'targets.size() == 1'],
    ['scope == ["read"]', '"write" in scope'],
    ['request.audiences == targets && request.scope == scope', 'request.audiences == []'],
    ['request.requested_token_type == "jwt"', 'request.requested_token_type == "access_token"'],
    ['chain.map(actor, actor.sub) == ["agent", "tool"]', 'chain.size() == 1'],
    ['now > 1700000000 && now - subject.claims.iat < 60', 'now - subject.claims.iat > 60'],
    ['timestamp(now).getFullYear() >= 2026', 'timestamp(now).getFullYear() < 2026'],
  ] as const) {
    const right = await ask(t, rule(when), form);
    assertIssued(right.server, right.answer, when);
    const wrong = await ask(t, rule(opposite), form);
    assertRefused(wrong.server, wrong.answer, NO_ACTOR, opposite);
  }
});

test('of who is not there nothing is known, and what is not asked for is what would be given', async (t) => {
  for (const [when, opposite] of [
    ['!has(actor.sub) && !has(actor.claims)', 'has(actor.sub)'],
    ['targets == ["https://api.example"] && scope == ["read", "write"]', 'targets == [] || scope == []'],
    ['request.requested_token_type == "access_token"', 'request.requested_token_type == "jwt"'],
    ['chain == []', 'chain[0].sub == "agent"'],
    ['!("tenant" in subject.claims)', 'actor.sub != "agent"'],
  ] as const) {
    const right = await ask(t, rule(when), () => ({}));
    assertIssued(right.server, right.answer, when);
    const wrong = await ask(t, rule(opposite), () => ({}));
    assertRefused(wrong.server, wrong.answer, NOBODY, opposite);
  }
});

test('a condition on the actor is asked where there is one, and its miss is the actor’s; one on the subject is the subject’s', async (t) => {
  const junior = (server: TestServer): Promise<Form> => acting(server, { level: 1 });
  const senior = (server: TestServer): Promise<Form> => acting(server, { level: 5 });
  const when = forActor('actor.claims.level > 2');
  const refused = await ask(t, when, junior);
  assertRefused(refused.server, refused.answer, NO_ACTOR);
  assert.equal(refused.server.audit(refused.answer)?.mismatches?.[0]?.what, 'actor.when');
  for (const form of [senior, () => ({})]) {
    const { server, answer } = await ask(t, when, form);
    assertIssued(server, answer);
  }
  const subject = await ask(t, forSubject('subject.claims.level > 2'), senior);
  assertRefused(subject.server, subject.answer, NOBODY);
  assert.equal(subject.server.audit(subject.answer)?.mismatches?.[0]?.what, 'subject.when');
});

test('a condition that cannot be evaluated is false, and the audit row says why without repeating what the claim said', async (t) => {
  const server = await start(t, withRules(forSubject('int(subject.claims.level) > 2 && subject.claims.org.id == 7')));
  const refusal = async (claims: Record<string, unknown>): Promise<string | undefined> => {
    const answer = await exchange(server, { subject_token: await forgedToken(server, claims) });
    assertRefused(server, answer, NOBODY, JSON.stringify(claims));
    const [mismatch] = server.audit(answer)?.mismatches ?? [];
    assert.deepEqual([mismatch?.rule, mismatch?.part, mismatch?.what], ['r', 'subject', 'subject.when']);
    return mismatch?.problem;
  };
  const org = { id: 7 };
  assert.match(String(await refusal({ org })), /level/, 'a missing member');
  assert.match(String(await refusal({ level: '3' })), /org/, 'a missing member further on');
  assert.match(String(await refusal({ level: '3', org: 'seven' })), /org is of type string, not map/);
  const failed = String(await refusal({ level: 'secret words', org }));
  assert.match(failed, /int/, 'a failed conversion');
  assert.equal(failed.includes('secret'), false);
  assert.match(String(await refusal({ level: [1], org })), /int|list/);
  assert.match(String(await refusal({ level: '9'.repeat(400), org })), /int/);
  assert.equal(await refusal({ level: '1', org }), undefined, 'plainly false needs no reason');
  assertIssued(server, await exchange(server, { subject_token: await forgedToken(server, { level: '3', org }) }));
});

test('a condition that is false sends the request on to the next rule', async (t) => {
  const staff = `{ name: staff, client: gateway, subject: { when: 'subject.claims.staff' }, grant: { audiences: [${API}], scopes: [read, write] } }`;
  const anyone = `{ name: anyone, client: gateway, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, withRules(staff, anyone));
  const given = async (claims: Record<string, unknown>): Promise<unknown[]> => {
    const answer = await exchange(server, { subject_token: await forgedToken(server, claims) });
    return [server.audit(answer)?.rule, answer.body.scope];
  };
  assert.deepEqual(await given({ staff: true }), ['staff', 'read write']);
  for (const staff of [false, undefined, 'true', 1, {}]) assert.deepEqual(await given({ staff }), ['anyone', 'read']);
});

const CLAIMS =
  '{ tenant: "subject.claims.tenant", level: "actor.claims.level", on_behalf: "chain.map(one, one.sub)", by: "client.id", until: "now + 60", org: "{\\"id\\": subject.claims.org.id}" }';

test('a rule adds claims to the token from verified facts, and leaves out what cannot be told', async (t) => {
  const server = await start(
    t,
    withRules(
      `{ client: gateway, actor: { clients: [agent] }, grant: { audiences: [${API}], scopes: [read], claims: ${CLAIMS} } }`,
    ),
  );
  const added = async (form: Form): Promise<unknown> => {
    const answer = await exchange(server, form);
    assertIssued(server, answer);
    const { tenant, level, on_behalf, by, until, org, iat } = claimsOf(answer.body.access_token);
    return { tenant, level, on_behalf, by, org, minute: Number(until) - Number(iat) };
  };
  const subject_token = await forgedToken(server, { tenant: 'a', org: { id: 7, secret: 'x' } });
  assert.deepEqual(await added({ subject_token, ...(await acting(server, { level: 3 })) }), {
    tenant: 'a',
    level: 3,
    on_behalf: ['agent'],
    by: 'gateway',
    org: { id: 7 },
    minute: 60,
  });
  assert.deepEqual(await added({}), {
    tenant: undefined,
    level: undefined,
    on_behalf: [],
    by: 'gateway',
    org: undefined,
    minute: 60,
  });
});

test('an added claim never says what the server itself says', async (t) => {
  const claiming = (name: string): string =>
    `{ client: gateway, grant: { audiences: [${API}], scopes: [read], claims: { ${name}: '"a"' } } }`;
  const server = await start(t, withRules(claiming('tenant')));
  assertIssued(server, await exchange(server));
  for (const name of [
    'iss',
    'sub',
    'sub_id',
    'aud',
    'exp',
    'nbf',
    'iat',
    'jti',
    'scope',
    'client_id',
    'act',
    'may_act',
    'cnf',
    'acr',
    'lineage',
    'typ',
    'Scope',
  ]) {
    const [fault] = await faultsOf(withRules(claiming(name)));
    assert.match(
      String(fault),
      new RegExp(`rules\\[0\\]\\.grant\\.claims\\.${name}: ${name} is a claim that only this server sets`),
      name,
    );
  }
});

/** What `check` says of a file, each with its place. */
async function faultsOf(source: Source): Promise<readonly string[]> {
  const environment = { ISSUER: 'https://login.example', PORT: '8080' };
  try {
    const { warnings } = await parseConfiguration(yamlOf(source), { file: 'cambio.yaml', environment });
    return warnings.map((fault) => formatFault('cambio.yaml', fault));
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.faults.map((fault) => formatFault('cambio.yaml', fault));
  }
}

test('a faulty condition is told with the line and the column at which it stands, however it is quoted', async () => {
  const first = textBeforeRules.split('\n').length;
  const file = (lines: string): string => `${textBeforeRules}rules:\n  - client: gateway\n${lines}    ${GRANT}\n`;
  for (const [lines, line, column] of [
    ['    when: now > nobody\n', 2, 17],
    ["    when: 'now > nobody'\n", 2, 18],
    ['    when: "now > nobody"\n', 2, 18],
    ['    when: |\n      now > 1 &&\n        now > nobody\n', 4, 15],
    ['    when: |-\n      now > nobody\n', 3, 13],
    ['    when: >\n      now > 1 &&\n      now > nobody\n', 4, 13],
    ['    when: now > 1 &&\n      now > nobody\n', 3, 13],
    ['    when: "now > 1 &&\n      now > nobody"\n', 3, 13],
    ['    when: "subject.sub == \\"a\\" && now > nobody"\n', 2, 42],
    ["    when: 'subject.sub == ''a'' && now > nobody'\n", 2, 42],
    ['    subject: { when: "now > nobody" }\n', 2, 29],
    ['    subject:\n      when: now > nobody\n', 3, 19],
    ['    actor: { clients: [agent], when: "now > nobody" }\n', 2, 45],
  ] as const) {
    const [fault = '', ...others] = await faultsOf(file(lines));
    assert.deepEqual(others, [], lines);
    assert.equal(
      fault.startsWith(`cambio.yaml:${first + line}:${column}: `),
      true,
      `${lines}${fault} ≠ ${first + line}:${column}`,
    );
    assert.match(fault, /nobody/);
  }
  assert.deepEqual(await faultsOf(file('    when: now > 1\n')), []);
});

test('every faulty expression of a file is told at once: unknown members, wrong types, patterns, macros too deep', async () => {
  const rules = [
    ['subject.tenant == "a"', /tenant/],
    ['request.audience == "a"', /audience/],
    ['chain[0].name == "a"', /name/],
    ['client.secret == "a"', /secret/],
    ['subject.sub > 3', /no such overload: string > int/],
    ['chain[0] == chain[1]', /: an item of chain has members and is not a value: read one of its members\.$/],
    ['actor == "ada"', /: actor has members and is not a value/],
    ['now', /is of type int, and a condition must be true or false/],
    ['subject.sub.matches("(a")', /missing closing/],
    ['subject.sub.matches("(a)\\\\1")', /invalid escape/],
    ['subject.sub.matches(subject.claims.pattern)', /must be a string in quotes/],
    ['chain.exists(a, chain.exists(b, chain.exists(c, a.sub == c.sub)))', /macros nest/],
    ['subject.sub == ', /./],
  ] as const;
  const faults = await faultsOf(withRules(...rules.map(([when]) => rule(when))));
  assert.equal(faults.length, rules.length, faults.join('\n'));
  for (const [index, [when, message]] of rules.entries()) {
    assert.match(faults[index] ?? '', new RegExp(`rules\\[${index}\\]\\.when: `), when);
    assert.match(faults[index] ?? '', message, when);
  }
  const claims = `{ client: gateway, grant: { audiences: [${API}], scopes: [read], claims: { tenant: 'subject.tenant' } } }`;
  assert.match((await faultsOf(withRules(claims))).join('\n'), /rules\[0\]\.grant\.claims\.tenant: .*tenant/);
});

test('a pattern that is not anchored at both ends is a warning: it matches what only contains the text', async () => {
  for (const pattern of ['repo:org/.*', '^repo:org/', 'main$', '^a|b$', '^(a|b$)']) {
    const [warning = '', ...others] = await faultsOf(withRules(rule(`subject.sub.matches("${pattern}")`)));
    assert.match(warning, /^cambio\.yaml:\d+:\d+: warning: rules\[0\]\.when: .*anchor/, pattern);
    assert.deepEqual(others, []);
  }
  for (const pattern of ['^repo:org/.*$', '^(a|b)$', '^a$|^b$', '\\\\Aa\\\\z']) {
    assert.deepEqual(await faultsOf(withRules(rule(`subject.sub.matches("${pattern}")`))), [], pattern);
  }
});

test('the audit row has of the claims those that some condition of the file reads, of the actor too, and no other', async (t) => {
  const server = await start(
    t,
    withRules(
      `{ client: stranger, when: 'subject.claims.team == "x"', ${GRANT} }`,
      `{ client: gateway, actor: { clients: [agent], when: 'actor.claims.level > 1' }, when: 'subject.claims["https://example.com/t"] == "a" || subject.claims.org.id == 7', ${GRANT} }`,
    ),
  );
  const claims = { team: 'x', 'https://example.com/t': 'a', org: { id: 7, name: 'n' }, email: 'ada@example.com' };
  const answer = await exchange(server, {
    subject_token: await forgedToken(server, claims),
    ...(await acting(server, { level: 3, email: 'agent@example.com' })),
  });
  assertIssued(server, answer);
  assert.deepEqual(server.audit(answer)?.facts, {
    'subject.claims.team': 'x',
    'actor.claims.level': 3,
    'subject.claims["https://example.com/t"]': 'a',
    'subject.claims.org.id': 7,
  });
  assert.equal(JSON.stringify(server.audit(answer)).includes('@example.com'), false);
  const without = await start(t, withRules(`{ client: gateway, ${GRANT} }`));
  assert.equal(without.audit(await exchange(without))?.facts, undefined, 'no condition, no facts');
});

test('what looks like a token is not recorded, wherever a claim or a parameter holds it', async (t) => {
  const server = await start(t, withRules(`{ client: gateway, when: 'has(subject.claims.v) || true', ${GRANT} }`));
  const recorded = async (v: unknown): Promise<unknown> => {
    const answer = await exchange(server, { subject_token: await forgedToken(server, { v }) });
    assertIssued(server, answer);
    return server.audit(answer)?.facts?.['subject.claims.v'];
  };
  const jwt = await forgedToken(server);
  const random = 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0';
  for (const value of [
    jwt,
    `Bearer ${jwt}`,
    [jwt],
    { a: { b: [jwt] } },
    { [jwt.slice(0, 100)]: 1 },
    'cambio_rt_0123',
    ['x', 'cambio_at_0123'],
    random,
    [random],
    'x'.repeat(300),
    { list: Array(300).fill('x') },
  ]) {
    assert.equal(await recorded(value), '[withheld]', JSON.stringify(value).slice(0, 60));
  }
  for (const value of [
    'a',
    7,
    false,
    ['ops', 'dev'],
    'svc.team.example.com',
    'https://login.example.com/realms/a',
    'ada.lovelace@example.com',
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    'repo:organization/application:ref:refs/heads/main',
    'spiffe://example.org/ns/prod/sa/payments',
  ]) {
    assert.deepEqual(await recorded(value), value);
  }
  const misplaced = await exchange(server, { audience: jwt, scope: `read ${jwt}`, resource: `${API}/v1?t=${jwt}` });
  assert.equal(misplaced.status, 400);
  const row = JSON.stringify(server.audit(misplaced));
  assert.equal(row.includes(jwt.slice(0, 30)), false, row);
  const long = 'a-scope-with-a-name-as-long-as-that-of-a-token';
  const known = await start(
    t,
    changed(configuration, {
      resources: edited(API, { scopes: ['read', long] }),
      clients: edited('gateway', { scopes: ['read', long] }),
      rules: edited('gateway', { grant: { scopes: ['read', long] } }),
    }),
  );
  assert.deepEqual(known.audit(await exchange(known, { scope: long }))?.scopeAsked, [long], 'a name that the file has');
  const beyond = await exchange(server, { scope: `read ${jwt}` });
  assert.deepEqual(
    [beyond.status, server.audit(beyond)?.detail],
    [400, 'not allowed: [withheld] (missing in the subject, the client, the rule, https://api.example)'],
  );
});

/** The same target in each spelling of a request. */
const SPELLINGS: readonly Form[] = [
  {},
  { audience: API },
  { audience: `${API}/` },
  { audience: 'HTTPS://API.EXAMPLE' },
  { resource: `${API}/v1` },
  { resource: `${API}/v1/x` },
  { audience: API, resource: `${API}/v1` },
  { audience: [API, BACKEND] },
  { audience: BACKEND, resource: `${API}/v1` },
];

test('no spelling of a request dodges a condition on its targets or its scope, by the old names either', async (t) => {
  for (const when of [
    `!("${API}" in targets)`,
    `targets.all(one, one != "${API}")`,
    `!("${API}" in request.audiences)`,
    `!request.resources.exists(one, one.startsWith("${API}"))`,
    '!("write" in scope)',
    '!("write" in request.scope)',
  ]) {
    const server = await start(t, withRules(`{ client: gateway, when: ${quoted(when)}, ${GRANT} }`));
    for (const form of SPELLINGS) {
      const asked = { ...form, ...(when.includes('write') && form.audience === undefined && { scope: undefined }) };
      const several = Array.isArray(form.audience) || form.audience === BACKEND;
      // What both targets allow is less.
      if (when.includes('write') && several) continue;
      assertRefused(server, await exchange(server, asked), NOBODY, `${when} ${JSON.stringify(form)}`);
    }
    const twin = when.includes('write') ? { scope: 'read' } : { audience: BACKEND };
    assertIssued(server, await exchange(server, twin), `${when}, its twin`);
    await server.close();
  }
});

test('a refresh asks the conditions again: for what it asks then, of what was granted', async (t) => {
  const rule = (when: string): Configuration => life([changed(BESIDE, { when })]);
  const server = await start(t, rule(`!("${API}" in targets) || !("write" in scope)`));
  const token = String((await exchange(server, { audience: [API, BACKEND], scope: 'read' })).body.refresh_token);
  for (const form of SPELLINGS) {
    const asked = await refresh(server, token, form);
    if (asked.status === 200) assert.equal(asked.body.scope, 'read');
    else assert.fail(`${JSON.stringify(form)} ${asked.text}`);
  }
  const strict = await start(t, rule(`!("${API}" in targets)`), { folder: server.folder });
  for (const form of SPELLINGS)
    assert.equal(strict.audit(await refresh(strict, token, form))?.reason, 'refresh_token_not_allowed');
  assertIssued(strict, await refresh(strict, token, { audience: BACKEND }));
});

test('what cannot be told refuses the request, and no wider rule decides', async (t) => {
  const narrow = `{ name: contractors, client: gateway, subject: { when: '"contractors" in subject.claims.groups' }, grant: { audiences: [${API}], scopes: [read] } }`;
  const wide = `{ name: all, client: gateway, grant: { audiences: [${API}], scopes: [read, write] } }`;
  const server = await start(t, withRules(narrow, wide));
  const given = async (claims: Record<string, unknown>): Promise<unknown> => {
    const answer = await exchange(server, { subject_token: await forgedToken(server, claims) });
    return answer.status === 200 ? answer.body.scope : server.audit(answer)?.reason;
  };
  const groups = (length: number, last: string) => ({
    groups: [...Array.from({ length: length - 1 }, (_, index) => `group-${index}`), last],
  });
  for (const length of [256, 257, 2000]) {
    assert.equal(await given(groups(length, 'contractors')), 'read', `${length} groups`);
    assert.equal(await given(groups(length, 'staff')), 'read write', `${length} groups`);
  }
  const sources = { _claim_sources: { src1: { endpoint: 'https://graph.example/groups' } } };
  for (const overage of [{ _claim_names: { groups: 'src1' }, ...sources }, { hasgroups: true }, sources])
    assert.equal(await given(overage), 'subject_claims_elsewhere', JSON.stringify(overage));
  assert.equal(await given({}), 'read write', 'somebody without groups is in none');
  const refused = await exchange(server, { subject_token: await forgedToken(server, { hasgroups: true }) });
  assertRefused(server, refused, { ...SUBJECT_REFUSED, reason: 'subject_claims_elsewhere' });
  const row = server.audit(refused);
  assert.equal(row?.detail, '“contractors”, subject.when: the subject token only says where to ask for groups');
  assert.deepEqual(row?.facts, { 'subject.claims.groups': '[elsewhere]' });
  const told = await beside(t, server, ['explain', '--request', String(refused.headers.get('x-request-id'))]);
  assert.match(told.stdout, /“contractors” cannot be told: the subject token only says where to ask for groups/);
  assert.match(told.stdout, /“all” is not asked: no other rule may decide in place of “contractors”/);
});
