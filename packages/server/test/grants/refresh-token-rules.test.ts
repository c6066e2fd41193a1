// Every refresh evaluates the rules again: what was granted at first must still be allowed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  assertIssued,
  assertRefused,
  BACKEND,
  exchange,
  subjectToken,
  TARGET_REFUSED,
} from '../support/basics.ts';
import { all, type Configuration, changed, edited, type Source } from '../support/configuration.ts';
import { claimsOf, start, type TestServer, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, startIssuer } from '../support/issuer.ts';
import { BESIDE, ISSUER, introspect, life, refresh, refreshTokenOf, revoke, VAULT } from '../support/life.ts';
import { idp, pem, presentSaml, samlEntry, signedFor, trustingSaml } from '../support/saml-exchange.ts';
import { attribute2, NOW, all as together } from '../support/saml-signer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const NOT_ALLOWED = {
  error: 'invalid_grant',
  description: 'The provided refresh token is invalid or expired',
  reason: 'refresh_token_not_allowed',
};

/** The rule of the world with changes. */
const beside = (changes: Configuration): Configuration => life([changed(BESIDE, changes)]);

/** The same database with another file. */
async function restart(t: Parameters<typeof start>[0], server: TestServer, source: Source): Promise<TestServer> {
  await server.close();
  return start(t, source, { folder: server.folder, now: server.clock.now });
}

test('refuses what no rule allows any more, and grants it again when one does', async (t) => {
  const renamed = 'https://renamed.example';
  const audiences = [renamed, BACKEND, VAULT];
  for (const [what, source, expected] of [
    ['no rule', life([]), NOT_ALLOWED],
    ['a rule for another client', beside({ client: ['other'] }), NOT_ALLOWED],
    ['a rule for subjects of another client', beside({ subject: { clients: ['other'] } }), NOT_ALLOWED],
    ['a rule that requires an actor', beside({ actor: { required: true, clients: ['agent'] } }), NOT_ALLOWED],
    [
      'a condition that is not met',
      beside({ subject: { clients: undefined, when: 'subject.sub == "x"' } }),
      NOT_ALLOWED,
    ],
    [
      'a rule that grants no refresh token',
      beside({ grant: { types: ['access_token', 'jwt'], refreshToken: undefined } }),
      NOT_ALLOWED,
    ],
    [
      'the target is in no rule',
      beside({ grant: { audiences: [BACKEND, VAULT] } }),
      { ...TARGET_REFUSED, reason: 'target_not_granted' },
    ],
    [
      'the target is not a resource',
      changed(beside({ grant: { audiences } }), {
        resources: edited(API, { audience: renamed }),
        clients: all({ audiences: (old: unknown) => old && audiences, resource: (old: unknown) => old && renamed }),
      }),
      { ...TARGET_REFUSED, reason: 'target_unknown' },
    ],
  ] as const) {
    const first = await start(t, life());
    const token = await refreshTokenOf(first, { audience: API });
    const narrower = await restart(t, first, source);
    assertRefused(narrower, await refresh(narrower, token), expected, what);
    const again = await restart(t, narrower, life());
    assertIssued(again, await refresh(again, token), what);
  }
});

test('narrows the next access token if a rule, a client or a resource allows less', async (t) => {
  for (const [what, source] of [
    ['the rule', beside({ grant: { scopes: ['read'] } })],
    ['the client', changed(life(), { clients: edited('gateway', { scopes: ['read'] }) })],
    ['the resource', changed(life(), { resources: edited(API, { scopes: ['read', 'admin'] }) })],
  ] as const) {
    const first = await start(t, life());
    const token = await refreshTokenOf(first, { audience: API });
    const narrower = await restart(t, first, source);
    assert.equal((await refresh(narrower, token)).body.scope, 'read', what);
  }
  const first = await start(t, beside({ grant: { scopes: ['read'] } }));
  const token = await refreshTokenOf(first, { audience: API });
  const wider = await restart(t, first, life());
  assert.equal((await refresh(wider, token)).body.scope, 'read', 'nothing widens what was granted');
});

test('refuses a client that lost the grant or was disabled, and tokens with a disabled subject or actor', async (t) => {
  const first = await start(t, life());
  const token = await refreshTokenOf(first);
  const withClient = (id: string, changes: Configuration): Configuration =>
    changed(life(), { clients: edited(id, changes) });
  const without = withClient('gateway', { grants: ['client_credentials', 'token_exchange'] });
  const second = await restart(t, first, without);
  const refused = await refresh(second, token);
  assert.deepEqual([refused.status, refused.body.error], [400, 'unauthorized_client']);
  const third = await restart(t, second, withClient('gateway', { disabled: true }));
  assert.equal((await refresh(third, token)).body.error, 'invalid_client');
  const fourth = await restart(t, third, life());
  const agent = await fourth.token(
    { grant_type: 'client_credentials' },
    { authorization: `Basic ${btoa('agent:agent-secret')}` },
  );
  const acting = { actor_token: String(agent.body.access_token), actor_token_type: type('access_token') };
  const delegated = await refreshTokenOf(fourth, acting);
  const fifth = await restart(t, fourth, withClient('agent', { disabled: true }));
  assertRefused(fifth, await refresh(fifth, delegated), NOT_ALLOWED);
  assertIssued(fifth, await refresh(fifth, token));
});

