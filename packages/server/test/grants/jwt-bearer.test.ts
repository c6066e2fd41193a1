// The jwt-bearer grant: ID-JAGs, grants of other domains, and the JWTs of workloads.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import {
  API,
  assertIssued,
  assertRefused,
  BACKEND,
  stranger,
  subjectToken,
  TARGET_REFUSED,
  withoutRequestId,
} from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, encode, start, type TestServer } from '../support/harness.ts';
import { type Claims, type FakeIssuer, newKey, signJws, startIssuer, US } from '../support/issuer.ts';
import { newProver } from '../support/prover.ts';
import {
  ASSERTION_REFUSED,
  granting,
  isActive,
  JOBS,
  JWT_BEARER,
  JWT_DPOP,
  jagOf,
  redeem,
  redeemAlone,
  redeemingOf,
  wiki,
} from '../support/redeeming.ts';

async function startRedeeming(
  t: TestContext,
  grants: Configuration = { id_jag: {} },
  ...more: readonly Configuration[]
): Promise<{ idp: FakeIssuer; server: TestServer }> {
  const idp = await startIssuer(t);
  return { idp, server: await start(t, redeemingOf([granting(idp, grants)], ...more)) };
}

test('redeems an ID-JAG for what it names, with assertion alone (IJG-20, IJG-24, IJG-25, IJG-26)', async (t) => {
  const mayRefresh = { clients: edited('wiki', { grants: ['jwt_bearer', 'refresh_token'] }) };
  const { idp, server } = await startRedeeming(t, { id_jag: {} }, mayRefresh);
  const answer = await redeem(server, jagOf(idp, server));
  assertIssued(server, answer);
  const { access_token, ...rest } = answer.body;
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'read write' });
  const { aud, sub, client_id, act } = claimsOf(access_token);
  assert.deepEqual({ aud, sub, client_id, act }, { aud: API, sub: 'corp:ada', client_id: 'wiki', act: undefined });
  const row = server.audit(answer);
  assert.deepEqual([row?.grant, row?.rule, row?.subject?.type], ['jwt_bearer', 'jags', 'id_jag']);
  const less = await redeem(server, jagOf(idp, server), { scope: 'read', resource: `${API}/v1` });
  assertIssued(server, less);
  assert.equal(less.body.scope, 'read');
});

test('refuses every faulty ID-JAG with one sentence (IJG-21, IJG-22; TE-43)', async (t) => {
  const { idp, server } = await startRedeeming(t);
  const now = Math.floor(server.clock.now / 1000);
  const cases: readonly (readonly [string, string])[] = [
    ['not a JWT', 'malformed'],
    [jagOf(idp, server, {}, { header: { typ: 'JWT' } }), 'not_accepted'],
    [jagOf(idp, server, {}, { header: { typ: 'at+jwt' } }), 'wrong_type'],
    [jagOf(idp, server, { iss: 'https://other.example' }), 'unknown_issuer'],
    [jagOf(idp, server, { iss: server.issuer }), 'unknown_issuer'],
    [jagOf(idp, server, { aud: 'https://other.example' }), 'audience'],
    [jagOf(idp, server, { aud: [server.issuer, 'https://other.example'] }), 'audience'],
    [jagOf(idp, server, { aud: `${server.issuer}/oauth/token` }), 'audience'],
    [jagOf(idp, server, { aud: undefined }), 'audience'],
    [jagOf(idp, server, { exp: now - 60 }), 'expired'],
    [jagOf(idp, server, { exp: undefined }), 'claims'],
    [jagOf(idp, server, { nbf: now + 600 }), 'not_yet_valid'],
    [jagOf(idp, server, { iat: now + 600 }), 'not_yet_valid'],
    [jagOf(idp, server, { iat: undefined }), 'too_old'],
    [jagOf(idp, server, { iat: now - 700 }), 'too_old'],
    [jagOf(idp, server, { exp: now + 86_400 }), 'too_old'],
    [jagOf(idp, server, { client_id: 'gateway' }), 'client'],
    [jagOf(idp, server, { client_id: undefined }), 'client'],
    [jagOf(idp, server, { jti: undefined }), 'claims'],
    [jagOf(idp, server, { sub: undefined }), 'claims'],
    [jagOf(idp, server, { tenant: 'other' }), 'claims'],
    [jagOf(idp, server, { aud_tenant: 'other' }), 'claims'],
    [jagOf(idp, server, { scope: 'read  write' }), 'claims'],
    [jagOf(idp, server, { act: { sub: 'bot', iss: 'https://third.example' } }), 'act_not_vouched'],
    [jagOf(idp, server, { sub_id: { format: 'iss_sub', iss: idp.url, sub: 'bob' } }), 'subject'],
    [jagOf(idp, server, { cnf: { jkt: newProver().jkt } }), 'bound'],
  ];
  for (const [assertion, fault] of cases)
    assertRefused(
      server,
      await redeem(server, assertion),
      { ...ASSERTION_REFUSED, reason: `assertion_${fault}` },
      fault,
    );
  const plain = await redeem(server, jagOf(idp, server, {}, { header: { typ: 'JWT' } }));
  assert.match(server.audit(plain)?.detail ?? '', /^grants of \S+ has no chaining_grant and no workload, /);
  assertIssued(
    server,
    await redeem(server, jagOf(idp, server, { sub_id: { format: 'iss_sub', iss: idp.url, sub: 'ada' } })),
  );
});

