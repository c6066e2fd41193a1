// How far a token reaches: several targets at once, scope in common, and everything that asks for more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  REQUESTED_TYPE_REFUSED,
  SCOPE_REFUSED,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
  TARGET_REFUSED,
  withRules,
} from './basics.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from './harness.ts';
import { entry, startIssuer, trusting } from './issuer.ts';
import { BESIDE, ISSUER, life, other, plain, refresh, refreshTokenOf } from './life.ts';

const BILLING = 'urn:example:billing';
const STORE = 'https://store.example';

/** Four resources, one of them in two places; a rule that grants three of them. */
const shop = withRules(
  `{ name: shop, client: gateway, grant: { audiences: [${API}, ${BACKEND}, ${BILLING}], scopes: [read, write, pay], types: [access_token, jwt] } }`,
)
  .replace(
    'clients:\n',
    `  - { audience: ${BILLING}, locations: ['https://pay.example/v2', 'https://pay.example/v3'], scopes: [read, pay], token: { lifetime: 5m } }\n  - { audience: ${STORE}, scopes: [read] }\nclients:\n`,
  )
  .replace('scopes: [read, write] }\n  - { id: agent', 'scopes: [read, write, pay] }\n  - { id: agent');

const reach = ({ body }: Answer): unknown[] => {
  const { aud, scope } = claimsOf(body.access_token);
  return [aud, scope, body.expires_in];
};

test('several audiences and resources make one token, for all that they name, each once (RFC 8693 section 2.1)', async (t) => {
  const server = await start(t, shop);
  for (const [form, aud, scope, life] of [
    [{ audience: [API, BACKEND] }, [API, BACKEND], 'read', 600],
    [{ audience: [BACKEND, API] }, [BACKEND, API], 'read', 600],
    [{ audience: BILLING, resource: `${API}/v1/orders` }, [BILLING, API], 'read', 300],
    [{ resource: ['https://pay.example/v2/x', `${BACKEND}/api`] }, [BILLING, BACKEND], 'read', 300],
    [{ resource: ['https://pay.example/v2', 'https://pay.example/v3/x'], scope: 'read' }, BILLING, 'read', 300],
    [{ audience: [API, `${API}/`], resource: [`${API}/v1`, `${API}/v1/x`] }, API, 'read write', 3600],
    [{ audience: [API, BACKEND, BILLING] }, [API, BACKEND, BILLING], 'read', 300],
  ] as const) {
    const answer = await exchange(server, form);
    assertIssued(server, answer, JSON.stringify(form));
    assert.deepEqual(reach(answer), [aud, scope, life], JSON.stringify(form));
    assert.equal(server.audit(answer)?.rule, 'shop');
  }
});

test('one target that may not be had refuses all, and which one it was is not told (RFC 8693 section 2.2.2)', async (t) => {
  const server = await start(t, shop);
  for (const [form, reason] of [
    [{ audience: [API, STORE] }, 'target_not_granted'],
    [{ audience: API, resource: STORE }, 'target_not_granted'],
    [{ audience: [API, 'urn:example:nothing'] }, 'target_unknown'],
    [{ audience: API, resource: `${API}/v10` }, 'target_unknown'],
    [{ resource: [`${API}/v1`, 'https://pay.example/v4'] }, 'target_unknown'],
    [{ resource: [`${API}/v1`, '/v1'] }, 'target_malformed'],
    [{ resource: `${API}/v1#here`, audience: API }, 'target_malformed'],
  ] as const) {
    const answer = await exchange(server, form);
    assertRefused(server, answer, { ...TARGET_REFUSED, reason }, JSON.stringify(form));
  }
  assertIssued(server, await exchange(server, { audience: [API, BILLING] }));
});

test('a target that nobody granted is refused in the same bytes as one that does not exist', async (t) => {
  const server = await start(t, shop);
  const [known, unknown] = [
    await exchange(server, { audience: STORE }),
    await exchange(server, { audience: 'urn:example:nothing' }),
  ];
  assert.deepEqual([known.status, known.text], [unknown.status, unknown.text]);
  assert.deepEqual(
    [server.audit(known)?.reason, server.audit(unknown)?.reason],
    ['target_not_granted', 'target_unknown'],
  );
  assertIssued(server, await exchange(server, { audience: BILLING }));
});

test('our own issuer, its endpoints and the names of clients are no targets', async (t) => {
  const server = await start(t, shop);
  for (const audience of [
    server.issuer,
    `${server.issuer}/`,
    `${server.issuer}/admin/v1`,
    `${server.issuer}/oauth/token`,
    'gateway',
    'agent',
    'self',
    '*',
  ]) {
    assertRefused(
      server,
      await exchange(server, { audience }),
      { ...TARGET_REFUSED, reason: 'target_unknown' },
      audience,
    );
  }
  for (const resource of [server.issuer, `${server.issuer}/admin/v1/clients`]) {
    assertRefused(
      server,
      await exchange(server, { resource }),
      { ...TARGET_REFUSED, reason: 'target_unknown' },
      resource,
    );
  }
  assertIssued(server, await exchange(server, { audience: API }));
});

