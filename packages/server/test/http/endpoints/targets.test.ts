// Target discovery: a client learns which targets policy would grant it now, with a subject token, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, withOperators } from '../../support/admin-api.ts';
import {
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  gateway,
  named,
  startBasic,
  stranger,
  subjectToken,
} from '../../support/basics.ts';
import { changed, edited } from '../../support/configuration.ts';
import { type Answer, encode, type Form, read, start, type TestServer, type } from '../../support/harness.ts';
import { newProver } from '../../support/prover.ts';

const PATH = '/oauth/targets';

interface Entry {
  readonly audience: string;
  readonly resource?: string;
  readonly scope?: string;
  readonly supported_token_types: readonly string[];
}

const ask = async (server: TestServer, form: Form = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  server.post(
    PATH,
    encode({
      ...gateway,
      ...('subject_token' in form ? {} : { subject_token: await subjectToken(server) }),
      subject_token_type: type('access_token'),
      ...form,
    }),
    headers,
  );

const entriesOf = ({ status, body }: Answer): readonly Entry[] => {
  assert.equal(status, 200);
  return body as unknown as readonly Entry[];
};

test('lists what an exchange grants now, with its scope and types, and no other target (TD-01, TD-02, TD-04)', async (t) => {
  const server = await startBasic(t);
  const { body: metadata } = await read(await fetch(`${server.issuer}/.well-known/oauth-authorization-server`));
  assert.equal(metadata.token_exchange_target_service_discovery_endpoint, server.issuer + PATH);
  const subject_token = await subjectToken(server, { scope: 'read' });
  const answer = await ask(server, { subject_token });
  const types = [type('access_token'), type('jwt')];
  assert.deepEqual(entriesOf(answer), [
    { audience: API, scope: 'read', supported_token_types: types },
    { audience: BACKEND, scope: 'read', supported_token_types: types },
  ]);
  for (const { audience, scope, supported_token_types } of entriesOf(answer))
    for (const requested_token_type of supported_token_types) {
      const issued = await exchange(server, { subject_token, audience, requested_token_type });
      assertIssued(server, issued);
      assert.equal(issued.body.scope, scope);
    }
  assert.equal((await exchange(server, { subject_token, audience: 'https://private.example' })).status, 400);
  // What the request asks for beside its tokens is ignored.
  const asked = { audience: API, scope: 'admin', requested_token_type: 'x', resource: 'not a URI' };
  assert.deepEqual((await ask(server, { subject_token, ...asked })).body, answer.body);
});

test('records each list in the audit log, and issues and uses up nothing', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const answer = await ask(server, { subject_token, ...(await acting(server)) });
  const { action, outcome, client, clientAuthentication, targets, issued, actor } = server.audit(answer) ?? {};
  assert.deepEqual(
    [action, outcome, client, clientAuthentication, targets, issued, actor?.sub],
    ['targets', 'accepted', 'gateway', 'client_secret_post', [API, BACKEND], undefined, 'agent'],
  );
});

test('names the errors of the draft, whatever tokenErrorCode is (TD-03)', async (t) => {
  const server = await startBasic(t);
  const subject = { error: 'invalid_request', description: 'The provided subject token is invalid or expired' };
  const subject_token = await forgedToken(server, { exp: 1 });
  assertRefused(server, await ask(server, { subject_token }), { ...subject, reason: 'subject_token_expired' });
  const wrongType = await ask(server, { subject_token_type: type('quark') });
  assertRefused(server, wrongType, {
    error: 'unsupported_token_type',
    description: 'The subject_token_type is not supported',
    reason: 'subject_token_type_unsupported',
  });
  const missing = await ask(server, { subject_token: undefined });
  assert.deepEqual([missing.status, missing.body.error], [400, 'invalid_request']);
  const wrong = await ask(server, { client_secret: 'wrong' });
  assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_client']);
  const other = await ask(server, stranger);
  assert.deepEqual([other.status, other.body.error], [400, 'unauthorized_client']);
  assert.equal((await server.post(PATH, encode({ subject_token: 'x', subject_token_type: 'x' }))).status, 401);
  assert.equal((await ask(server)).status, 200);
});

test('a client with a token that it may not exchange learns no target', async (t) => {
  const server = await start(t, changed(configuration, named('other')));
  const client_id = 'other';
  const other = await ask(server, { client_id, client_secret: 'other-secret' });
  assert.deepEqual(entriesOf(other), [], 'no rule is for this client');
  const foreign = await forgedToken(server, { client_id: 'stranger', aud: 'https://private.example' });
  assert.deepEqual(entriesOf(await ask(server, { subject_token: foreign })), []);
  assert.equal(entriesOf(await ask(server)).length, 2);
});

test('lists nothing for suspended parties, and counts requests by client, whatever the configuration says (TD-05)', async (t) => {
  const server = await start(t, withOperators(configuration));
  const subject_token = await subjectToken(server);
  const actor = await acting(server);
  assert.equal(entriesOf(await ask(server, { subject_token, ...actor })).length, 2);
  const suspend = async (party: string) =>
    assert.equal((await admin(server, 'POST /actors/suspend', { body: { subject: party } })).status < 300, true);
  await suspend('agent');
  const acted = await ask(server, { subject_token, ...actor });
  assert.equal(server.audit(acted)?.reason, 'actor_token_suspended');
  let last: Answer | undefined;
  for (let asked = 2; asked <= 60; asked++) last = await ask(server, { subject_token });
  assert.equal(last && entriesOf(last).length, 2);
  const beyond = await ask(server, { subject_token });
  assert.deepEqual([beyond.status, beyond.body.error], [429, 'temporarily_unavailable']);
  assert.ok(Number(beyond.headers.get('retry-after')) > 0);
  await suspend('gateway');
  assert.equal((await ask(server, { subject_token })).status, 400);
});

test('a token that is bound to a key shows its targets to a caller that proves the key', async (t) => {
  const server = await start(
    t,
    changed(configuration, { clients: edited('gateway', { dpopBoundAccessTokens: false }) }),
  );
  const prover = newProver();
  const subject_token = await forgedToken(server, { cnf: { jkt: prover.jkt } });
  const prove = (htu: string) => prover.prove(server, { htu });
  assert.deepEqual(entriesOf(await ask(server, { subject_token })), [], 'an exchange would be refused');
  const proof = prove(server.issuer + PATH);
  assert.equal(entriesOf(await ask(server, { subject_token }, { DPoP: proof })).length, 2);
  assert.equal((await ask(server, { subject_token }, { DPoP: proof })).status, 400, 'a proof is used once');
  const elsewhere = prove(`${server.issuer}/oauth/token`);
  assert.equal((await ask(server, { subject_token }, { DPoP: elsewhere })).status, 400);
});
