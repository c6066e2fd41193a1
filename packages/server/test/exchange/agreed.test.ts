// An ID token of ours, or a person's refresh token, is exchanged within the agreement: scope, targets, key, actor.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  API,
  assertIssued,
  assertRefused,
  BACKEND,
  SCOPE_REFUSED,
  SUBJECT_REFUSED,
  TARGET_REFUSED,
} from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, type Form, start, type TestServer, type } from '../support/harness.ts';
import { authorizeAs, configuration, redeem, VERIFIER, web } from '../support/people.ts';
import { newProver } from '../support/prover.ts';

/** `web` and `agent` may exchange every token that they can get, for both APIs. */
const open = changed(configuration, {
  rules: [
    {
      name: 'open',
      client: ['web', 'agent'],
      subject: { issuer: 'self', clients: ['web'], types: ['access_token', 'id_token', 'refresh_token'] },
      grant: { audiences: [API, BACKEND], scopes: ['read', 'write'] },
    },
  ],
  clients: edited('agent', { audiences: [API, BACKEND], scopes: ['read', 'write'] }),
});

type Kind = 'id_token' | 'refresh_token' | 'access_token';

const present = (server: TestServer, { body }: Answer, kind: Kind, form: Form = {}, headers = {}): Promise<Answer> =>
  server.token(
    { grant_type: EXCHANGE, ...web, subject_token: String(body[kind]), subject_token_type: type(kind), ...form },
    headers,
  );

/** A server on which ada has agreed to the scopes, and the tokens that `web` got for them. */
async function agreed(
  t: TestContext,
  asked: Form,
  headers: (server: TestServer) => Record<string, string> = () => ({}),
): Promise<readonly [TestServer, Answer]> {
  const server = await start(t, open);
  const at = await authorizeAs(server, asked);
  const code = at.searchParams.get('code') ?? undefined;
  const form = { grant_type: 'authorization_code', ...web, code, code_verifier: VERIFIER };
  const answer = await server.token(form, headers(server));
  assertIssued(server, answer);
  return [server, answer];
}

test('grants no API to an agreement that only identifies the person', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid' });
  assert.equal(claimsOf(tokens.body.access_token).scope, 'openid');
  const notAgreed = { ...TARGET_REFUSED, reason: 'target_not_agreed' };
  for (const kind of ['id_token', 'refresh_token'] as const)
    for (const audience of [API, BACKEND, undefined])
      assertRefused(server, await present(server, tokens, kind, { audience }), notAgreed, `${kind} ${audience}`);
  assertRefused(server, await present(server, tokens, 'access_token', { audience: API }), {
    ...SCOPE_REFUSED,
    reason: 'scope_empty',
  });
});

test('grants no scope beyond the agreement to any kind of token, and no target beyond it to tokens that stay with the client', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid read' });
  for (const kind of ['id_token', 'refresh_token', 'access_token'] as const) {
    const whole = await present(server, tokens, kind, { audience: API });
    assertIssued(server, whole, kind);
    assert.equal(whole.body.scope, 'read', kind);
    assertRefused(
      server,
      await present(server, tokens, kind, { audience: API, scope: 'read write' }),
      { ...SCOPE_REFUSED, reason: 'scope_exceeded' },
      kind,
    );
  }
  const notAgreed = { ...TARGET_REFUSED, reason: 'target_not_agreed' };
  assertRefused(server, await present(server, tokens, 'id_token', { audience: BACKEND }), notAgreed);
  assertRefused(server, await present(server, tokens, 'refresh_token', { audience: BACKEND }), notAgreed);
  assertRefused(server, await present(server, tokens, 'id_token', { audience: [API, BACKEND] }), notAgreed);
  // An access token is sent to other parties, which exchange it as the rules allow.
  assertIssued(server, await present(server, tokens, 'access_token', { audience: BACKEND }));
});

test('grants both targets of an agreement', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid read', audience: [API, BACKEND] });
  for (const audience of [API, BACKEND])
    for (const kind of ['id_token', 'refresh_token'] as const)
      assertIssued(server, await present(server, tokens, kind, { audience }), kind);
});

test("limits a refresh token, obtained with an ID token or a person's refresh token, to the agreed targets", async (t) => {
  const types = ['access_token', 'refresh_token'];
  const chained = changed(open, { rules: edited('open', { grant: { types } }) });
  const server = await start(t, chained);
  const tokens = await redeem(server, await authorizeAs(server, { scope: 'openid read' }));
  for (const kind of ['id_token', 'refresh_token'] as const) {
    const given = await present(server, tokens, kind, { audience: API, requested_token_type: type('refresh_token') });
    assertIssued(server, given, kind);
    const body = { refresh_token: given.body.access_token };
    assertIssued(server, await present(server, { ...given, body }, 'refresh_token', { audience: API }), kind);
    assertRefused(
      server,
      await present(server, { ...given, body }, 'refresh_token', { audience: BACKEND }),
      { ...TARGET_REFUSED, reason: 'target_not_agreed' },
      kind,
    );
  }
});

