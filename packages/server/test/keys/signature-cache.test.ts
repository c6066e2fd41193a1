// A verified signature is not verified again. All other checks are repeated each time.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type TestContext, test } from 'node:test';
import { type FinishedStep, STEPS_FINISHED } from '../../src/primitives/tracing.ts';
import { assertIssued, exchange, startBasic, subjectToken } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import { entry, newKey, startIssuer, trusting } from '../support/issuer.ts';
import { revoke } from '../support/life.ts';
import { assertSubjectRefused, freshToken, present } from '../support/trusting.ts';

/** @returns a function that counts the signatures verified so far */
function countVerified(t: TestContext): () => number {
  let verified = 0;
  const count = (message: unknown): void => {
    if ((message as FinishedStep).step === 'verify') verified++;
  };
  subscribe(STEPS_FINISHED, count);
  t.after(() => void unsubscribe(STEPS_FINISHED, count));
  return () => verified;
}

test('verifies the signature of a repeated token once', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const verified = countVerified(t);
  const token = freshToken(server, idp);
  for (const _time of [1, 2, 3]) assertIssued(server, await present(server, token));
  assert.equal(verified(), 1);
  assertIssued(server, await present(server, freshToken(server, idp)), 'another token');
  assert.equal(verified(), 2);
  const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BA' : 'AA'}`;
  assertSubjectRefused(server, await present(server, changed), 'signature');
  assert.equal(verified(), 3);
});

test('refuses a verified token after it expired, or after its issuer replaced the key of that kid', async (t) => {
  const key = newKey('ES256', 'the-key');
  const idp = await startIssuer(t);
  idp.keys.splice(0, 1, key);
  const server = await start(t, trusting(entry(idp)));
  const token = idp.sign({ exp: Math.floor(server.clock.now / 1000) + 3600 });
  assertIssued(server, await present(server, token));
  idp.keys.splice(0, 1, newKey('ES256', 'the-key'));
  assertIssued(server, await present(server, token), 'until the set is due');
  server.clock.now += 300_000;
  assertSubjectRefused(server, await present(server, token), 'signature');
  idp.keys.splice(0, 1, key);
  server.clock.now += 300_000;
  assertIssued(server, await present(server, token), 'the key is back');
  server.clock.now += 3_600_000;
  assertSubjectRefused(server, await present(server, token), 'expired');
});

test('never verifies the signature of a token that it just issued, and always checks its revocation', async (t) => {
  const server = await startBasic(t);
  const verified = countVerified(t);
  const own = await subjectToken(server);
  assertIssued(server, await exchange(server, { subject_token: own }));
  assert.equal(verified(), 0);
  const [head, payload, signature = ''] = own.split('.');
  const changed = [head, payload, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.');
  assertSubjectRefused(server, await exchange(server, { subject_token: changed }), 'signature');
  assert.equal((await revoke(server, own)).status, 200);
  assertSubjectRefused(server, await exchange(server, { subject_token: own }), 'revoked');
});
