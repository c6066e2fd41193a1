// Two server processes on one database: each sees what the other revokes, uses up or rotates.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exchange, gateway } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { EXCHANGE, encode, type Form, freePort, read, start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { FOREIGN_BESIDE, introspect, life, refresh, revoke } from '../support/life.ts';
import { answersOfOne, eventually, outcomesOf, served } from '../support/node.ts';
import { PROGRAM, startProgram } from '../support/program.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

/** Starts another process with the file and the database of a running server. */
async function startSecond(t: TestContext, { folder }: TestServer) {
  const port = await freePort();
  const command = [process.execPath, PROGRAM, 'serve', '--config', join(folder, 'cambio.yaml')];
  const program = startProgram(t, command, { env: { PORT: String(port) } });
  await program.printed('serves');
  const url = `http://127.0.0.1:${port}`;
  const once = async (path: string, form: Form) =>
    read(await fetch(url + path, { method: 'POST', body: new URLSearchParams(encode(form)) }));
  return Object.assign((path: string, form: Form) => served(() => once(path, form)), { once });
}

test('a revocation on one node revokes the token and its descendants on the other', async (t) => {
  const one = await start(t, life());
  const two = await startSecond(t, one);
  const ancestor = await exchange(one);
  const derived = await exchange(one, { subject_token: String(ancestor.body.access_token) });
  const onTwo = (path: string, token: unknown) => two(path, { ...gateway, token: String(token) });
  const activeOnTwo = async (token: unknown) => (await onTwo('/oauth/introspect', token)).body.active;
  assert.equal(await activeOnTwo(derived.body.access_token), true);
  assert.equal((await revoke(one, ancestor.body.access_token)).status, 200);
  await eventually(
    () => activeOnTwo(derived.body.access_token),
    (active) => active === false,
  );
  const presented = { subject_token: String(derived.body.access_token), subject_token_type: type('access_token') };
  const refused = await two('/oauth/token', { grant_type: EXCHANGE, ...gateway, ...presented });
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
  const renewed = await two('/oauth/token', {
    grant_type: 'refresh_token',
    ...gateway,
    refresh_token: String(derived.body.refresh_token),
  });
  assert.deepEqual([renewed.status, renewed.body.error], [400, 'invalid_grant']);
});

test('the other node sees a rotation and a revoked family at once, since both are read from the database', async (t) => {
  const one = await start(t, life());
  const two = await startSecond(t, one);
  const { body } = await exchange(one);
  const onTwo = (token: unknown) =>
    two('/oauth/token', { grant_type: 'refresh_token', ...gateway, refresh_token: String(token) });
  const second = await refresh(one, body.refresh_token);
  const third = await onTwo(second.body.refresh_token);
  assert.equal(third.status, 200);
  assert.equal((await refresh(one, third.body.refresh_token)).status, 200);
  const other = await exchange(one);
  await revoke(one, other.body.refresh_token);
  assert.equal((await onTwo(other.body.refresh_token)).status, 400);
});

test('a single-use id is accepted once over all nodes', async (t) => {
  const idp = await startIssuer(t);
  const one = await start(t, life([FOREIGN_BESIDE], [entry(idp, { reuse: 'never' })]));
  const two = await startSecond(t, one);
  for (let round = 0; round < 5; round++) {
    const answers = await answersOfOne(async () => {
      const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
      const nodes = [() => one.once.token(form), () => two.once('/oauth/token', form)];
      return Array.from({ length: 5 }, () => nodes).flat();
    });
    assert.deepEqual(outcomesOf(answers), ['200', ...Array(9).fill('400 invalid_grant')]);
  }
});

test('cambio tokens revoke revokes a token of another issuer by its id, with everything exchanged for it', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, life([FOREIGN_BESIDE], [entry(idp)]));
  const ask = (token: string) => exchange(server, { subject_token: token, subject_token_type: type('jwt') });
  const [token, another] = [idp.sign(), idp.sign({ jti: undefined })];
  for (const one of [token, another]) {
    const answer = await ask(one);
    // An id that is a digest may begin with a hyphen.
    const { code, stderr } = await beside(t, server, ['token revoke', '--', String(server.audit(answer)?.subject?.id)]);
    assert.deepEqual([code, stderr], [0, '']);
    await eventually(
      async () => (await introspect(server, answer.body.access_token)).body.active,
      (active) => active === false,
    );
    assertSubjectRefused(server, await ask(one), 'revoked');
    assert.equal((await refresh(server, answer.body.refresh_token)).status, 400);
  }
  assert.equal((await ask(idp.sign())).status, 200);
});