test('refuses a family if a token that it derives from was revoked', async (t) => {
  const server = await start(t, life());
  const ancestor = await subjectToken(server);
  const { body } = await exchange(server, { subject_token: ancestor });
  const elsewhere = await refreshTokenOf(server);
  assert.equal((await revoke(server, ancestor)).status, 200);
  assertIssued(server, await refresh(server, elsewhere), 'a family of another ancestor');
  const refused = await refresh(server, body.refresh_token);
  assertRefused(server, refused, { ...NOT_ALLOWED, reason: 'refresh_token_revoked' });
  assert.equal((await introspect(server, body.refresh_token)).body.active, false);
});

test('refreshes after the foreign token expired, and refuses once its issuer is not trusted', async (t) => {
  const provider = await startIssuer(t);
  // Without `issuer`, the rule still matches by the audience of the token, which names the client.
  const lenient = `{ client: gateway, grant: { audiences: [${API}, ${BACKEND}], scopes: [read], refreshToken: true } }`;
  const trusted = entry(provider, { accepts: '[id_token]', claims: '{ email: claims.email }' });
  const first = await start(t, life([lenient], [trusted]));
  const identity = {
    subject_token: provider.sign({ aud: 'gateway', email: 'ada@example.com' }),
    subject_token_type: type('id_token'),
  };
  const { body } = await exchange(first, identity);
  first.clock.now += 3_600_000;
  assertSubjectRefused(first, await exchange(first, identity), 'expired');
  const second = await refresh(first, body.refresh_token);
  assertIssued(first, second);
  const { sub, sub_id, email } = claimsOf(second.body.access_token);
  assert.deepEqual(
    [sub, sub_id, email],
    ['idp:ada', { format: 'iss_sub', iss: provider.url, sub: 'ada' }, 'ada@example.com'],
  );
  const asSubject = { subject_token: String(second.body.refresh_token), subject_token_type: type('refresh_token') };
  let server = first;
  for (const [issuers, fault] of [
    [[], 'unknown_issuer'],
    [[changed(trusted, { accepts: ['jwt'] })], 'not_accepted'],
  ] as const) {
    server = await restart(t, server, life([lenient], issuers));
    assertRefused(server, await refresh(server, second.body.refresh_token), NOT_ALLOWED, fault);
    assertSubjectRefused(server, await exchange(server, asSubject), fault);
  }
  const trusting = await restart(t, server, life([lenient], [trusted]));
  assertIssued(trusting, await refresh(trusting, second.body.refresh_token));
});

test('refreshes for the subject of a SAML assertion, until its provider may not send them any more', async (t) => {
  const rule = changed(FOREIGN_RULE, { grant: { types: ['access_token'], refreshToken: true } });
  const grants = ['client_credentials', 'token_exchange', 'refresh_token'];
  const accepting = (accepts: string): Configuration =>
    changed(trustingSaml([samlEntry({ accepts })], [rule]), {
      issuer: ISSUER,
      clients: edited('gateway', { grants }),
    });
  const first = await start(t, accepting('[saml1, saml2]'), { files: { 'idp.pem': pem(idp) }, now: NOW * 1000 });
  const assertion = signedFor({ issuer: ISSUER }, 'saml2');
  const { body } = await presentSaml(first, 'saml2', assertion);
  const refreshed = await refresh(first, body.refresh_token);
  assertIssued(first, refreshed);
  assert.equal(claimsOf(refreshed.body.access_token).sub, claimsOf(body.access_token).sub);
  const second = await restart(t, first, accepting('[saml1]'));
  assertRefused(second, await refresh(second, refreshed.body.refresh_token), NOT_ALLOWED);
});

test('remembers which attribute of an assertion cannot be read, for a rule that reads it later', async (t) => {
  const grant = { types: ['access_token'], refreshToken: true };
  const grants = ['client_credentials', 'token_exchange', 'refresh_token'];
  const ruled = (when: string): Configuration =>
    changed(trustingSaml([samlEntry()], [changed(FOREIGN_RULE, { when, grant })]), {
      issuer: ISSUER,
      clients: edited('gateway', { grants }),
    });
  const files = { 'idp.pem': pem(idp) };
  const first = await start(t, ruled('subject.claims.attributes.mail != []'), { files, now: NOW * 1000 });
  const attributes = together(
    attribute2('mail', 'ada@example.org'),
    attribute2('groups', { xml: '<saml:b>banned</saml:b>' }),
  );
  const { body } = await presentSaml(first, 'saml2', signedFor({ issuer: ISSUER }, 'saml2', { attributes }));
  const refreshed = await refresh(first, body.refresh_token);
  assertIssued(first, refreshed);
  const second = await restart(t, first, ruled('!("banned" in subject.claims.attributes.groups)'));
  const answer = await refresh(second, refreshed.body.refresh_token);
  assertRefused(second, answer, { ...NOT_ALLOWED, reason: 'refresh_token_cannot_tell' });
  assert.match(second.audit(answer)?.detail ?? '', /groups of the subject token cannot be read/);
});
