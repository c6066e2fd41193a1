// Exchanges of SAML assertions, as subject and as actor, addressed to this server or to the client.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openOperator } from '../../src/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { SAML1, SAML2 } from '../../src/saml/names.ts';
import { API, assertIssued, assertRefused, exchange, gateway, subjectToken } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { type Answer, encode, start, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, startIssuer, trusting } from '../support/issuer.ts';
import {
  assertionFor,
  assertNoRule,
  claims,
  idp,
  PORTAL,
  portal,
  presentSaml,
  presentSamlActor,
  signedFor,
  startSaml,
  versions,
} from '../support/saml-exchange.ts';
import {
  all,
  at,
  confirmation1,
  element,
  encode as encodeXml,
  NOW,
  subject1,
  type Variation,
} from '../support/saml-signer.ts';
import { assertActorRefused, assertSubjectRefused, present } from '../support/trusting.ts';

const ACTOR_RULE = `{ name: acting, client: gateway, subject: { issuer: [self, idp] }, actor: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read] } }`;

const PORTAL_RULE = `{ name: portal, client: portal, grant: { audiences: [${API}], scopes: [read] } }`;

for (const version of versions) {
  test(`${version}: exchanges an assertion addressed to this server, prefixes its subject with the provider's name, and keeps the origin (SA-38)`, async (t) => {
    const server = await startSaml(t);
    const token = signedFor(server, version);
    const answer = await presentSaml(server, version, token);
    assertIssued(server, answer);
    const { sub, sub_id, client_id, aud, act, acr, auth_time, exp, iat, lineage } = claims(answer);
    assert.deepEqual(
      { sub, sub_id, client_id, aud, act, acr, auth_time, life: Number(exp) - Number(iat) },
      {
        sub: 'idp:ada',
        sub_id: { format: 'iss_sub', iss: idp.entityId, sub: 'ada' },
        client_id: 'gateway',
        aud: API,
        act: undefined,
        acr:
          version === 'saml2'
            ? 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
            : 'urn:oasis:names:tc:SAML:1.0:am:password',
        auth_time: NOW - 90,
        life: 300,
      },
    );
    assert.equal(answer.body.issued_token_type, type('access_token'));
    const row = server.audit(answer);
    assert.deepEqual(lineage, [row?.subject?.id]);
    const { iss, sub: name, type: proven, declaredType, chain } = row?.subject ?? {};
    assert.deepEqual([iss, name, proven, declaredType, chain], [idp.entityId, 'ada', version, version, []]);
  });

  test(`${version}: exchanges an assertion with times of another zone, two sign-ins and an assertion in Advice (SA-30, SA-38)`, async (t) => {
    const server = await startSaml(t);
    const inZone = (seconds: number) => at(seconds + 5.5 * 3600).replace('Z', '+05:30');
    const other = assertionFor(server, version, { nameId: 'eve' }).replace(/ xmlns:saml="[^"]*"/, '');
    const signIn = (time: string, of: string) =>
      version === 'saml1'
        ? element('saml:AuthenticationStatement', { AuthenticationInstant: time, AuthenticationMethod: of }, subject1())
        : element(
            'saml:AuthnStatement',
            { AuthnInstant: time },
            element('saml:AuthnContext', {}, element('saml:AuthnContextClassRef', {}, of)),
          );
    const is: Variation = {
      root: { IssueInstant: inZone(-60) },
      window: { NotBefore: inZone(-60), NotOnOrAfter: inZone(120) },
      authn: all(signIn(inZone(-30), 'urn:mfa'), signIn(at(-90), 'urn:mfa')),
      more: element('saml:Advice', {}, { xml: other }),
    };
    const { sub, acr, auth_time, exp } = claims(await presentSaml(server, version, signedFor(server, version, is)));
    assert.deepEqual(
      { sub, acr, auth_time, exp },
      { sub: 'idp:ada', acr: 'urn:mfa', auth_time: NOW - 90, exp: NOW + 120 },
    );
    const contradicting = { ...is, authn: all(signIn(at(-90), 'urn:mfa'), signIn(at(-90), 'urn:password')) };
    const refused = await presentSaml(server, version, signedFor(server, version, contradicting));
    assertSubjectRefused(server, refused, 'claims');
    assert.match(server.audit(refused)?.detail ?? '', /contradict each other: urn:mfa and urn:password/);
    const ended = { ...is, window: { NotBefore: inZone(-600), NotOnOrAfter: inZone(-60) } };
    assertSubjectRefused(server, await presentSaml(server, version, signedFor(server, version, ended)), 'expired');
  });

  test(`${version}: makes the subject of an assertion the actor, as actor token`, async (t) => {
    const server = await startSaml(t, {}, { rules: [ACTOR_RULE] });
    const token = signedFor(server, version, { nameId: 'robot' });
    const answer = await presentSamlActor(server, version, token);
    assertIssued(server, answer);
    const { sub, act, exp, iat } = claims(answer);
    assert.deepEqual([sub, act], ['gateway', { iss: idp.entityId, sub: 'robot' }]);
    assert.equal(Number(exp) - Number(iat), 300);
    assert.equal(server.audit(answer)?.actor?.type, version);
    const both = { subject_token: signedFor(server, version), subject_token_type: type(version) };
    assert.deepEqual(claims(await presentSamlActor(server, version, token, both)).act, act);
    const altered = encodeXml(Buffer.from(token, 'base64url').toString().replace('>robot<', '>eve<'));
    assertActorRefused(server, await presentSamlActor(server, version, altered), 'signature');
  });

  test(`${version}: exchanges an assertion addressed to a client as a service provider only for that client`, async (t) => {
    const server = await startSaml(t, {}, { rules: [FOREIGN_RULE, PORTAL_RULE] });
    const toPortal = { audience: PORTAL.entityId, data: { Recipient: PORTAL.acs, InResponseTo: '_request' } };
    const token = signedFor(server, version, toPortal);
    const answer = await presentSaml(server, version, token, portal);
    assert.deepEqual([claims(answer).sub, claims(answer).client_id], ['idp:ada', 'portal']);
    assertSubjectRefused(server, await presentSaml(server, version, token), 'audience', 'presented by another client');
    // Also addressed to this server, but no rule lets the portal exchange tokens that were given to others.
    const ours = signedFor(server, version);
    assertNoRule(server, await presentSaml(server, version, ours, portal));
  });

  test(`${version}: ends the token with the assertion`, async (t) => {
    const server = await startSaml(t);
    const life = async (is: Variation): Promise<number> => {
      const { exp, iat } = claims(await presentSaml(server, version, signedFor(server, version, is)));
      return Number(exp) - Number(iat);
    };
    assert.equal(await life({ window: { NotOnOrAfter: at(120) } }), 120);
    assert.equal(await life({ window: { NotOnOrAfter: at(120.9) } }), 120);
    assert.equal(await life({ window: { NotOnOrAfter: at(9000) }, data: { NotOnOrAfter: at(9000) } }), 3600);
    if (version === 'saml2') {
      assert.equal(await life({ data: { NotOnOrAfter: at(60) } }), 60);
      assert.equal(await life({ authnAttributes: { SessionNotOnOrAfter: at(45) } }), 45);
    }
    const token = signedFor(server, version);
    server.clock.now += 329_000;
    assert.equal(claims(await presentSaml(server, version, token)).sub, 'idp:ada', 'within the leeway');
    server.clock.now += 1_000;
    assertSubjectRefused(server, await presentSaml(server, version, token), 'expired');
  });

  test(`${version}: refuses an assertion older than maxAge`, async (t) => {
    const server = await startSaml(t, { maxAge: '2m' });
    const token = signedFor(server, version, { root: { IssueInstant: at(-120) } });
    assertIssued(server, await presentSaml(server, version, token));
    server.clock.now += 31_000;
    assertSubjectRefused(server, await presentSaml(server, version, token), 'too_old');
  });

  test(`${version}: stores nothing of the assertion except its issuer and subject`, async (t) => {
    const server = await startSaml(t);
    const good = signedFor(server, version);
    const bad = encodeXml(Buffer.from(good, 'base64url').toString().replace('>ada<', '>eve<'));
    const expired = signedFor(server, version, { window: { NotBefore: at(-9000), NotOnOrAfter: at(-8000) } });
    for (const token of [good, bad, expired, signedFor(server, version, { audience: 'https://other.example' })]) {
      const text = JSON.stringify(server.audit(await presentSaml(server, version, token)));
      const xml = Buffer.from(token, 'base64url').toString();
      const value = /<ds:SignatureValue>([^<]*)/.exec(xml)?.[1] ?? '';
      const digest = /<ds:DigestValue>([^<]*)/.exec(xml)?.[1] ?? '';
      assert.notEqual(value.length * digest.length, 0);
      for (const part of [
        token.slice(40, 80),
        value.slice(0, 20),
        digest,
        'ada@example.org',
        '<saml',
        'eve',
        SAML1,
        SAML2,
      ]) {
        assert.equal(text.includes(part), false, part);
      }
    }
  });
}