test('binds the token to the resource of the ID-JAG, and refuses any other', async (t) => {
  const { idp, server } = await startRedeeming(t);
  for (const [claims, form, reason] of [
    [{ resource: undefined }, {}, 'assertion_resource'],
    [{ resource: [] }, {}, 'assertion_resource'],
    [{ resource: '' }, {}, 'assertion_resource'],
    [{ resource: 'https://foreign.example' }, {}, 'assertion_resource'],
    [{ resource: [API, 'https://foreign.example'] }, {}, 'assertion_resource'],
    [{}, { resource: `${BACKEND}/api` }, 'target_not_in_assertion'],
    [{}, { audience: BACKEND }, 'target_not_in_assertion'],
    [{}, { audience: 'https://foreign.example' }, 'target_unknown'],
  ] as const)
    assertRefused(server, await redeem(server, jagOf(idp, server, claims), form), { ...TARGET_REFUSED, reason });
  const both = await redeem(server, jagOf(idp, server, { resource: [API, BACKEND], scope: 'read' }));
  assert.deepEqual(claimsOf(both.body.access_token).aud, [API, BACKEND]);
});

test('an ID-JAG is good once, and one that is bound to a key may be used again where reuse says so (IJG-23)', async (t) => {
  const { idp, server } = await startRedeeming(t, { id_jag: { reuse: 'bound' } });
  const jag = jagOf(idp, server);
  const answers = await Promise.all([1, 2, 3, 4].map(() => redeem(server, jag)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400]);
  assertRefused(server, await redeem(server, jag), { ...ASSERTION_REFUSED, reason: 'assertion_replayed' });
  const prover = newProver();
  const bound = jagOf(idp, server, { cnf: { jkt: prover.jkt } });
  for (const form of [{ grant_type: JWT_DPOP }, {}]) {
    const answer = await redeem(server, bound, form, { dpop: prover.prove(server) });
    assertIssued(server, answer);
    assert.equal(answer.body.token_type, 'DPoP');
    assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt: prover.jkt });
  }
  const exp = Math.floor(server.clock.now / 1000) + 3600;
  const long = jagOf(idp, server, { cnf: { jkt: prover.jkt }, exp });
  const tooLong = await redeem(server, long, {}, { dpop: prover.prove(server) });
  assertRefused(server, tooLong, { ...ASSERTION_REFUSED, reason: 'assertion_too_old' });
  const other = await redeem(server, bound, {}, { dpop: newProver().prove(server) });
  assertRefused(server, other, { ...ASSERTION_REFUSED, reason: 'assertion_bound' });
  const without = await redeem(server, jagOf(idp, server), { grant_type: JWT_DPOP });
  assert.deepEqual([without.status, server.audit(without)?.reason], [400, 'dpop_missing']);
});

test('an ID-JAG is good once on all nodes', async (t) => {
  const { idp, server } = await startRedeeming(t);
  const configuration = redeemingOf([granting(idp, { id_jag: {} })], { issuer: server.issuer });
  const other = await start(t, configuration, { folder: server.folder, now: server.clock.now });
  for (const jag of [jagOf(idp, server), jagOf(idp, server)]) {
    const answers = await Promise.all([server, other, server, other].map((node) => redeem(node, jag)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400]);
  }
});