test('without scope all that subject, client, rule and targets have in common, and never what the client might have (OA-14, RI-06)', async (t) => {
  const server = await start(t, shop);
  const given = async (scope: string | undefined, form: Form = {}): Promise<unknown> => {
    const answer = await exchange(server, { subject_token: await forgedToken(server, { scope }), ...form });
    if (answer.status === 200) return answer.body.scope;
    assertRefused(server, answer, { ...SCOPE_REFUSED, reason: 'scope_empty' });
    return 'refused';
  };
  assert.equal(await given('read'), 'read');
  assert.equal(await given('write read admin'), 'write read');
  assert.equal(await given('pay'), 'refused', 'no target of pay');
  assert.equal(await given('pay', { audience: BILLING }), 'pay');
  assert.equal(await given('pay read', { audience: [BILLING, API] }), 'read');
  assert.equal(await given('write', { audience: BACKEND }), 'refused');
  assert.equal(await given(undefined), 'refused');
  assert.equal(await given(''), 'refused');
});

test('a scope is names between single blanks, and everything else is refused (RFC 6749 section 3.3)', async (t) => {
  const server = await start(t, shop);
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `s${i}`).join(' ');
  for (const scope of [
    'read  write',
    ' read',
    'read ',
    'read\twrite',
    'read\nwrite',
    'read\u0000',
    'read\u00a0write',
    'ré',
    '"read"',
    'read\\',
    'read,write\u007f',
    many(10_000),
  ]) {
    const answer = await exchange(server, { scope });
    if (scope.includes('\u0000')) assert.equal(answer.status, 400);
    else
      assertRefused(
        server,
        answer,
        { ...SCOPE_REFUSED, reason: 'scope_malformed' },
        JSON.stringify(scope.slice(0, 40)),
      );
  }
  assertRefused(server, await exchange(server, { scope: many(256) }), { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  for (const [scope, given] of [
    ['write read', 'write read'],
    ['read read', 'read'],
    ['', 'read write'],
  ] as const) {
    const answer = await exchange(server, { scope });
    assertIssued(server, answer, scope);
    assert.equal(answer.body.scope, given, 'in the order in which it was asked, each name once');
  }
});

test('names are compared letter for letter, and one name is no part of another', async (t) => {
  const server = await start(t, shop);
  for (const scope of ['Read', 'READ', 'rea', 'read:all', 'reading', 'read write admin']) {
    assertRefused(server, await exchange(server, { scope }), { ...SCOPE_REFUSED, reason: 'scope_exceeded' }, scope);
  }
  assertIssued(server, await exchange(server, { scope: 'read' }));
});

test('a subject whose token has no scope of ours takes the rule’s list; one of ours without scope may do nothing', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: [self, idp] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, trusting(entry(idp), [rule]));
  const foreign = (claims = {}): Form => ({ subject_token: idp.sign(claims), subject_token_type: type('jwt') });
  for (const claims of [{}, { scope: 'write' }, { scope: '' }]) {
    const answer = await exchange(server, foreign(claims));
    assertIssued(server, answer);
    assert.equal(answer.body.scope, 'read');
  }
  const more = await exchange(server, { ...foreign({ scope: 'read write' }), scope: 'write' });
  assertRefused(server, more, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  const own = await exchange(server, { subject_token: await forgedToken(server, { scope: undefined }) });
  assertRefused(server, own, { ...SCOPE_REFUSED, reason: 'scope_empty' });
});

