// Authorization codes with and without a bound key (RFC 9449 section 10).
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { assertRefused } from '../support/basics.ts';
import { type Answer, claimsOf, encode, type Form } from '../support/harness.ts';
import { authorizationUrl, authorizeAs, CALLBACK, CHALLENGE, startPeople, VERIFIER, web } from '../support/people.ts';
import { newProver, type Prover } from '../support/prover.ts';

const server = await startPeople({ after: after as TestContext['after'] });
const [own, other] = [newProver(), newProver()];
const PROOF_REFUSED = {
  error: 'invalid_dpop_proof',
  description: 'The DPoP proof is missing, or not valid for this request',
};

const redeem = (at: URL, prover: Prover | undefined): Promise<Answer> =>
  server.token(
    {
      grant_type: 'authorization_code',
      ...web,
      code: at.searchParams.get('code') ?? '',
      redirect_uri: CALLBACK,
      code_verifier: VERIFIER,
    },
    prover ? { dpop: prover.prove(server) } : {},
  );

const push = (form: Form, headers: Record<string, string> = {}): Promise<Answer> => {
  const request = {
    ...{ ...web, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid read', state: 's', nonce: 'n' },
    ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256', ...form },
  };
  return server.post('/oauth/par', encode(request), headers);
};

async function assertBoundTo(at: URL): Promise<void> {
  assertRefused(server, await redeem(at, undefined), { ...PROOF_REFUSED, reason: 'dpop_missing' });
  assertRefused(server, await redeem(at, other), { ...PROOF_REFUSED, reason: 'dpop_other_key' });
  const answer = await redeem(at, own);
  assert.equal(answer.body.token_type, 'DPoP', answer.text);
  assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt: own.jkt });
}

test('accepts a code requested with dpop_jkt only with that key (DP-08)', async () => {
  await assertBoundTo(await authorizeAs(server, { dpop_jkt: own.jkt }));
});

test('accepts a code requested without a key with any key, and binds its tokens to it (DP-02)', async () => {
  const answer = await redeem(await authorizeAs(server), own);
  assert.deepEqual([answer.body.token_type, claimsOf(answer.body.access_token).cnf], ['DPoP', { jkt: own.jkt }]);
  const form = { grant_type: 'refresh_token', ...web, refresh_token: String(answer.body.refresh_token) };
  assertRefused(server, await server.token(form), { ...PROOF_REFUSED, reason: 'dpop_missing' });
  assert.equal((await server.token(form, { dpop: own.prove(server) })).body.token_type, 'DPoP');
});

test('reads the key of a pushed request from dpop_jkt or from a proof, and refuses two that differ (DP-08)', async () => {
  const proof = (): Record<string, string> => ({ dpop: own.prove(server, { htu: `${server.issuer}/oauth/par` }) });
  assertRefused(server, await push({ dpop_jkt: other.jkt }, proof()), { ...PROOF_REFUSED, reason: 'dpop_other_key' });
  const elsewhere = await push({}, { dpop: own.prove(server) });
  assertRefused(server, elsewhere, { ...PROOF_REFUSED, reason: 'dpop_request' });
  const malformed = await push({ dpop_jkt: 'x' });
  assert.deepEqual([malformed.status, malformed.body.error], [400, 'invalid_request']);
  for (const pushed of [
    await push({}, proof()),
    await push({ dpop_jkt: own.jkt }),
    await push({ dpop_jkt: own.jkt }, proof()),
  ]) {
    assert.equal(pushed.status, 201, pushed.text);
    const only = Object.fromEntries(
      [...new URL(authorizationUrl(), server.issuer).searchParams.keys()].map((name) => [name, undefined]),
    );
    await assertBoundTo(
      await authorizeAs(server, { ...only, client_id: 'web', request_uri: String(pushed.body.request_uri) }),
    );
  }
});
