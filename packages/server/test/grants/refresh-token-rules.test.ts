// At every refresh the rules are asked again: what was granted then must still be allowed now.
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
import { claimsOf, start, type TestServer, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, startIssuer } from '../support/issuer.ts';
import { BESIDE, ISSUER, introspect, life, refresh, refreshTokenOf, revoke } from '../support/life.ts';
import { idp, pem, presentSaml, samlEntry, signedFor, trustingSaml } from '../support/saml-exchange.ts';
import { NOW } from '../support/saml-signer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const NOT_ALLOWED = {
  error: 'invalid_grant',
  description: 'The provided refresh token is invalid or expired',
  reason: 'refresh_token_not_allowed',
};

/** The same database under another file. */
async function restart(t: Parameters<typeof start>[0], server: TestServer, yaml: string): Promise<TestServer> {
  await server.close();
  return start(t, yaml, { folder: server.folder, now: server.clock.now });
}

test('what no rule allows any more is refused, and allowed again it is as good as before', async (t) => {
  const grant = BESIDE.slice(BESIDE.indexOf('grant:'));
  for (const [what, yaml, expected] of [
    ['no rule', life([]), NOT_ALLOWED],
    ['a rule for another client', life([BESIDE.replace('[gateway, other, plain], s', '[other], s')]), NOT_ALLOWED],
    [
      'a rule for subjects of another client',
      life([`{ client: gateway, subject: { clients: [other] }, ${grant}`]),
      NOT_ALLOWED,
    ],
    [
      'a rule that wants an actor',
      life([BESIDE.replace('clients: [agent, gateway]', 'required: true, clients: [agent]')]),
      NOT_ALLOWED,
    ],
    [
      'a condition that is not met',
      life([BESIDE.replace('clients: [gateway, other, plain] }', 'when: \'subject.sub == "x"\' }')]),
      NOT_ALLOWED,
    ],
    [
      'a rule that grants no refresh token',
      life([BESIDE.replace(', refresh_token]', ']').replace(', refreshToken: true', '')]),
      NOT_ALLOWED,
    ],
    [
      'the target is in no rule',
      life([BESIDE.replace(`audiences: [${API}, `, 'audiences: [')]),
      { ...TARGET_REFUSED, reason: 'target_not_granted' },
    ],
    [
      'the target is no resource',
      life()
        .replaceAll(`${API},`, 'https://renamed.example,')
        .replaceAll(`${API}]`, 'https://renamed.example]')
        .replace(`resource: ${API}`, 'resource: https://renamed.example'),
      { ...TARGET_REFUSED, reason: 'target_unknown' },
    ],
  ] as const) {
    const first = await start(t, life());
    const token = await refreshTokenOf(first, { audience: API });
    const changed = await restart(t, first, yaml);
    assertRefused(changed, await refresh(changed, token), expected, what);
    const again = await restart(t, changed, life());
    assertIssued(again, await refresh(again, token), what);
  }
});

test('a rule, a client or a resource that allows less narrows the next access token', async (t) => {
  for (const [what, yaml] of [
    ['the rule', life([BESIDE.replace('scopes: [read, write]', 'scopes: [read]')])],
    ['the client', life().replace('scopes: [read, write] }\n  - { id: other', 'scopes: [read] }\n  - { id: other')],
    ['the resource', life().replace('scopes: [read, write, admin]', 'scopes: [read, admin]')],
  ] as const) {
    const first = await start(t, life());
    const token = await refreshTokenOf(first, { audience: API });
    const changed = await restart(t, first, yaml);
    assert.equal((await refresh(changed, token)).body.scope, 'read', what);
  }
  const first = await start(t, life([BESIDE.replace('scopes: [read, write]', 'scopes: [read]')]));
  const token = await refreshTokenOf(first, { audience: API });
  const wider = await restart(t, first, life());
  assert.equal((await refresh(wider, token)).body.scope, 'read', 'nothing widens what was granted');
});

test('a client that lost the grant, or was disabled, refreshes nothing; so is the token of one that acts or is acted for', async (t) => {
  const first = await start(t, life());
  const token = await refreshTokenOf(first);
  const without = life().replace(
    'token_exchange, refresh_token], audiences: [https://api.example, https://backend',
    'token_exchange], audiences: [https://api.example, https://backend',
  );
  const second = await restart(t, first, without);
  const refused = await refresh(second, token);
  assert.deepEqual([refused.status, refused.body.error], [400, 'unauthorized_client']);
  const third = await restart(t, second, life().replace('{ id: gateway,', '{ id: gateway, disabled: true,'));
  assert.equal((await refresh(third, token)).body.error, 'invalid_client');
  const fourth = await restart(t, third, life());
  const agent = await fourth.token(
    { grant_type: 'client_credentials' },
    { authorization: `Basic ${btoa('agent:agent-secret')}` },
  );
  const acting = { actor_token: String(agent.body.access_token), actor_token_type: type('access_token') };
  const delegated = await refreshTokenOf(fourth, acting);
  const fifth = await restart(t, fourth, life().replace('{ id: agent,', '{ id: agent, disabled: true,'));
  assertRefused(fifth, await refresh(fifth, delegated), NOT_ALLOWED);
  assertIssued(fifth, await refresh(fifth, token));
});

test('when a token is revoked from which the family derives, the family is dead', async (t) => {
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

test('a family goes back to its issuer: it lives on after the token of that issuer, and not after the trust in it', async (t) => {
  const provider = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: [idp] }, grant: { audiences: [${API}, ${BACKEND}], scopes: [read], refreshToken: true } }`;
  // With `issuer` absent the rule still matches by the audience of the token, which names the client.
  const lenient = rule.replace('subject: { issuer: [idp] }, ', '');
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
    [[trusted.replace('[id_token]', '[jwt]')], 'not_accepted'],
  ] as const) {
    server = await restart(t, server, life([lenient], issuers));
    assertRefused(server, await refresh(server, second.body.refresh_token), NOT_ALLOWED, fault);
    assertSubjectRefused(server, await exchange(server, asSubject), fault);
  }
  const trusting = await restart(t, server, life([lenient], [trusted]));
  assertIssued(trusting, await refresh(trusting, second.body.refresh_token));
});

test('a family whose subject came by a SAML assertion refreshes, until its provider may send such no more', async (t) => {
  const rule = FOREIGN_RULE.replace('types: [access_token, jwt]', 'types: [access_token], refreshToken: true');
  const yaml = (accepts: string) =>
    trustingSaml([samlEntry({ accepts })], [rule])
      .replace('issuer: $' + '{ISSUER}', `issuer: ${ISSUER}`)
      .replace('[client_credentials, token_exchange]', '[client_credentials, token_exchange, refresh_token]');
  const first = await start(t, yaml('[saml1, saml2]'), { files: { 'idp.pem': pem(idp) }, now: NOW * 1000 });
  const assertion = signedFor({ issuer: ISSUER }, 'saml2');
  const { body } = await presentSaml(first, 'saml2', assertion);
  const refreshed = await refresh(first, body.refresh_token);
  assertIssued(first, refreshed);
  assert.equal(claimsOf(refreshed.body.access_token).sub, claimsOf(body.access_token).sub);
  const second = await restart(t, first, yaml('[saml1]'));
  assertRefused(second, await refresh(second, refreshed.body.refresh_token), NOT_ALLOWED);
});
