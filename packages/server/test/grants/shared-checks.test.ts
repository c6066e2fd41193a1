// The requirements of targets, clients and rules apply to every grant. They are implemented once, and no grant bypasses them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, exchange, gateway, TARGET_REFUSED } from '../support/basics.ts';
import { added, type Configuration, changed, edited, type Source } from '../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, type Form, start, type TestServer, type } from '../support/harness.ts';
import { BESIDE, ISSUER, life, other, refresh, refreshTokenOf, VAULT } from '../support/life.ts';
import { authorizeAs, configuration, redeem, VERIFIER, web } from '../support/people.ts';
import { newProver } from '../support/prover.ts';

const GOLD = 'https://gold.example';
const STRICT = 'https://strict.example';
const ALL = [API, GOLD, STRICT, VAULT];

const world = changed(configuration, {
  resources: added(
    { audience: GOLD, scopes: ['read'], requiredAcr: ['gold'] },
    { audience: STRICT, scopes: ['read'], requireSenderConstraint: true },
    { audience: VAULT, scopes: ['read'], token: { format: 'opaque' } },
  ),
  clients: edited('web', {
    audiences: ALL,
    grants: ['authorization_code', 'refresh_token', 'token_exchange', 'client_credentials'],
  }),
  rules: [
    {
      name: 'web exchanges what it got',
      client: 'web',
      subject: { issuer: 'self', clients: ['web'] },
      grant: { audiences: ALL, scopes: ['read'] },
    },
  ],
});

test('requires the acr, the key and the token format of a target in every grant', async (t) => {
  const server = await start(t, world);
  const own = await server.token({ grant_type: 'client_credentials', ...web, audience: API, scope: 'read' });
  const agreed = async (audience: Form['audience']) => authorizeAs(server, { scope: 'read', audience });
  const grants: Readonly<
    Record<string, (audience: readonly string[], headers?: Record<string, string>) => Promise<Answer>>
  > = {
    client_credentials: (audience, headers) =>
      server.token({ grant_type: 'client_credentials', ...web, audience, scope: 'read' }, headers),
    token_exchange: (audience, headers) => {
      const subject = { subject_token: String(own.body.access_token), subject_token_type: type('access_token') };
      return server.token({ grant_type: EXCHANGE, ...web, ...subject, audience }, headers);
    },
    authorization_code: async (audience, headers) => {
      const at = await agreed(ALL.filter((one) => one !== VAULT));
      const code = at.searchParams.get('code') ?? undefined;
      const form = { grant_type: 'authorization_code', ...web, code, code_verifier: VERIFIER };
      return server.token({ ...form, audience }, headers);
    },
    refresh_token: async (audience, headers) => {
      const tokens = await redeem(server, await agreed([API, GOLD, STRICT]), { audience: API });
      const refresh_token = String(tokens.body.refresh_token);
      return server.token({ grant_type: 'refresh_token', ...web, refresh_token, audience }, headers);
    },
  };
  for (const [name, ask] of Object.entries(grants)) {
    const refused = async (audience: readonly string[], reason: string) =>
      assertRefused(server, await ask(audience), { ...TARGET_REFUSED, reason }, name);
    await refused([GOLD], 'target_needs_acr');
    await refused([API, GOLD], 'target_needs_acr');
    await refused([STRICT], 'target_needs_proof');
    assertIssued(server, await ask([STRICT], { DPoP: newProver().prove(server) }), name);
    assertIssued(server, await ask([API]), name);
    if (name === 'client_credentials' || name === 'token_exchange') await refused([API, VAULT], 'targets_disagree');
  }
});

/** The same database with another file. */
async function restart(t: Parameters<typeof start>[0], server: TestServer, source: Source): Promise<TestServer> {
  await server.close();
  return start(t, source, { folder: server.folder, now: server.clock.now });
}

const NOT_ALLOWED = {
  error: 'invalid_grant',
  description: 'The provided refresh token is invalid or expired',
  reason: 'refresh_token_not_allowed',
};

const beside = (...changes: readonly Configuration[]): Configuration => life([changed(BESIDE, ...changes)]);

test('makes the client the actor at a refresh as in an exchange, if the rule says so', async (t) => {
  const first = await start(t, beside({ actor: undefined }));
  const subject = await first.token({ grant_type: 'client_credentials', ...other });
  const answer = await exchange(first, { subject_token: String(subject.body.access_token), audience: API });
  assertIssued(first, answer);
  const own = await refreshTokenOf(first);
  const acting = await restart(t, first, beside({ actor: undefined, act: 'client' }));
  const refreshed = await refresh(acting, answer.body.refresh_token);
  assertIssued(acting, refreshed);
  assert.deepEqual(claimsOf(refreshed.body.access_token).act, { sub: 'gateway', iss: ISSUER });
  assert.equal(acting.audit(await refresh(acting, own))?.reason, 'actor_is_subject', 'a party cannot act for itself');
  // An earlier actor is kept when the rule no longer adds it, and counts for the depth.
  const back = await restart(t, acting, beside({ actor: undefined }));
  const again = await refresh(back, refreshed.body.refresh_token);
  assert.equal(claimsOf(again.body.access_token).act, undefined, 'the family remembers what was granted first');
  const flat = await restart(t, back, beside({ actor: undefined, act: 'client', grant: { maxDepth: 0 } }));
  assert.equal(flat.audit(await refresh(flat, again.body.refresh_token))?.reason, 'chain_too_deep');
});

test('issues an unbound token at a refresh only while the rule allows it', async (t) => {
  const prover = newProver();
  const proof = (server: TestServer, by = prover) => ({ DPoP: by.prove(server, { htu: `${ISSUER}/oauth/token` }) });
  const first = await start(t, beside({ actor: undefined, subject: { constrained: 'accept' }, rebind: 'bearer' }));
  const subject = await first.token({ grant_type: 'client_credentials', ...gateway }, proof(first));
  const token = await refreshTokenOf(first, { subject_token: String(subject.body.access_token), audience: API });
  const strict = await restart(t, first, beside({ actor: undefined }));
  const form = { grant_type: 'refresh_token', ...gateway, refresh_token: token };
  assertRefused(strict, await strict.token(form), NOT_ALLOWED, 'no key');
  assertRefused(strict, await strict.token(form, proof(strict, newProver())), NOT_ALLOWED, 'another key');
  const kept = await strict.token(form, proof(strict));
  assertIssued(strict, kept);
  assert.deepEqual(claimsOf(kept.body.access_token).cnf, { jkt: prover.jkt });
});

test('issues a JWT for an opaque resource at a refresh only while the rule grants one', async (t) => {
  const first = await start(t, beside());
  const plain = await exchange(first, { audience: VAULT });
  const asked = await exchange(first, { requested_token_type: type('jwt'), audience: VAULT });
  const second = await restart(t, first, beside({ grant: { types: ['access_token', 'refresh_token'] } }));
  assertRefused(second, await refresh(second, asked.body.refresh_token), NOT_ALLOWED);
  assertIssued(second, await refresh(second, plain.body.refresh_token));
});
