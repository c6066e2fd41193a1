// Revocation of a token with all tokens that derive from it (RFC 7009).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, withOperators } from '../../support/admin-api.ts';
import { acting, actorToken, assertIssued, exchange, subjectToken } from '../../support/basics.ts';
import { claimsOf, start, type TestServer, type } from '../../support/harness.ts';
import { basic, exchanged, introspect, life, refresh, revoke, VAULT } from '../../support/life.ts';
import { assertActorRefused, assertSubjectRefused } from '../../support/trusting.ts';

const states = async (server: TestServer, tokens: readonly unknown[]): Promise<unknown[]> =>
  Promise.all(tokens.map(async (token) => (await introspect(server, token)).body.active));

test('of A, B, C and D, each exchanged from the one before, revoking B revokes C and D and not A (RV-07)', async (t) => {
  const server = await start(t, life());
  const a = await subjectToken(server);
  const b = await exchange(server, { subject_token: a });
  const c = await exchange(server, { subject_token: String(b.body.access_token), audience: VAULT });
  const d = await exchange(server, { subject_token: String(c.body.access_token) });
  const chain = [a, ...[b, c, d].map(({ body }) => body.access_token)];
  const sibling = await exchanged(server, a);
  assert.deepEqual(await states(server, chain), [true, true, true, true]);
  const answer = await revoke(server, b.body.access_token);
  assert.deepEqual([answer.status, answer.text], [200, '{}']);
  const row = server.audit(answer);
  assert.deepEqual(
    [row?.action, row?.outcome, row?.client, row?.revoked],
    ['revoke', 'revoked', 'gateway', claimsOf(b.body.access_token).jti],
  );
  assert.deepEqual(await states(server, [...chain, sibling]), [true, false, false, false, true]);
  for (const token of chain.slice(1)) {
    assertSubjectRefused(server, await exchange(server, { subject_token: String(token) }), 'revoked');
  }
  assertIssued(server, await exchange(server, { subject_token: a }));
  // The refresh token beside B is older than B and stays valid; those beside C and D derive from B.
  assertIssued(server, await refresh(server, b.body.refresh_token));
  for (const { body } of [c, d]) {
    const refused = await refresh(server, body.refresh_token);
    assert.deepEqual([refused.body.error, server.audit(refused)?.reason], ['invalid_grant', 'refresh_token_revoked']);
  }
});

test('revokes the tokens of a refresh token with it; an access token is revoked without its refresh token (RV-04)', async (t) => {
  const server = await start(t, life());
  const first = await exchange(server);
  const second = await refresh(server, first.body.refresh_token);
  assert.equal((await revoke(server, second.body.access_token)).status, 200);
  assert.deepEqual(
    await states(server, [first.body.access_token, second.body.access_token, second.body.refresh_token]),
    [true, false, true],
  );
  // Each generation revokes the family.
  assert.equal((await revoke(server, first.body.refresh_token)).status, 200);
  assert.deepEqual(await states(server, [first.body.access_token, second.body.refresh_token]), [false, false]);
  assert.equal((await refresh(server, second.body.refresh_token)).status, 400);
});

test('revokes every token in which the actor of a revoked token acts, at any distance', async (t) => {
  const server = await start(t, life());
  const agents = await actorToken(server);
  const form = { actor_token: agents, actor_token_type: type('access_token') };
  const delegated = await exchange(server, form);
  const further = await exchanged(server, delegated.body.access_token);
  const elsewhere = await exchange(server, await acting(server));
  const tokens = [delegated.body.access_token, further, delegated.body.refresh_token, elsewhere.body.access_token];
  assert.deepEqual(await states(server, tokens), [true, true, true, true]);
  assert.equal((await revoke(server, agents, {}, basic('agent'))).status, 200);
  assert.deepEqual(
    await states(server, tokens),
    [false, false, false, true],
    'another token of the actor is not meant',
  );
  assertActorRefused(server, await exchange(server, form), 'revoked');
  assertIssued(server, await exchange(server), 'the token of the subject stays valid');
});