test('refuses an assertion declared as JWT, and a JWT declared as assertion (TE-14, SA-03)', async (t) => {
  const jwts = await startIssuer(t);
  const server = await startSaml(
    t,
    {},
    {
      others: [entry(jwts, { name: 'jwts', accepts: '[jwt, id_token, access_token]' })],
      rules: [changed(FOREIGN_RULE, { subject: { issuer: ['idp', 'jwts', 'self'] } })],
    },
  );
  const life = { iat: NOW, exp: NOW + 300 };
  for (const version of versions) {
    for (const token of [jwts.sign(life), await subjectToken(server)]) {
      const answer = await presentSaml(server, version, token);
      assertSubjectRefused(server, answer, 'malformed', version);
    }
    const token = signedFor(server, version);
    for (const name of ['jwt', 'access_token', 'id_token', 'refresh_token']) {
      const answer = await present(server, token, { subject_token_type: type(name) });
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'], name);
      assert.match(String(server.audit(answer)?.reason), /^subject_token_/, name);
    }
    assertIssued(server, await presentSaml(server, version, token));
  }
  assertIssued(server, await present(server, jwts.sign(life)));
});

test('supports saml1 and saml2 only if an issuer sends them', async (t) => {
  const jwts = await startIssuer(t);
  const server = await startSaml(t, { accepts: '[saml2]' });
  const without = await start(t, trusting(entry(jwts)), { now: NOW * 1000 });
  const unsupported = (role: string) => ({
    error: 'invalid_request',
    description: `The ${role}_token_type is not supported`,
    reason: `${role}_token_type_unsupported`,
  });
  for (const version of versions) {
    const token = signedFor(without, version);
    assertRefused(without, await presentSaml(without, version, token), unsupported('subject'));
    assertRefused(without, await presentSamlActor(without, version, token), unsupported('actor'));
  }
  assertRefused(server, await presentSaml(server, 'saml1', signedFor(server, 'saml1')), unsupported('subject'));
  assertIssued(server, await presentSaml(server, 'saml2', signedFor(server, 'saml2')));
});