test('limits the ID token to the targets that its code was redeemed for', async (t) => {
  const server = await start(t, open);
  const at = await authorizeAs(server, { scope: 'openid read', audience: [API, BACKEND] });
  const tokens = await redeem(server, at, { audience: BACKEND });
  assertIssued(server, await present(server, tokens, 'id_token', { audience: BACKEND }));
  assertRefused(server, await present(server, tokens, 'id_token', { audience: API }), {
    ...TARGET_REFUSED,
    reason: 'target_not_agreed',
  });
  assertIssued(server, await present(server, tokens, 'refresh_token', { audience: API }), 'the whole of it');
});

test('binds the ID token to the key of the access token issued with it', async (t) => {
  const prover = newProver();
  const proof = (server: TestServer, by = prover) => ({ DPoP: by.prove(server) });
  const [server, tokens] = await agreed(t, { scope: 'openid read' }, proof);
  const bound = { ...SUBJECT_REFUSED, reason: 'subject_token_bound' };
  for (const kind of ['id_token', 'refresh_token', 'access_token'] as const) {
    assertRefused(server, await present(server, tokens, kind), bound, kind);
    assertRefused(server, await present(server, tokens, kind, {}, proof(server, newProver())), bound, kind);
    const good = await present(server, tokens, kind, {}, proof(server));
    assertIssued(server, good, kind);
    assert.deepEqual(claimsOf(good.body.access_token).cnf, { jkt: prover.jkt }, kind);
  }
});

test('names the agreed actor in the ID token too', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid read', requested_actor: 'agent' });
  const agent = { client_id: 'agent', client_secret: 'agent-secret' };
  for (const kind of ['id_token', 'refresh_token', 'access_token'] as const) {
    assert.equal(server.audit(await present(server, tokens, kind, { audience: API }))?.reason, 'may_act', kind);
    assertIssued(server, await present(server, tokens, kind, { ...agent, audience: API }), kind);
  }
});

test('refuses an ID token without the agreed claim, such as one of an earlier version', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid read' });
  const { agreed: said, ...claims } = claimsOf(tokens.body.id_token) as Record<string, unknown> & { agreed: object };
  const forged = (more: object) => ({
    ...tokens,
    body: { id_token: server.forge({ ...claims, ...more }, { typ: 'JWT' }) },
  });
  const malformed = { ...SUBJECT_REFUSED, reason: 'subject_token_claims' };
  for (const more of [
    {},
    { agreed: 'read' },
    { agreed: null },
    { agreed: [said] },
    { agreed: {} },
    { agreed: { ...said, scope: undefined } },
    { agreed: { ...said, scope: 'read  write' } },
    { agreed: { ...said, scope: '' } },
    { agreed: { ...said, aud: undefined } },
    { agreed: { ...said, aud: [] } },
    { agreed: { ...said, aud: [7] } },
    { agreed: { ...said, may_act: 'agent' } },
  ])
    assertRefused(server, await present(server, forged(more), 'id_token'), malformed, JSON.stringify(more));
  assert.equal(
    server.audit(await present(server, forged({ agreed: { ...said, cnf: { jwk: {} } } }), 'id_token'))?.reason,
    'subject_token_bound',
  );
  assertIssued(server, await present(server, forged({ agreed: said }), 'id_token'));
});

test('revokes the ID token together with the refresh token issued with it', async (t) => {
  const [server, tokens] = await agreed(t, { scope: 'openid read' });
  assertIssued(server, await present(server, tokens, 'id_token'));
  await server.post(
    '/oauth/revoke',
    new URLSearchParams({ ...web, token: String(tokens.body.refresh_token) }).toString(),
  );
  for (const kind of ['id_token', 'access_token', 'refresh_token'] as const)
    assertRefused(
      server,
      await present(server, tokens, kind),
      { ...SUBJECT_REFUSED, reason: 'subject_token_revoked' },
      kind,
    );
});

test('ends descendants with the session if the agreement ends with it, and not with offline_access', async (t) => {
  const grant = { audiences: [API], scopes: ['read'], types: ['refresh_token'], refreshLifetime: '30d' };
  const lasting = changed(open, {
    clients: edited('agent', { grants: ['token_exchange', 'refresh_token'] }),
    rules: edited('open', { grant }),
  });
  const onlyNow = changed(lasting, { clients: edited('web', { grants: ['authorization_code', 'token_exchange'] }) });
  const agent = { client_id: 'agent', client_secret: 'agent-secret', requested_token_type: type('refresh_token') };
  for (const [source, scope, expected] of [
    [onlyNow, 'openid read', 28_800],
    [lasting, 'openid read', 28_800],
    // Until the family of the client ends.
    [lasting, 'openid read offline_access', 86_400],
  ] as const) {
    const server = await start(t, source, { now: 1_800_000_000_000 });
    const tokens = await redeem(server, await authorizeAs(server, { scope }));
    for (const kind of ['access_token', 'id_token'] as const) {
      const answer = await present(server, tokens, kind, { ...agent, audience: API });
      assertIssued(server, answer);
      assert.equal(answer.body.expires_in, expected, `${scope} ${kind}`);
    }
  }
});
