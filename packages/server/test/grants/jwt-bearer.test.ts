// The jwt-bearer grant: ID-JAGs, grants of other domains, and the JWTs of workloads.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { API, assertIssued, assertRefused, BACKEND, TARGET_REFUSED } from '../support/basics.ts';
import type { Configuration } from '../support/configuration.ts';
import { claimsOf, start, type TestServer } from '../support/harness.ts';
import { type FakeIssuer, startIssuer } from '../support/issuer.ts';
import { newProver } from '../support/prover.ts';
import {
  ASSERTION_REFUSED,
  granting,
  JOBS,
  JWT_BEARER,
  JWT_DPOP,
  jagOf,
  redeem,
  redeemAlone,
  redeemingOf,
} from '../support/redeeming.ts';

async function startRedeeming(
  t: TestContext,
  grants: Configuration = { idJag: {} },
  ...more: readonly Configuration[]
): Promise<{ idp: FakeIssuer; server: TestServer }> {
  const idp = await startIssuer(t);
  return { idp, server: await start(t, redeemingOf([granting(idp, grants)], ...more)) };
}

test('redeems an ID-JAG for what it names, with assertion alone (IJG-20, IJG-24, IJG-25)', async (t) => {
  const { idp, server } = await startRedeeming(t);
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

test('refuses every faulty ID-JAG with one sentence (IJG-21, IJG-22)', async (t) => {
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
  const { idp, server } = await startRedeeming(t, { idJag: { reuse: 'bound' } });
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
  const other = await redeem(server, bound, {}, { dpop: newProver().prove(server) });
  assertRefused(server, other, { ...ASSERTION_REFUSED, reason: 'assertion_bound' });
  const without = await redeem(server, jagOf(idp, server), { grant_type: JWT_DPOP });
  assert.deepEqual([without.status, server.audit(without)?.reason], [400, 'dpop_missing']);
});

test('a workload redeems its own JWT without a client (WIF-1)', async (t) => {
  const { idp, server } = await startRedeeming(t, { idJag: {}, workload: {} }, JOBS);
  const claims = { sub: 'job-7', aud: `${server.issuer}/oauth/token`, stage: 'test' };
  for (const aud of [server.issuer, `${server.issuer}/oauth/token`]) {
    const answer = await redeemAlone(server, idp.sign({ ...claims, aud }), { resource: `${API}/v1` });
    assertIssued(server, answer);
    const { client, clientAuthentication, subject } = server.audit(answer) ?? {};
    assert.deepEqual([client, clientAuthentication, subject?.sub], ['jobs', 'workload', 'job-7']);
    assert.equal(claimsOf(answer.body.access_token).sub, 'corp:job-7');
  }
  for (const changed of [
    { sub: 'other-7' },
    { stage: 'live' },
    { stage: undefined },
    { iss: 'https://other.example' },
  ]) {
    const answer = await redeemAlone(server, idp.sign({ ...claims, ...changed }));
    assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client']);
  }
  for (const changed of [{ aud: 'https://other.example' }, { exp: 1 }, { nonce: 'n' }, { typ: 'Bearer' }]) {
    const answer = await redeemAlone(server, idp.sign({ ...claims, ...changed }));
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
  }
  // A workload's JWT needs no client, and an ID-JAG needs one.
  const jag = await redeemAlone(server, jagOf(idp, server, { ...claims, client_id: 'jobs', aud: server.issuer }));
  assertRefused(server, jag, { ...ASSERTION_REFUSED, reason: 'assertion_client' });
  assertRefused(server, await redeem(server, idp.sign(claims)), { ...ASSERTION_REFUSED, reason: 'assertion_client' });
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
    [`${idp}, accepts: [jwt], grants: { idJag: {} }`, 'issuers[https://idp.example]: needs accepts and audiences'],
    [`${idp}, grants: {}`, 'grants: needs one of idJag, chaining and workload.'],
    [`${idp}, grants: { chaining: {}, workload: {} }`, 'cannot have chaining and workload'],
    [`${idp}, grants: { idJag: { maxAge: 2d } }`, 'grants.idJag.maxAge: is longer than a day.'],
    [
      'trustDomain: a.example, jwksUri: https://a.example/keys, grants: { idJag: {} }',
      'give no grants of other servers',
    ],
    [
      `${idp}, accepts: [jwt], audiences: ['https://login.example'], grants: { chaining: {} }`,
      'could be exchanged as well as redeemed',
    ],
  ] as const)
    assert.ok((await faultsOf(entry)).includes(fault), `${entry}: ${await faultsOf(entry)}`);
  for (const entry of [
    `${idp}, grants: { idJag: {}, chaining: {} }`,
    `${idp}, accepts: [jwt], audiences: [urn:other], grants: { chaining: {} }`,
    `${idp}, accepts: [jwt], audiences: ['https://login.example'], grants: { idJag: {}, workload: {} }`,
  ])
    assert.equal(await faultsOf(entry), '', entry);
});

test('lists the grant and the profile if an issuer gives ID-JAGs, and never the issuer (IJG-31)', async (t) => {
  const { idp, server } = await startRedeeming(t);
  const asked = async (): Promise<Record<string, unknown>> =>
    (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json() as Promise<Record<string, unknown>>;
  const document = await asked();
  assert.deepEqual(document.authorization_grant_profiles_supported, ['urn:ietf:params:oauth:grant-profile:id-jag']);
  assert.ok((document.grant_types_supported as string[]).includes(JWT_BEARER));
  assert.ok(!JSON.stringify(document).includes(idp.url));
  await server.reload(redeemingOf([granting(idp, { chaining: {} })]));
  assert.equal((await asked()).authorization_grant_profiles_supported, undefined);
  await server.reload(redeemingOf([]));
  assert.ok(!((await asked()).grant_types_supported as string[]).includes(JWT_BEARER));
});
