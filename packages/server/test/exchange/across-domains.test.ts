// Two servers: A issues grants for B, and B redeems them.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertIssued, assertRefused, configuration as basic, client } from '../support/basics.ts';
import { added, type Configuration, changed, entries } from '../support/configuration.ts';
import { type Answer, claimsOf, freePort, start, type TestServer, type } from '../support/harness.ts';
import { introspect } from '../support/life.ts';
import { across, CRM, jag, present, signIn } from '../support/other-servers.ts';
import { web } from '../support/people.ts';
import { newProver } from '../support/prover.ts';
import { ASSERTION_REFUSED, JWT_BEARER } from '../support/redeeming.ts';

const there = { client_id: 'web-at-b', client_secret: 'web-at-b-secret' };

/** B trusts A for both kinds of grants. */
const vendor = (issuer: string): Configuration =>
  changed(basic, {
    resources: added({ audience: CRM, scopes: ['read'] }),
    clients: added(client('web-at-b', { grants: ['jwt_bearer'], audiences: undefined, scopes: ['read', 'write'] })),
    issuers: [{ issuer, name: 'a', grants: { id_jag: {}, chaining_grant: {} }, allowPrivateNetwork: true }],
    rules: entries([
      {
        name: 'who comes from A',
        client: 'web-at-b',
        subject: { issuer: 'a', types: ['id_jag', 'chaining_grant'] },
        grant: { audiences: [CRM], scopes: ['read'] },
      },
    ]),
  });

interface Pair {
  readonly a: TestServer;
  readonly b: TestServer;
  readonly tokens: { readonly id_token: string; readonly access_token: string };
  readonly ask: { readonly audience: string; readonly resource: string };
}

async function pairOf(t: TestContext): Promise<Pair> {
  const port = await freePort();
  const at = `http://127.0.0.1:${port}`;
  const b = await start(t, vendor(at));
  const a = await start(
    t,
    changed(
      across({
        issuer: b.issuer,
        clients: { web: 'web-at-b' },
        resources: { [CRM]: { scopes: { 'crm.read': 'read' } } },
      }),
      {
        rules: entries([
          {
            name: 'people at B',
            client: 'web',
            subject: { issuer: 'self', types: ['id_token'] },
            grant: { audiences: [b.issuer], scopes: { openid: ['crm.read'] }, types: ['id_jag'] },
          },
          {
            name: 'chaining',
            client: 'web',
            subject: { issuer: 'self', types: ['access_token'] },
            act: 'client',
            grant: { audiences: [b.issuer], scopes: { read: ['crm.read'] }, types: ['jwt'] },
          },
        ]),
      },
    ),
    { port },
  );
  const { body } = await signIn(a, { scope: 'openid read' });
  return { a, b, tokens: body as Pair['tokens'], ask: { audience: b.issuer, resource: CRM } };
}

const redeem = (b: TestServer, assertion: unknown, headers = {}): Promise<Answer> =>
  b.token({ grant_type: JWT_BEARER, ...there, assertion: String(assertion) }, headers);

test('an ID-JAG of one server gives an access token at the other, once, and only there', async (t) => {
  const { a, b, tokens, ask } = await pairOf(t);
  const issued = await present(a, tokens.id_token, 'id_token', { ...jag, ...ask });
  assert.equal(issued.status, 200, issued.text);
  const grant = issued.body.access_token;
  const answer = await redeem(b, grant);
  assert.equal(answer.status, 200, answer.text);
  const { aud, sub, scope, client_id, lineage } = claimsOf(answer.body.access_token);
  assert.deepEqual({ aud, sub, scope, client_id }, { aud: CRM, sub: 'a:ada', scope: 'read', client_id: 'web-at-b' });
  assert.equal((lineage as unknown[]).length, 1);
  assert.equal(b.audit(answer)?.subject?.iss, a.issuer);
  const active = async (): Promise<unknown> => (await introspect(b, answer.body.access_token, there)).body.active;
  assert.equal(await active(), true);
  assertRefused(b, await redeem(b, grant), { ...ASSERTION_REFUSED, reason: 'assertion_replayed' });
  // Not at A, which issued it: not by the grant, and not in an exchange.
  const atHome = await a.token({ grant_type: JWT_BEARER, ...web, assertion: String(grant) });
  assert.equal(atHome.status, 400);
  // The same person has one name at B, and the token ends with the trust in A.
  await b.reload(changed(vendor(a.issuer), { issuers: [], rules: [] }));
  assert.equal(await active(), false);
});

test('a grant of identity chaining names who acts, and is bound to the key that both requests prove', async (t) => {
  const { a, b, tokens, ask } = await pairOf(t);
  const prover = newProver();
  const chain = (headers = {}): Promise<Answer> =>
    present(a, tokens.access_token, 'access_token', { ...ask, requested_token_type: type('jwt') }, headers);
  const plain = await redeem(b, (await chain()).body.access_token);
  assertIssued(b, plain);
  assert.deepEqual(claimsOf(plain.body.access_token).act, { sub: 'web', iss: a.issuer });
  const bound = (await chain({ dpop: prover.prove(a) })).body.access_token;
  assert.deepEqual(claimsOf(bound).cnf, { jkt: prover.jkt });
  assertRefused(b, await redeem(b, bound), { ...ASSERTION_REFUSED, reason: 'assertion_bound' });
  const other = await redeem(b, bound, { dpop: newProver().prove(b) });
  assertRefused(b, other, { ...ASSERTION_REFUSED, reason: 'assertion_bound' });
  const proven = await redeem(b, bound, { dpop: prover.prove(b) });
  assert.equal(proven.status, 200, proven.text);
  assert.deepEqual([proven.body.token_type, claimsOf(proven.body.access_token).cnf], ['DPoP', { jkt: prover.jkt }]);
  // An access token of A is not a grant.
  assertRefused(b, await redeem(b, tokens.access_token), { ...ASSERTION_REFUSED, reason: 'assertion_wrong_type' });
});
