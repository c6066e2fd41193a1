// A second use of a refresh token: either the response was lost, or the token was stolen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertIssued, assertRefused, exchange } from '../support/basics.ts';
import { type Answer, start, type TestServer, type } from '../support/harness.ts';
import { exchanged, introspect, life, refresh, refreshTokenOf } from '../support/life.ts';

const REFRESH_REFUSED = { error: 'invalid_grant', description: 'The provided refresh token is invalid or expired' };
const REUSED = { ...REFRESH_REFUSED, reason: 'refresh_token_reused' };
const REVOKED = { ...REFRESH_REFUSED, reason: 'refresh_token_revoked' };
const GRACE = 10_000;

const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token)).body.active;
const next = async (server: TestServer, token: unknown): Promise<Answer> => {
  const answer = await refresh(server, token);
  assertIssued(server, answer);
  return answer;
};

test('revokes the family and all its tokens at a second use after the grace period, and nothing else (BC-01f)', async (t) => {
  const server = await start(t, life());
  const first = await exchange(server);
  const bystander = await exchange(server);
  const second = await next(server, first.body.refresh_token);
  const derived = await exchanged(server, second.body.access_token);
  const issued = [first.body.access_token, second.body.access_token, derived, second.body.refresh_token];
  for (const token of issued) assert.equal(await active(server, token), true);
  server.clock.now += GRACE + 1000;
  const reused = await refresh(server, first.body.refresh_token);
  assertRefused(server, reused, REUSED);
  assert.equal(typeof server.audit(reused)?.revoked, 'string');
  for (const token of issued) assert.equal(await active(server, token), false);
  assertRefused(server, await refresh(server, second.body.refresh_token), REVOKED);
  const again = await exchange(server, { subject_token: String(second.body.access_token) });
  assert.equal(server.audit(again)?.reason, 'subject_token_revoked');
  assert.equal(await active(server, bystander.body.access_token), true);
  await next(server, bystander.body.refresh_token);
});

test('revokes the family if the successor was used, even within the grace period', async (t) => {
  const server = await start(t, life());
  const { body } = await exchange(server);
  const second = await next(server, body.refresh_token);
  const third = await next(server, second.body.refresh_token);
  assert.equal((await next(server, second.body.refresh_token)).body.refresh_token, third.body.refresh_token);
  assertRefused(server, await refresh(server, body.refresh_token), REUSED);
  assertRefused(server, await refresh(server, third.body.refresh_token), REVOKED);
});

test('revokes the family if two other requests rotate between read and write, and issues nothing', async (t) => {
  const server = await start(t, life());
  const { body } = await exchange(server);
  // Simulates two rotations on another node, at a moment that a test cannot hit.
  server.sql(`create trigger overtaken before update of generation on refresh_families
    when new.generation = old.generation + 1
    begin update refresh_families set generation = old.generation + 2 where id = old.id; select raise(ignore); end`);
  const overtaken = await refresh(server, body.refresh_token);
  assertRefused(server, overtaken, REUSED);
  assert.equal(server.audit(overtaken)?.issued, undefined);
  server.sql('drop trigger overtaken');
  assertRefused(server, await refresh(server, body.refresh_token), REVOKED);
  assert.equal(await active(server, body.access_token), false);
});

test('stores no text of a refresh token', async (t) => {
  const server = await start(t, life());
  const token = await refreshTokenOf(server);
  const mac = token.split('.')[2] ?? '';
  const file = ['cambio.db', 'cambio.db-wal'].map((name) => readFileSync(join(server.folder, name), 'latin1')).join('');
  assert.equal(file.includes(mac), false);
  assert.equal(
    file.includes(token.split('.')[0]?.replace('cambio_rt_', '') ?? ''),
    true,
    'only the name of its family',
  );
});

test('revokes descendants of a stolen token on every node, also as subject tokens of another type', async (t) => {
  const server = await start(t, life());
  const token = await refreshTokenOf(server);
  const asSubject = await exchange(server, { subject_token: token, subject_token_type: type('refresh_token') });
  assertIssued(server, asSubject);
  const second = await next(server, token);
  await next(server, second.body.refresh_token);
  assertRefused(server, await refresh(server, token), REUSED);
  for (const { access_token, refresh_token } of [asSubject.body, second.body]) {
    assert.equal(await active(server, access_token), false);
    assertRefused(server, await refresh(server, refresh_token), REVOKED);
  }
});

test('returns the same successor to a concurrent request, unless the family was revoked meanwhile (R05)', async (t) => {
  const server = await start(t, life());
  // Between the read of the family and its rotation, another request rotates it; in one case the family is revoked too.
  const overtake = (more: string): void =>
    server.sql(`create trigger overtake before update on refresh_families begin
      update refresh_families set generation = new.generation, rotated_at = new.rotated_at where id = old.id;
      ${more} select raise(ignore); end`);
  const overtaken = await refreshTokenOf(server);
  overtake('');
  assert.equal((await refresh(server, overtaken)).status, 200);
  server.sql('drop trigger overtake');
  const revoked = await refreshTokenOf(server);
  overtake('insert into revocations (id, revoked_at) values (old.id, 0);');
  assertRefused(server, await refresh(server, revoked), REVOKED);
});
