// JWTs of an issuer whose entry says `introspect: always`: verified here, and introspected at the issuer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued } from '../support/basics.ts';
import { claimsOf, start, type TestServer, type } from '../support/harness.ts';
import {
  type Claims,
  entry,
  type FakeIssuer,
  FOREIGN_RULE,
  INTROSPECT,
  newKey,
  startIssuer,
  status,
  trusting,
  US,
} from '../support/issuer.ts';
import { assertSubjectRefused, assertUnavailable, present } from '../support/trusting.ts';

const ACCESS = { subject_token_type: type('access_token') };

async function open(
  t: Parameters<typeof start>[0],
  members: Readonly<Record<string, string>> = {},
): Promise<readonly [TestServer, FakeIssuer]> {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: x } }`;
  const always = { accepts: '[access_token, id_token, jwt]', introspection, introspect: 'always', ...members };
  return [await start(t, trusting(entry(idp, always))), idp];
}

/** A lightweight token, as Keycloak signs it, and the answer about it. */
function lightweight(idp: FakeIssuer, answer: Claims = {}, claims: Claims = {}, options = {}): string {
  const token = idp.sign({ aud: undefined, sub: undefined, typ: 'Bearer', azp: 'web', ...claims }, options);
  const { iat, ...said } = claimsOf(token);
  idp.opaque.set(token, {
    active: true,
    ...said,
    sub: 'ada',
    aud: [US],
    client_id: 'web',
    token_type: 'Bearer',
    ...answer,
  });
  return token;
}

test('reads claims that only the issuer knows: subject, audience and all that a mapping reads', async (t) => {
  const [server, idp] = await open(t, { profile: 'keycloak', claims: '{ roles: claims.roles }', reuse: 'never' });
  for (const form of [{}, ACCESS]) {
    const answer = await present(server, lightweight(idp, { roles: ['buyer'] }), form);
    assertIssued(server, answer);
    const { sub, roles } = claimsOf(answer.body.access_token);
    assert.deepEqual([sub, roles], ['idp:ada', ['buyer']]);
  }
  const opaque = 'ory_at_a.b';
  idp.opaque.set(opaque, { ...claimsOf(idp.sign({ client_id: 'web' })), active: true });
  assertIssued(server, await present(server, opaque, ACCESS), 'an opaque token of the same issuer');
});

test('refuses a token that its issuer revoked, whatever type is declared', async (t) => {
  const [server, idp] = await open(t);
  const whole = lightweight(idp, {}, { sub: 'ada', aud: US });
  for (const form of [{}, ACCESS]) assertIssued(server, await present(server, whole, form));
  idp.opaque.delete(whole);
  for (const form of [{}, ACCESS]) assertSubjectRefused(server, await present(server, whole, form), 'inactive');
  const asIdToken = await present(server, whole, { subject_token_type: type('id_token') });
  assertSubjectRefused(server, asIdToken, 'wrong_type');
  idp.instead.set(INTROSPECT, status(500));
  assertUnavailable(server, await present(server, whole, ACCESS));
});

test('accepts an ID token without an introspection, because no endpoint knows it', async (t) => {
  const [server, idp] = await open(t);
  const token = idp.sign({ aud: 'gateway', nonce: 'n' });
  assertIssued(server, await present(server, token, { subject_token_type: type('id_token') }));
  assert.equal(idp.count(INTROSPECT), 0);
});

test('sends no token that the issuer did not sign, or that no rule of the client takes', async (t) => {
  const [server, idp] = await open(t);
  const forged = lightweight(idp, {}, {}, { key: newKey('ES256', idp.keys[0]?.kid) });
  assertSubjectRefused(server, await present(server, forged, ACCESS), 'signature');
  const other = await startIssuer(t);
  assertSubjectRefused(server, await present(server, other.sign(), ACCESS), 'unknown_issuer');
  assert.equal(idp.count(INTROSPECT), 0);
  assertIssued(server, await present(server, lightweight(idp), ACCESS));
  const narrow = await start(
    t,
    trusting(
      entry(idp, {
        accepts: '[access_token, jwt]',
        introspection: `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: x } }`,
        introspect: 'always',
      }),
      [{ ...FOREIGN_RULE, subject: { issuer: 'idp', types: ['jwt'] } }],
    ),
  );
  const before = idp.count(INTROSPECT);
  assertSubjectRefused(narrow, await present(narrow, lightweight(idp), ACCESS), 'not_accepted');
  assert.equal(idp.count(INTROSPECT), before);
});

test('refuses an answer about another token, and keeps every restriction of the token', async (t) => {
  const [server, idp] = await open(t);
  const now = Math.floor(server.clock.now / 1000);
  const token = { sub: 'ada', client_id: 'web', aud: US };
  for (const [fault, answer, claims] of [
    ['claims', { iss: 'https://other.example' }, {}],
    ['claims', { sub: 'eve' }, {}],
    ['claims', { jti: 'another' }, {}],
    ['claims', { client_id: 'other' }, {}],
    ['claims', { azp: 'other' }, {}],
    ['claims', { act: { sub: 'b' } }, { act: { sub: 'a' } }],
    ['claims', { may_act: { sub: 'b' } }, { may_act: { sub: 'a' } }],
    ['claims', { auth_time: now }, { auth_time: 1 }],
    ['claims', { cnf: { jkt: 'B'.repeat(43) } }, { cnf: { jkt: 'A'.repeat(43) } }],
    ['bound', {}, { cnf: { jkt: 'A'.repeat(43) } }],
    ['audience', { aud: 'https://other.example' }, {}],
    ['expired', { exp: now + 300 }, { exp: now - 60 }],
    ['expired', { exp: now - 60 }, {}],
    ['wrong_type', { typ: 'ID' }, {}],
    ['wrong_type', { token_type: 'refresh_token' }, {}],
    ['wrong_type', { at_hash: 'x' }, {}],
    ['act_not_vouched', { act: { iss: server.issuer, sub: 'agent' } }, {}],
    ['inactive', { active: 'true' }, {}],
  ] as const) {
    const what = JSON.stringify([answer, claims]);
    const refused = await present(server, lightweight(idp, answer, { ...token, ...claims }), ACCESS);
    const { reason } = server.audit(refused) ?? {};
    assert.deepEqual([refused.status, reason], [400, `subject_token_${fault}`], what);
  }
  const delegated = await present(
    server,
    lightweight(idp, { act: undefined }, { ...token, act: { sub: 'a' } }),
    ACCESS,
  );
  assert.deepEqual(claimsOf(delegated.body.access_token).act, { sub: 'a', iss: idp.url }, 'the answer omits the actor');
  const restricted = lightweight(idp, { may_act: undefined }, { ...token, may_act: { sub: 'nobody' } });
  assert.equal(server.audit(await present(server, restricted, ACCESS))?.reason, 'may_act');
  assertIssued(server, await present(server, lightweight(idp, {}, token), ACCESS));
});

test('ends with the earlier of both ends', async (t) => {
  const [server, idp] = await open(t);
  const answer = await present(server, lightweight(idp, { exp: Math.floor(server.clock.now / 1000) + 60 }), ACCESS);
  assert.ok(Number(answer.body.expires_in) <= 60);
});
