// The results of an exchange: the members of the response, the claims of the token, its ancestors, and its audit row.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  acting,
  assertIssued,
  BACKEND,
  exchange,
  gateway,
  startBasic,
  subjectToken,
  withRules,
} from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { claimsOf, start, type } from '../support/harness.ts';

test('returns every member of RFC 8693 section 2.2.1 (TE-31, TE-36)', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, { audience: API, scope: 'read' });
  assertIssued(server, answer);
  const { access_token, ...members } = answer.body;
  assert.equal(typeof access_token, 'string');
  assert.deepEqual(members, {
    issued_token_type: type('access_token'),
    token_type: 'Bearer',
    expires_in: 1800,
    scope: 'read',
  });
});

test('returns the members of RFC 6749 section 5.1 for client_credentials, and no issued_token_type (AT-03)', async (t) => {
  const server = await startBasic(t);
  const answer = await server.token({ grant_type: 'client_credentials', ...gateway });
  assertIssued(server, answer);
  const { access_token, ...members } = answer.body;
  assert.deepEqual(members, { token_type: 'Bearer', expires_in: 3600, scope: 'read write' });
  const { sub, client_id, aud, scope } = claimsOf(access_token);
  assert.deepEqual(
    { sub, client_id, aud, scope },
    { sub: 'gateway', client_id: 'gateway', aud: API, scope: 'read write' },
  );
});

test('issues a token with the claims of RFC 9068 section 2.2, scope as one string, and the calling client (TE-64, TE-65, AT-02, AT-05)', async (t) => {
  const server = await startBasic(t);
  const subject_token = server.forge({
    ...claimsOf(await subjectToken(server)),
    sub: 'agent',
    client_id: 'stranger',
    aud: 'gateway',
  });
  const { body } = await exchange(server, { subject_token, requested_token_type: type('jwt') });
  const { iat, exp, jti, lineage, ...claims } = claimsOf(body.access_token);
  assert.equal(iat, Math.floor(server.clock.now / 1000));
  assert.equal(Number(exp) - Number(iat), body.expires_in);
  assert.deepEqual(claims, { iss: server.issuer, sub: 'agent', aud: API, client_id: 'gateway', scope: 'read write' });
  const other = await exchange(server, { subject_token });
  assert.notEqual(claimsOf(other.body.access_token).jti, jti, 'jti names one token');
});

test('omits scope for a target without scopes, and refuses a target with scopes if none is left (RFC 8693 section 2.2.1; TE-36)', async (t) => {
  const rule = '{ client: gateway, grant: { audiences: [https://private.example] } }';
  const server = await start(
    t,
    changed(withRules(rule), { resources: edited('https://private.example', { scopes: undefined }) }),
  );
  const answer = await exchange(server);
  assertIssued(server, answer);
  assert.deepEqual(['scope' in answer.body, 'scope' in claimsOf(answer.body.access_token)], [false, false]);
  const scoped = await start(t, withRules(rule));
  assert.equal((await exchange(scoped)).body.error, 'invalid_scope');
});

test('records in every token its ancestors, nearest first', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const first = String((await exchange(server, { subject_token })).body.access_token);
  const second = String((await exchange(server, { subject_token: first })).body.access_token);
  assert.equal(claimsOf(subject_token).lineage, undefined);
  assert.deepEqual(claimsOf(first).lineage, [claimsOf(subject_token).jti]);
  assert.deepEqual(claimsOf(second).lineage, [claimsOf(first).jti, claimsOf(subject_token).jti]);
});

test('records in the audit row who did what for whom by which rule, without a token or a secret (TE-71, TX-12)', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const actor = await acting(server);
  const form = { ...actor, subject_token, audience: BACKEND, resource: `${BACKEND}/api`, scope: 'read' };
  const answer = await exchange(server, form);
  const row = server.audit(answer);
  const self = (sub: string) => ({ iss: server.issuer, sub });
  assert.deepEqual(
    [row?.outcome, row?.grant, row?.client, row?.clientAuthentication, row?.rule, row?.address],
    ['issued', 'token_exchange', 'gateway', 'client_secret_post', 'gateway', '127.0.0.1'],
  );
  assert.deepEqual(
    [row?.audiencesAsked, row?.resourcesAsked, row?.targets],
    [[BACKEND], [`${BACKEND}/api`], [BACKEND]],
  );
  assert.deepEqual([row?.scopeAsked, row?.scopeGiven, row?.chain], [['read'], ['read'], [self('agent')]]);
  assert.deepEqual(
    [row?.subject?.sub, row?.subject?.id, row?.actor?.sub, row?.actor?.id],
    ['gateway', claimsOf(subject_token).jti, 'agent', claimsOf(actor.actor_token).jti],
  );
  const { jti, exp } = claimsOf(answer.body.access_token);
  assert.deepEqual(
    row?.issued?.map(({ id, expiresAt }) => [id, expiresAt]),
    [[jti, exp]],
  );
  const text = JSON.stringify(row);
  for (const token of [subject_token, actor.actor_token, answer.body.access_token, 'gateway-secret']) {
    for (const part of String(token).split('.').slice(1)) assert.equal(text.includes(part), false);
  }
  assert.equal(text.includes('gateway-secret'), false);
});

test('issues no token that outlives its subject token, in whichever second it is signed', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const subject = claimsOf(subject_token);
  // Ten minutes before the subject token expires, which is less than the rule allows. Each reading of the clock is a second later.
  let now = Number(subject.exp) * 1000 - 600_000;
  Object.defineProperty(server.clock, 'now', { get: () => (now += 1000) });
  const answer = await exchange(server, { subject_token });
  assertIssued(server, answer);
  assert.equal(claimsOf(answer.body.access_token).exp, subject.exp);
});