test('a workload redeems its own JWT without a client (WIF-1)', async (t) => {
  const { idp, server } = await startRedeeming(t, { id_jag: {}, workload: {} }, JOBS);
  const claims = { sub: 'job-7', aud: `${server.issuer}/oauth/token`, stage: 'test' };
  for (const aud of [server.issuer, `${server.issuer}/oauth/token`]) {
    const answer = await redeemAlone(server, idp.sign({ ...claims, aud }), { resource: `${API}/v1` });
    assertIssued(server, answer);
    const { client, clientAuthentication, subject } = server.audit(answer) ?? {};
    assert.deepEqual([client, clientAuthentication, subject?.sub], ['jobs', 'workload', 'job-7']);
    assert.equal(claimsOf(answer.body.access_token).sub, 'corp:job-7');
  }
  const strangers: Answer[] = [];
  for (const changed of [
    { sub: 'other-7' },
    { stage: 'live' },
    { stage: undefined },
    { iss: 'https://other.example' },
  ]) {
    strangers.push(await redeemAlone(server, idp.sign({ ...claims, ...changed })));
  }
  for (const changed of [{ aud: 'https://other.example' }, { exp: 1 }, { nonce: 'n' }, { typ: 'Bearer' }])
    strangers.push(await redeemAlone(server, idp.sign({ ...claims, ...changed })));
  strangers.push(await redeemAlone(server, idp.sign(claims).replace(/[^.]*$/, 'AAAA')));
  // A workload's JWT needs no client, and an ID-JAG needs one.
  const jag = await redeemAlone(server, jagOf(idp, server, { ...claims, client_id: 'jobs', aud: server.issuer }));
  const ofJag = server.audit(jag);
  assert.equal(ofJag?.reason, 'assertion_client');
  assert.match(ofJag?.detail ?? '', /^it is id_jag, and no client authenticated: /);
  // The answer does not show which check failed.
  const seen = new Set([...strangers, jag].map((answer) => `${answer.status} ${withoutRequestId(answer)}`));
  assert.deepEqual([seen.size, jag.status, jag.body.error], [1, 401, 'invalid_client'], [...seen].join());
  assertRefused(server, await redeem(server, idp.sign(claims)), { ...ASSERTION_REFUSED, reason: 'assertion_client' });
  await server.reload(
    redeemingOf([granting(idp, { id_jag: {}, workload: {} })], JOBS, {
      clients: edited('jobs', { publicExchange: true }),
    }),
  );
  const named = await redeemAlone(server, idp.sign(claims), { client_id: 'jobs' });
  assertRefused(server, named, { ...ASSERTION_REFUSED, reason: 'assertion_client' });
  assert.match(
    server.audit(named)?.detail ?? '',
    /is sent without client_id and credentials, and the request names jobs$/,
  );
});

test('records the sub of an unknown workload, but not that of a person, whom an erasure would not find', async (t) => {
  const { idp, server } = await startRedeeming(t, { workload: {} }, JOBS);
  const strange = (sub: string): Promise<Answer> =>
    redeemAlone(server, idp.sign({ sub, aud: server.issuer, stage: 'test' }));
  const ofTask = await strange('task-7');
  assert.match(server.audit(ofTask)?.detail ?? '', /^the token has iss "[^"]+", sub "task-7" and aud /);
  await server.reload(redeemingOf([granting(idp, { id_jag: {}, workload: {} })], JOBS));
  const ofPerson = await strange('ada@example.com');
  const erased = await beside(t, server, ['audit erase', '--yes', '--subject', 'ada@example.com', '--issuer', idp.url]);
  assert.equal(erased.code, 0, erased.stderr);
  assert.match(server.audit(ofPerson)?.detail ?? '', /^the token has iss "[^"]+" and aud /);
  assert.doesNotMatch(JSON.stringify(server.audit(ofPerson)), /ada@example/);
});

