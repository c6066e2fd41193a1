// Refresh tokens bound to a key (RFC 9449 section 5), as a grant and as a subject token.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { API, assertIssued, assertRefused, gateway, SUBJECT_REFUSED } from '../support/basics.ts';
import { type Answer, claimsOf, EXCHANGE, type Form, start, type } from '../support/harness.ts';
import { newProver, type Prover } from '../support/prover.ts';

const server = await start(
  { after: after as TestContext['after'] },
  `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read] }
clients:
  - { id: web, auth: client_secret_post, secret: { plain: web-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read] }
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [token_exchange, refresh_token] }
  - { id: app, auth: none, publicExchange: true, grants: [token_exchange, refresh_token] }
rules:
  - { name: all, client: [gateway, app], subject: { issuer: self, clients: [web, gateway, app], types: [access_token, refresh_token] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token], refreshToken: true } }
`,
);
const web = await server.token({ grant_type: 'client_credentials', client_id: 'web', client_secret: 'web-secret' });
const app = { client_id: 'app' };
const [own, other] = [newProver(), newProver()];

const headersOf = (prover: Prover | undefined): Record<string, string> =>
  prover === undefined ? {} : { dpop: prover.prove(server) };

const exchange = (client: Form, prover: Prover | undefined, subject_token: unknown, declared = 'access_token') =>
  server.token(
    { grant_type: EXCHANGE, ...client, subject_token: String(subject_token), subject_token_type: type(declared) },
    headersOf(prover),
  );

const refresh = (client: Form, prover: Prover | undefined, token: unknown): Promise<Answer> =>
  server.token({ grant_type: 'refresh_token', ...client, refresh_token: String(token) }, headersOf(prover));

/** A refresh token, obtained with or without a proof. */
const begin = async (client: Form, prover: Prover | undefined): Promise<unknown> =>
  (await exchange(client, prover, web.body.access_token)).body.refresh_token;

function assertRefreshed(answer: Answer, prover: Prover | undefined): unknown {
  assertIssued(server, answer);
  assert.equal(answer.body.token_type, prover ? 'DPoP' : 'Bearer');
  assert.deepEqual(claimsOf(answer.body.access_token).cnf, prover && { jkt: prover.jkt });
  return answer.body.refresh_token;
}

function assertProofRefused(answer: Answer, reason: string): void {
  const description = 'The DPoP proof is missing, or not valid for this request';
  assertRefused(server, answer, { error: 'invalid_dpop_proof', description, reason });
}

test('lets an authenticated client prove another key, but not omit the proof (DP-03)', async () => {
  const first = await begin(gateway, own);
  assertProofRefused(await refresh(gateway, undefined, first), 'dpop_missing');
  const second = assertRefreshed(await refresh(gateway, other, first), other);
  assertProofRefused(await refresh(gateway, undefined, second), 'dpop_missing');
  assertRefreshed(await refresh(gateway, own, second), own);
});

test('binds an unbound refresh token by the first proof', async () => {
  for (const client of [app, gateway]) {
    const first = await begin(client, undefined);
    const second = assertRefreshed(await refresh(client, undefined, first), undefined);
    const third = assertRefreshed(await refresh(client, own, second), own);
    assertProofRefused(await refresh(client, undefined, third), 'dpop_missing');
    assertRefreshed(await refresh(client, own, third), own);
  }
});

test('repeats a lost response for the same key, and for no other', async () => {
  const first = await begin(app, own);
  const successor = assertRefreshed(await refresh(app, own, first), own);
  assertProofRefused(await refresh(app, undefined, first), 'dpop_missing');
  assert.equal(assertRefreshed(await refresh(app, own, first), own), successor);
});

test('refuses a used proof at a refresh, and does not count it as reuse', async () => {
  const dpop = own.prove(server);
  const form = { grant_type: 'refresh_token', ...app };
  const token = String(await begin(app, own));
  const answer = await server.token({ ...form, refresh_token: token }, { dpop });
  server.clock.now += 11_000;
  assertProofRefused(await server.token({ ...form, refresh_token: token }, { dpop }), 'dpop_replayed');
  assertRefreshed(await refresh(app, own, answer.body.refresh_token), own);
});

test('exchanges a bound refresh token only with its key, returns the key, and binds the new token to it (DP-13)', async () => {
  const asked = await server.token(
    {
      grant_type: EXCHANGE,
      ...app,
      subject_token: String(web.body.access_token),
      subject_token_type: type('access_token'),
      requested_token_type: type('refresh_token'),
    },
    headersOf(own),
  );
  assert.deepEqual([asked.body.token_type, asked.body.cnf], ['N_A', { jkt: own.jkt }]);
  const token = asked.body.access_token;
  for (const prover of [other, undefined]) {
    const refused = await exchange(app, prover, token, 'refresh_token');
    assertRefused(server, refused, { ...SUBJECT_REFUSED, reason: 'subject_token_bound' });
  }
  assertRefreshed(await exchange(app, own, token, 'refresh_token'), own);
  assertRefreshed(await refresh(app, own, token), own);
});
