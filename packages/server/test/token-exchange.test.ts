import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, actorToken, BACKEND, exchange, startBasic, subjectToken } from './basics.ts';
import { claimsOf, type } from './harness.ts';

test('an exchange answers every member of RFC 8693 section 2.2.1', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, { audience: API, scope: 'read' });
  assert.equal(answer.status, 200);
  const { access_token, ...members } = answer.body;
  assert.deepEqual(members, {
    issued_token_type: type('access_token'),
    token_type: 'Bearer',
    expires_in: 1800,
    scope: 'read',
  });
  const { iat, exp, jti, lineage, ...claims } = claimsOf(access_token);
  assert.equal(Number(exp) - Number(iat), 1800);
  assert.equal(typeof jti, 'string');
  assert.equal((lineage as string[]).length, 1);
  assert.deepEqual(claims, { iss: server.issuer, sub: 'gateway', aud: API, client_id: 'gateway', scope: 'read' });
});

test('with an actor token the result names the actor, and the audit row tells who acted for whom', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, {
    audience: BACKEND,
    actor_token: await actorToken(server),
    actor_token_type: type('access_token'),
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(claimsOf(answer.body.access_token).act, { sub: 'agent', iss: server.issuer });
  const row = server.audit(answer);
  assert.equal(row?.outcome, 'issued');
  assert.equal(row?.rule, 'gateway');
  assert.deepEqual(row?.chain, [{ iss: server.issuer, sub: 'agent' }]);
  assert.deepEqual(row?.targets, [BACKEND]);
  assert.equal(JSON.stringify(row).includes(String(answer.body.access_token).slice(0, 20)), false);
});

test('the chain of a subject token is kept when nobody new acts', async (t) => {
  const server = await startBasic(t);
  const delegated = await exchange(server, {
    actor_token: await actorToken(server),
    actor_token_type: type('access_token'),
  });
  const again = await exchange(server, { subject_token: String(delegated.body.access_token) });
  assert.deepEqual(claimsOf(again.body.access_token).act, { sub: 'agent', iss: server.issuer });
  assert.equal((claimsOf(again.body.access_token).lineage as string[]).length, 2);
});

test('scope and lifetime never grow', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server, { scope: 'read' });
  assert.equal((await exchange(server, { subject_token, scope: 'read' })).status, 200);
  const wider = await exchange(server, { subject_token, scope: 'read write' });
  assert.deepEqual([wider.status, wider.body.error], [400, 'invalid_scope']);
  server.clock.now += 3_590_000;
  assert.equal((await exchange(server, { subject_token })).body.expires_in, 10);
});
