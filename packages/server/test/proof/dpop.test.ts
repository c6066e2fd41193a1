// DPoP (RFC 9449) at the token endpoint: valid proofs, and who needs one. For invalid proofs see packages/server/test/attacks/binding/proofs.ts.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { API, assertRefused, BACKEND, gateway } from '../support/basics.ts';
import { type Answer, claimsOf, type Form, start } from '../support/harness.ts';
import { newProver } from '../support/prover.ts';

const VAULT = 'https://vault.example';

const server = await start(
  { after: after as TestContext['after'] },
  `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read] }
  - { audience: ${VAULT}, scopes: [read], token: { format: opaque } }
  - { audience: ${BACKEND}, scopes: [read], requireSenderConstraint: true }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials], audiences: [${API}, ${VAULT}, ${BACKEND}], scopes: [read] }
  - { id: careful, auth: client_secret_post, secret: { plain: careful-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read], dpopBoundAccessTokens: true }
`,
);
const prover = newProver();

const PROOF_REFUSED = {
  error: 'invalid_dpop_proof',
  description: 'The DPoP proof is missing, or not valid for this request',
};

const ask = (dpop: string | undefined, form: Form = gateway): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', ...form }, dpop === undefined ? {} : { dpop });

async function assertProofRefused(dpop: string | undefined, reason: string, form?: Form): Promise<void> {
  assertRefused(server, await ask(dpop, form), { ...PROOF_REFUSED, reason }, reason);
}

test('binds a token requested with a proof to its key, and records the key in the audit row (DP-02, TE-33, BC-01e)', async () => {
  const bound = await ask(prover.prove(server));
  assert.equal(bound.body.token_type, 'DPoP');
  assert.deepEqual(claimsOf(bound.body.access_token).cnf, { jkt: prover.jkt });
  assert.deepEqual(server.audit(bound)?.confirmation, { jkt: prover.jkt });
  const bearer = await ask(undefined);
  assert.equal(bearer.body.token_type, 'Bearer');
  assert.equal(claimsOf(bearer.body.access_token).cnf, undefined);
});

test('returns the key of a token in introspection, opaque or not, with type DPoP (IN-04, IN-05)', async () => {
  for (const audience of [API, VAULT]) {
    const { body } = await ask(prover.prove(server), { ...gateway, audience });
    const form = new URLSearchParams({ ...gateway, token: String(body.access_token) }).toString();
    const told = await server.post('/oauth/introspect', form);
    assert.deepEqual([told.body.active, told.body.token_type, told.body.cnf], [true, 'DPoP', { jkt: prover.jkt }]);
  }
});

test('refuses a client with dpopBoundAccessTokens without a proof (DP-04)', async () => {
  const careful = { client_id: 'careful', client_secret: 'careful-secret' };
  await assertProofRefused(undefined, 'dpop_missing', careful);
  const answer = await ask(prover.prove(server), careful);
  assert.equal(answer.body.token_type, 'DPoP');
});

test('issues no bearer tokens for a resource with requireSenderConstraint', async () => {
  const refused = await ask(undefined, { ...gateway, audience: BACKEND });
  assertRefused(server, refused, {
    error: 'invalid_target',
    description: 'The requested audience is not valid for this client',
    reason: 'target_needs_proof',
  });
  const answer = await ask(prover.prove(server), { ...gateway, audience: BACKEND });
  assert.equal(answer.body.token_type, 'DPoP');
});

test('publishes the algorithms for proofs in the metadata (DP-12)', async () => {
  const response = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`);
  const { dpop_signing_alg_values_supported: algorithms } = (await response.json()) as Record<string, string[]>;
  assert.ok(algorithms?.includes('ES256') && algorithms.includes('Ed25519') && algorithms.includes('ML-DSA-65'));
  assert.equal(
    algorithms?.some((alg) => alg === 'none' || alg.startsWith('HS')),
    false,
  );
});