test('refuses grants of issuers that contradict themselves, or that could be exchanged as well', async () => {
  const faultsOf = async (entry: string): Promise<string> => {
    const yaml = `issuer: https://login.example\nissuers: [{ ${entry} }]\n`;
    return parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} }).then(
      () => '',
      ({ faults }: ConfigurationError) => faults.map(({ path, message }) => `${path}: ${message}`).join('\n'),
    );
  };
  const idp = 'issuer: https://idp.example';
  for (const [entry, fault] of [
    [idp, 'issuers[https://idp.example]: needs accepts and audiences'],
    [
      `${idp}, accepts: [jwt], grants: { id_jag: {} }`,
      'issuers[https://idp.example]: needs both accepts and audiences',
    ],
    [`${idp}, grants: {}`, 'grants: needs one of id_jag, chaining_grant and workload.'],
    [`${idp}, grants: { chaining_grant: {}, workload: {} }`, 'cannot have chaining_grant and workload'],
    [`${idp}, grants: { id_jag: { maxAge: 2d } }`, 'grants.id_jag.maxAge: is longer than a day.'],
    [
      'trustDomain: a.example, jwksUri: https://a.example/keys, grants: { id_jag: {} }',
      'give no grants of other servers',
    ],
    [
      `${idp}, accepts: [jwt], audiences: ['https://login.example'], grants: { chaining_grant: {} }`,
      'could be exchanged as well as redeemed',
    ],
  ] as const)
    assert.ok((await faultsOf(entry)).includes(fault), `${entry}: ${await faultsOf(entry)}`);
  for (const entry of [
    `${idp}, grants: { id_jag: {}, chaining_grant: {} }`,
    `${idp}, accepts: [jwt], audiences: [urn:other], grants: { chaining_grant: {} }`,
    `${idp}, accepts: [jwt], audiences: ['https://login.example'], grants: { id_jag: {}, workload: {} }`,
  ])
    assert.equal(await faultsOf(entry), '', entry);
});

test('warns of a person by account where the file has no accounts', async () => {
  const warningsOf = async (more: string): Promise<readonly string[]> => {
    const yaml = `issuer: https://login.example\nissuers: [{ issuer: https://idp.example, grants: { id_jag: { person: email } } }]\n${more}`;
    const { warnings } = await parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} });
    return warnings.map(({ path, message }) => `${path}: ${message}`).filter((one) => one.includes('person'));
  };
  assert.match(
    (await warningsOf('')).join(),
    /id_jag\.person: email names an account of this server, and the file has no/,
  );
  assert.deepEqual(await warningsOf('accounts: [{ username: ada, password: { plain: lovelace } }]\n'), []);
});