test('the actor’s scope is its own: it neither widens nor narrows what is done for the subject', async (t) => {
  const server = await startBasic(t);
  for (const scope of ['read write admin', 'read', undefined]) {
    const answer = await exchange(server, { ...(await acting(server, { scope })), scope: 'read write' });
    assertIssued(server, answer);
    assert.equal(answer.body.scope, 'read write');
  }
  const admin = await exchange(server, { ...(await acting(server, { scope: 'admin' })), scope: 'admin' });
  assertRefused(server, admin, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
});

test('scopes of sign-in never pass an exchange: they belong to no resource', async (t) => {
  const server = await startBasic(t);
  const subject_token = await forgedToken(server, { scope: 'openid profile email offline_access read' });
  const answer = await exchange(server, { subject_token });
  assertIssued(server, answer);
  assert.equal(answer.body.scope, 'read');
  for (const scope of ['openid', 'offline_access', 'read profile']) {
    assertRefused(server, await exchange(server, { subject_token, scope }), {
      ...SCOPE_REFUSED,
      reason: 'scope_exceeded',
    });
  }
});

const needing = (acr: string): string =>
  configuration.replace(`audience: ${BACKEND},`, `audience: ${BACKEND}, requiredAcr: ${acr},`);

test('a target that needs an acr is out of reach for a subject without it, and no actor makes up for it (RFC 9470 section 2)', async (t) => {
  const server = await start(t, needing('[gold, platinum]'));
  const ask = async (acr: unknown, form: Form = {}): Promise<Answer> =>
    exchange(server, { subject_token: await forgedToken(server, { acr }), audience: BACKEND, ...form });
  for (const acr of ['silver', 'Gold', 'gold ', '', undefined, ['gold'], { gold: true }, 1]) {
    const answer = await ask(acr);
    assertRefused(server, answer, { ...TARGET_REFUSED, reason: 'target_needs_acr' }, JSON.stringify(acr));
    assert.equal(server.audit(answer)?.detail, `${BACKEND} needs gold or platinum`);
    assertIssued(server, await ask(acr, { audience: API }), 'another target has no such need');
  }
  const helped = await ask('silver', await acting(server, { acr: 'gold' }));
  assertRefused(server, helped, { ...TARGET_REFUSED, reason: 'target_needs_acr' });
  assertRefused(server, await ask('silver', { audience: [API, BACKEND] }), {
    ...TARGET_REFUSED,
    reason: 'target_needs_acr',
  });
  for (const acr of ['gold', 'platinum']) {
    const answer = await ask(acr, { audience: [API, BACKEND] });
    assertIssued(server, answer, acr);
    assert.equal(claimsOf(answer.body.access_token).acr, acr, 'copied');
    const again = await exchange(server, { subject_token: String(answer.body.access_token), audience: BACKEND });
    assertIssued(server, again, 'it is still there a hop later');
  }
  const single = await start(t, needing('gold'));
  assertIssued(
    single,
    await exchange(single, { subject_token: await forgedToken(single, { acr: 'gold' }), audience: BACKEND }),
  );
});

test('a refresh token is for those whose rule and whose client allow it', async (t) => {
  const form = (client: Form): Form => ({ requested_token_type: type('refresh_token'), ...client });
  const narrow = BESIDE.replace('access_token, jwt, refresh_token]', 'access_token, jwt]').replace(
    ', refreshToken: true',
    '',
  );
  const [open, closed] = [await start(t, life()), await start(t, life([narrow]))];
  const subject = async (server: TestServer, client: Form): Promise<Form> => {
    const { body } = await server.token({ grant_type: 'client_credentials', ...client });
    return { subject_token: String(body.access_token), ...form(client) };
  };
  assertIssued(open, await exchange(open, await subject(open, other)));
  const forbidden = await exchange(closed, await subject(closed, other));
  assertRefused(closed, forbidden, { ...REQUESTED_TYPE_REFUSED, reason: 'requested_token_type_not_granted' });
  const withoutGrant = await exchange(open, await subject(open, plain));
  assertRefused(open, withoutGrant, { ...REQUESTED_TYPE_REFUSED, reason: 'requested_token_type_needs_grant' });
  const beside = await exchange(open, { ...(await subject(open, plain)), requested_token_type: undefined });
  assert.deepEqual([beside.status, beside.body.refresh_token], [200, undefined], 'nor does it get one beside');
});

test('a target that is taken from the rule is out of reach of the refresh tokens and the tokens issued before', async (t) => {
  const before = await start(t, life());
  const backend = await refreshTokenOf(before, { audience: BACKEND });
  const api = await refreshTokenOf(before, { audience: API });
  const access = await subjectToken(before);
  await before.close();
  const after = await start(t, life([BESIDE.replace(`${API}, ${BACKEND}, `, `${API}, `)]), { folder: before.folder });
  assertRefused(after, await refresh(after, backend), { ...TARGET_REFUSED, reason: 'target_not_granted' });
  assertIssued(after, await refresh(after, api));
  const asSubject: Form = { subject_token: backend, subject_token_type: type('refresh_token') };
  const not = { ...TARGET_REFUSED, reason: 'target_not_granted' };
  assertRefused(after, await exchange(after, { ...asSubject, audience: BACKEND }), not);
  assertRefused(after, await exchange(after, { subject_token: access, audience: BACKEND }), not);
  assertIssued(after, await exchange(after, { subject_token: access, audience: API }));
  assert.equal(claimsOf(access).iss, ISSUER);
});

test('what no rule grants is refused, by the sentence of the part that was missing', async (t) => {
  const server = await start(
    t,
    withRules(`{ client: gateway, actor: { clients: [agent] }, grant: { audiences: [${API}], scopes: [read] } }`),
  );
  assertRefused(server, await exchange(server, { subject_token: await forgedToken(server, { client_id: 'agent' }) }), {
    ...SUBJECT_REFUSED,
    reason: 'no_rule_for_subject',
  });
  assertRefused(server, await exchange(server, { audience: BACKEND }), {
    ...TARGET_REFUSED,
    reason: 'target_not_granted',
  });
  assertRefused(server, await exchange(server, { requested_token_type: type('jwt') }), {
    ...REQUESTED_TYPE_REFUSED,
    reason: 'requested_token_type_not_granted',
  });
  assertRefused(server, await exchange(server, { scope: 'write' }), { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  assertIssued(server, await exchange(server, { audience: API, scope: 'read' }));
});