test('revokes the valid descendants of a token that is expired or refused for another reason', async (t) => {
  const server = await start(t, life());
  for (const audience of [undefined, VAULT]) {
    const subject = await subjectToken(server, { audience });
    const refreshToken = (await exchange(server, { subject_token: subject })).body.refresh_token;
    const other = (await exchange(server)).body.refresh_token;
    server.clock.now += 3_600_000 + 60_000;
    assert.equal((await introspect(server, subject)).body.active, false, 'it has expired');
    const renewed = (await refresh(server, refreshToken)).body;
    const foreign = await revoke(server, subject, {}, basic('agent'));
    assert.equal(server.audit(foreign)?.outcome, 'ignored', 'another client’s');
    assert.deepEqual(await states(server, [renewed.access_token]), [true]);
    const answer = await revoke(server, subject);
    assert.deepEqual([answer.status, server.audit(answer)?.outcome], [200, 'revoked']);
    assert.deepEqual(await states(server, [renewed.access_token, renewed.refresh_token]), [false, false]);
    assert.equal((await refresh(server, renewed.refresh_token)).status, 400);
    assertIssued(server, await refresh(server, other));
    const again = await revoke(server, subject);
    assert.deepEqual([again.status, server.audit(again)?.outcome], [200, 'ignored'], 'revoked already');
  }
  // Not valid yet, and with a wrong signature.
  const subject = await subjectToken(server);
  const early = server.forge({ ...claimsOf(subject), nbf: claimsOf(subject).exp });
  assert.equal(server.audit(await revoke(server, early.replace(/.{8}$/, 'AAAAAAAA')))?.outcome, 'ignored');
  assert.deepEqual(await states(server, [subject]), [true]);
  assert.equal(server.audit(await revoke(server, early))?.outcome, 'revoked');
  assert.deepEqual(await states(server, [subject]), [false]);
});

test('revokes the descendants of an opaque token whose record was deleted, for its client and for an operator', async (t) => {
  const server = await start(t, withOperators(life()));
  const family = async (subject: string) => (await exchange(server, { subject_token: subject })).body.refresh_token;
  const opaque = async () => exchanged(server, await subjectToken(server), { audience: VAULT });
  const [own, operators] = [await opaque(), await opaque()];
  const [mine, theirs] = [await family(own), await family(await exchanged(server, operators))];
  server.clock.now += 3 * 3_600_000;
  // Does the work of store/sweep.ts.
  server.sql('delete from opaque_tokens');
  const other = own.replace(/^cambio_at_./, (start) => `cambio_at_${start.endsWith('A') ? 'Q' : 'A'}`);
  const madeUp = await revoke(server, other);
  const foreign = await revoke(server, own, {}, basic('agent'));
  assert.deepEqual(
    [madeUp, foreign].map((one) => server.audit(one)?.outcome),
    ['ignored', 'ignored'],
  );
  assert.deepEqual(await states(server, [mine, theirs]), [true, true]);
  assert.equal(server.audit(await revoke(server, own))?.outcome, 'revoked');
  assert.deepEqual(await states(server, [mine, theirs]), [false, true]);
  assert.equal((await admin(server, 'POST /revocations', { body: { id: operators } })).status, 204);
  assert.deepEqual(await states(server, [mine, theirs]), [false, false]);
  const never = `cambio_at_${'x'.repeat(79)}`;
  assert.equal((await admin(server, 'POST /revocations', { body: { id: never } })).status, 404);
});

test('keeps revocations after a restart', async (t) => {
  const first = await start(t, life());
  const token = await subjectToken(first);
  const derived = await exchanged(first, token);
  await revoke(first, token);
  await first.close();
  const second = await start(t, life(), { folder: first.folder });
  assert.deepEqual(await states(second, [token, derived]), [false, false]);
  assertSubjectRefused(second, await exchange(second, { subject_token: derived }), 'revoked');
});