test('revokes an assertion by its id, and the tokens exchanged for it', async (t) => {
  const rule =
    '{ name: on, client: gateway, subject: { issuer: self, clients: [gateway] }, grant: { audiences: [https://api.example], scopes: [read] } }';
  const server = await startSaml(t, {}, { rules: [FOREIGN_RULE, rule] });
  const token = signedFor(server, 'saml2');
  const first = await presentSaml(server, 'saml2', token);
  const second = await exchange(server, { subject_token: String(first.body.access_token) });
  const spared = await presentSaml(server, 'saml2', signedFor(server, 'saml2'));
  const active = async (answer: Answer) => {
    const body = encode({ token: String(answer.body.access_token), ...gateway });
    return (await server.post('/oauth/introspect', body)).body.active;
  };
  assert.deepEqual([await active(first), await active(second), await active(spared)], [true, true, true]);
  const id = server.audit(first)?.subject?.id ?? '';
  const { issuer, folder } = server;
  const configuration = await loadConfiguration(`${folder}/cambio.yaml`, { ISSUER: issuer, PORT: '8080' });
  const operator = await openOperator(configuration);
  await operator.services.revocations.revoke(id);
  await operator.close();
  const deadline = Date.now() + 10_000;
  while ((await active(first)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([await active(first), await active(second), await active(spared)], [false, false, true]);
  assertSubjectRefused(server, await presentSaml(server, 'saml2', token), 'revoked');
  assertSubjectRefused(server, await exchange(server, { subject_token: String(second.body.access_token) }), 'revoked');
});

test('refuses an assertion without a bearer confirmation', async (t) => {
  const server = await startSaml(t);
  const held = signedFor(server, 'saml1', {
    confirmation: confirmation1('urn:oasis:names:tc:SAML:1.0:cm:holder-of-key'),
  });
  assertSubjectRefused(server, await presentSaml(server, 'saml1', held), 'claims');
  const silent = { authn: null, id: `_${randomUUID()}` };
  const { acr, auth_time } = claims(await presentSaml(server, 'saml2', signedFor(server, 'saml2', silent)));
  assert.deepEqual([acr, auth_time], [undefined, undefined], 'the assertion has no authentication statement');
});