test('lists the grant and the profile if an issuer gives ID-JAGs, and never the issuer (IJG-31)', async (t) => {
  const { idp, server } = await startRedeeming(t);
  const asked = async (): Promise<Record<string, unknown>> =>
    (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json() as Promise<Record<string, unknown>>;
  const document = await asked();
  assert.deepEqual(document.authorization_grant_profiles_supported, ['urn:ietf:params:oauth:grant-profile:id-jag']);
  assert.ok((document.grant_types_supported as string[]).includes(JWT_BEARER));
  assert.ok(!JSON.stringify(document).includes(idp.url));
  await server.reload(redeemingOf([granting(idp, { chaining_grant: {} })]));
  assert.equal((await asked()).authorization_grant_profiles_supported, undefined);
  await server.reload(redeemingOf([]));
  assert.ok(!((await asked()).grant_types_supported as string[]).includes(JWT_BEARER));
});

test('what was redeemed ends with its assertion, the person, the trust in the issuer, and the client (IJG-20)', async (t) => {
  const { idp, server } = await startRedeeming(t, { id_jag: {} });
  const base = redeemingOf([granting(idp, { id_jag: {} })]);
  const one = async (claims: Claims = {}): Promise<{ jag: string; answer: Answer }> => {
    const jag = jagOf(idp, server, claims);
    const answer = await redeem(server, jag);
    assert.equal(await isActive(server, answer), true);
    return { jag, answer };
  };
  const revoke = (token: string, by = wiki): Promise<Answer> => server.post('/oauth/revoke', encode({ ...by, token }));

  const byAssertion = await one();
  const twin = await one();
  assert.equal((await revoke(byAssertion.jag, stranger)).status, 200);
  assert.equal(await isActive(server, byAssertion.answer), true, 'another client revokes nothing');
  await revoke(forgedLike(byAssertion.jag));
  assert.equal(await isActive(server, byAssertion.answer), true, 'a forged one revokes nothing');
  const revoked = await revoke(byAssertion.jag);
  assert.equal(server.audit(revoked)?.outcome, 'revoked');
  assert.equal(await isActive(server, byAssertion.answer), false);
  assert.equal(await isActive(server, twin.answer), true);

  const early = jagOf(idp, server);
  await revoke(early);
  assertRefused(server, await redeem(server, early), { ...ASSERTION_REFUSED, reason: 'assertion_revoked' });

  await server.reload(redeemingOf([granting(idp, { id_jag: {} }, { issuer: 'https://other.example' })]));
  assert.equal(await isActive(server, twin.answer), false, 'the issuer is not trusted any more');
  await server.reload(base);
  assert.equal(await isActive(server, twin.answer), false, 'trust that is given back is for new assertions');
  const later = await one();
  await server.reload(redeemingOf([granting(idp, { chaining_grant: {} })]));
  assert.equal(await isActive(server, later.answer), false, 'the issuer may not give ID-JAGs any more');
  await server.reload(redeemingOf([granting(idp, { id_jag: {}, chaining_grant: {} })]));
  assert.equal(await isActive(server, later.answer), true, 'the issuer may give ID-JAGs again');
  await server.reload(changed(base, { clients: edited('wiki', { disabled: true }) }));
  assert.equal(await isActive(server, later.answer), false);
  assert.equal((await redeem(server, jagOf(idp, server))).body.error, 'invalid_client');
});

/** The same claims with a signature of another key. */
const forgedLike = (token: string): string =>
  signJws({ alg: 'ES256', typ: 'oauth-id-jag+jwt' }, Buffer.from(token.split('.')[1] ?? '', 'base64url'), newKey());

test('names an account by aud_sub or email where the entry says so, and creates nobody (IJG-20)', async (t) => {
  const accounts = [
    { username: 'ada', password: { plain: 'lovelace' }, claims: { email: 'ada@example.com' } },
    { username: 'bob', password: { plain: 'builder' }, claims: { email: 'bob@example.com' } },
  ];
  const { idp, server } = await startRedeeming(t, { id_jag: { person: 'aud_sub' } }, { accounts });
  const named = { sub: '00u1', aud_sub: 'ada' };
  const answer = await redeem(server, jagOf(idp, server, named));
  assertIssued(server, answer);
  assert.deepEqual(
    [claimsOf(answer.body.access_token).sub, claimsOf(answer.body.access_token).sub_id],
    ['ada', undefined],
  );
  const refused = { ...ASSERTION_REFUSED, reason: 'assertion_subject' };
  for (const claims of [{ aud_sub: 'eve' }, { aud_sub: undefined }, { aud_sub: 'wiki' }, { aud_sub: 'corp:00u1' }])
    assertRefused(server, await redeem(server, jagOf(idp, server, { ...named, ...claims })), refused);
  // The account is the issuer's word: it ends with the trust in the issuer.
  assert.equal(await isActive(server, answer), true);
  await server.reload(
    redeemingOf([granting(idp, { id_jag: { person: 'aud_sub' } }, { issuer: 'https://other.example' })], { accounts }),
  );
  assert.equal(await isActive(server, answer), false);

  await server.reload(redeemingOf([granting(idp, { id_jag: { person: 'email' } })], { accounts }));
  assert.equal(await isActive(server, answer), false, 'trust that is given back is for new assertions');
  const byEmail = await redeem(server, jagOf(idp, server, { email: 'bob@example.com', email_verified: true }));
  assertIssued(server, byEmail);
  assert.equal(claimsOf(byEmail.body.access_token).sub, 'bob');
  for (const claims of [
    { email: 'eve@example.com', email_verified: true },
    ...[false, undefined, null, 'true', 1].map((email_verified) => ({ email: 'bob@example.com', email_verified })),
    { email: 'bob@example.com', email_verified: true, aud_sub: 'ada' },
    { email: 'bob@example.com', email_verified: true, sub_id: { format: 'email', email: 'ada@example.com' } },
  ])
    assertRefused(server, await redeem(server, jagOf(idp, server, claims)), refused, JSON.stringify(claims));
  const verified = granting(idp, { id_jag: { person: 'email', emails: 'verified' } });
  await server.reload(redeemingOf([verified], { accounts }));
  assertIssued(server, await redeem(server, jagOf(idp, server, { email: 'bob@example.com' })));
  // A removed account is not redeemed for, and its tokens end.
  await server.reload(
    redeemingOf([granting(idp, { id_jag: { person: 'email' } })], { accounts: accounts.slice(0, 1) }),
  );
  assert.equal(await isActive(server, byEmail), false);
  assertRefused(
    server,
    await redeem(server, jagOf(idp, server, { email: 'bob@example.com', email_verified: true })),
    refused,
  );
});

test('redeems a grant of another domain for its subject, once, without a refresh token (IC-04, IC-06, IC-07; AS-08, AS-09)', async (t) => {
  const mayRefresh = { clients: edited('wiki', { grants: ['jwt_bearer', 'refresh_token'] }) };
  const { idp, server } = await startRedeeming(t, { chaining_grant: {} }, mayRefresh);
  const grantOf = (claims: Claims = {}, header: Claims = {}): string =>
    idp.sign({ aud: server.issuer, scope: 'read', ...claims }, { header });
  const actor = { sub: 'bot', iss: idp.url, sub_profile: 'ai_agent', x: { y: 1 } };
  for (const [claims, header] of [
    [{}, {}],
    [{ aud: [`${server.issuer}/oauth/token`] }, { typ: undefined }],
    [{ client_id: 'wiki', act: actor }, { typ: 'authorization-grant+jwt' }],
  ] as const) {
    const grant = grantOf(claims, header);
    const answer = await redeem(server, grant);
    assertIssued(server, answer);
    assert.equal(answer.body.refresh_token, undefined);
    assert.deepEqual(claimsOf(answer.body.access_token).act, 'act' in claims ? actor : undefined);
    assertRefused(server, await redeem(server, grant), { ...ASSERTION_REFUSED, reason: 'assertion_replayed' });
  }
  const own = await subjectToken(server);
  for (const [token, reason] of [
    [grantOf({ client_id: 'gateway' }), 'client'],
    [grantOf({ aud: [server.issuer, US] }), 'audience'],
    [grantOf({}, { typ: 'at+jwt' }), 'wrong_type'],
    [grantOf({}, { typ: 'txntoken+jwt' }), 'wrong_type'],
    [grantOf({}, { typ: 'secevent+jwt' }), 'wrong_type'],
    [grantOf({}, { typ: 'logout+jwt' }), 'wrong_type'],
    [grantOf({}, { typ: 'dpop+jwt' }), 'wrong_type'],
    [jagOf(idp, server), 'not_accepted'],
    [grantOf({ nonce: 'n' }), 'wrong_type'],
    [grantOf({ at_hash: 'h' }), 'wrong_type'],
    [grantOf({ events: {} }), 'wrong_type'],
    [grantOf({ token_use: 'id' }), 'wrong_type'],
    [grantOf({ jti: undefined }), 'claims'],
    // Access tokens of well-known issuers, a session, a client assertion and a transaction token, for this server.
    ...[
      { cid: '0oa', uid: '00u', scp: ['read'] },
      { appid: 'x', appidacr: '1' },
      { azp: 'x', gty: 'client-credentials' },
      { azp: 'x' },
      { auth_time: 1, sid: 's' },
      { sub: idp.url },
      { tctx: {}, req_wl: 'w' },
    ].map((claims) => [grantOf(claims), 'wrong_type'] as const),
    [own, 'wrong_type'],
  ] as const)
    assertRefused(server, await redeem(server, token), { ...ASSERTION_REFUSED, reason: `assertion_${reason}` }, reason);
  const noScope = await redeem(server, grantOf({ scope: undefined }));
  assert.deepEqual([noScope.status, noScope.body.error], [400, 'invalid_scope']);
  await server.reload(redeemingOf([granting(idp, { chaining_grant: { scope: 'optional' } })]));
  assertIssued(server, await redeem(server, grantOf({ scope: undefined })));
  await server.reload(redeemingOf([granting(idp, { chaining_grant: { clientId: 'theirs' } })]));
  assertIssued(server, await redeem(server, grantOf({ client_id: 'gateway' })));
});

test('rules and limits about an account see a person whom another issuer names as that account', async (t) => {
  const accounts = [
    { username: 'root', password: { plain: 'toor' }, claims: { email: 'root@example.com' } },
    { username: 'ada', password: { plain: 'lovelace' } },
  ];
  const { idp, server } = await startRedeeming(t, { id_jag: { person: 'aud_sub' } }, { accounts });
  const person = (aud_sub: string, sub = '00u1') => redeem(server, jagOf(idp, server, { sub, aud_sub }));
  const under = (person: string, ...more: readonly Configuration[]): Promise<unknown> =>
    server.reload(redeemingOf([granting(idp, { id_jag: { person } })], { accounts }, ...more));
  const assertDenied = (answer: Answer, what = ''): void =>
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'denied_by_rule'], what);
  const deny = (parts: Configuration): Configuration => ({
    rules: added({ name: 'not as root', effect: 'deny', ...parts }),
  });
  for (const parts of [
    { subject: { issuer: 'self', when: 'subject.sub == "root"' } },
    { subject: { issuer: 'corp', when: 'subject.sub == "root"' } },
    { subject: { when: 'subject.sub == "root"' } },
    { when: `subject.iss == ${JSON.stringify(server.issuer)} && subject.sub == "root"` },
    { subject: { when: 'subject.sub == "00u1"' } },
    { subject: { issuer: 'corp', when: `subject.iss == ${JSON.stringify(idp.url)} && subject.sub == "00u1"` } },
  ]) {
    await under('aud_sub', deny(parts));
    const answer = await person('root');
    assertDenied(answer, JSON.stringify(parts));
    const { iss, sub, account } = server.audit(answer)?.subject ?? {};
    assert.deepEqual(
      { iss, sub, account },
      { iss: idp.url, sub: '00u1', account: { iss: server.issuer, sub: 'root' } },
    );
    assertIssued(server, await person('ada', '00u2'));
  }
  await under('aud_sub', deny({ subject: { issuer: 'self' } }));
  assertDenied(await person('ada'));
  await under('email', deny({ subject: { when: 'subject.sub == "root"' } }));
  const byEmail = jagOf(idp, server, { email: 'root@example.com', email_verified: true });
  assertDenied(await redeem(server, byEmail));

  // A rule that allows takes the token of the issuer, and its condition is about the account.
  await under('aud_sub', { rules: edited('jags', { subject: { when: 'subject.sub != "root"' } }) });
  assert.equal((await person('root')).body.error, 'invalid_grant');
  assertIssued(server, await person('ada'));
  await under('aud_sub', { rules: edited('jags', { subject: { issuer: 'self' } }) });
  assert.equal((await person('ada')).body.error, 'invalid_grant');

  await under('aud_sub', { actors: [{ name: 'ada', issuer: 'self', subjects: ['ada'], limits: { perMinute: 1 } }] });
  assertIssued(server, await person('ada'));
  assert.equal((await person('ada', '00u2')).status, 429);
  assertIssued(server, await person('root'));
});

test('no refresh token comes with a redemption, and a rule for assertions cannot promise one', async (t) => {
  const { idp, server } = await startRedeeming(
    t,
    { id_jag: {} },
    {
      clients: edited('wiki', { grants: ['jwt_bearer', 'refresh_token', 'token_exchange'] }),
      rules: edited('jags', {
        subject: { types: ['id_jag', 'access_token'] },
        grant: { refreshToken: true },
      }),
    },
  );
  const answer = await redeem(server, jagOf(idp, server));
  assertIssued(server, answer);
  assert.equal(answer.body.refresh_token, undefined);
  const yaml = `issuer: https://login.example
resources: { 'https://api.example': { scopes: [read] } }
clients: [{ id: wiki, secret: { plain: wiki-secret }, grants: [jwt_bearer, refresh_token] }]
issuers: [{ issuer: 'https://idp.example', name: corp, grants: { id_jag: {} } }]
rules: [{ name: r, client: wiki, subject: { issuer: corp, types: [id_jag] }, grant: { audiences: ['https://api.example'], scopes: [read], refreshToken: true } }]
`;
  await assert.rejects(
    parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} }),
    /no refresh token comes with a token for an assertion/,
  );
});

test('only a client with the grant can be the workload of an assertion', async (t) => {
  const other: Configuration = {
    clients: added({
      id: 'exchanger',
      auth: 'none',
      grants: ['token_exchange'],
      workload: { issuer: 'corp', audience: US, subjects: ['job-*'] },
    }),
  };
  const members = { accepts: ['jwt'], audiences: [US] };
  const idp = await startIssuer(t);
  const server = await start(t, redeemingOf([granting(idp, { workload: {} }, members)], JOBS, other));
  const job = { sub: 'job-7', aud: server.issuer, stage: 'test' };
  const answer = await redeemAlone(server, idp.sign(job));
  assertIssued(server, answer);
  assert.equal(server.audit(answer)?.client, 'jobs');
});
