// Tokens of other issuers as subject and as actor: what each type must prove, and how the new token names its subject.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, SCOPE_REFUSED } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { claimsOf, start, type } from '../support/harness.ts';
import { type Claims, entry, FOREIGN_RULE, startIssuer, trusting, US } from '../support/issuer.ts';
import { assertActorRefused, assertSubjectRefused, present, presentActor } from '../support/trusting.ts';

const ID_TOKEN = { subject_token_type: type('id_token') };
const anyType = { accepts: '[id_token, jwt, access_token]' };

test("exchanges a jwt of a trusted issuer, prefixes its subject with the issuer's name, and keeps the origin in sub_id", async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const answer = await present(server, idp.sign());
  assertIssued(server, answer);
  const { sub, sub_id, client_id, aud, act, lineage } = claimsOf(answer.body.access_token);
  assert.deepEqual(
    { sub, sub_id, client_id, aud, act },
    {
      sub: 'idp:ada',
      sub_id: { format: 'iss_sub', iss: idp.url, sub: 'ada' },
      client_id: 'gateway',
      aud: API,
      act: undefined,
    },
  );
  const { subject, rule } = server.audit(answer) ?? {};
  assert.deepEqual(lineage, [subject?.id]);
  assert.deepEqual([subject?.iss, subject?.sub, subject?.type, rule], [idp.url, 'ada', 'jwt', 'foreign']);
});

test('names an issuer without a name by its host', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(
    t,
    trusting(entry(idp, { name: undefined }), [changed(FOREIGN_RULE, { subject: { issuer: idp.url } })]),
  );
  assert.equal(claimsOf((await present(server, idp.sign())).body.access_token).sub, '127.0.0.1:ada');
});

test('refuses a token with missing or malformed claims (RFC 7519 section 4.1; JW-13)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const now = Math.floor(server.clock.now / 1000);
  const faults: Record<string, readonly Claims[]> = {
    claims: [
      ...[undefined, null, `${now + 60}`, -1, Number.MAX_SAFE_INTEGER, [now + 60], true].map((exp) => ({ exp })),
      ...[undefined, null, '', 1, {}, ['ada'], 'a\0b', 'a\u202eb', 'x'.repeat(65_536 / 64 + 1)].map((sub) => ({ sub })),
      ...['soon', null, {}].map((nbf) => ({ nbf })),
      ...[null, '1', {}].map((iat) => ({ iat })),
      ...[1, '', null, ['x']].map((jti) => ({ jti })),
      ...['agent', null, [], {}, { iss: 'x' }, { sub: 'a', act: 'b' }].map((act) => ({ act })),
      ...['agent', [], {}, { sub: 1 }].map((may_act) => ({ may_act })),
    ],
    bound: [{ cnf: { jkt: 'of a key that nobody proves' } }],
    expired: [{ exp: now - 31 }, { exp: 0 }],
    not_yet_valid: [{ nbf: now + 31 }, { iat: now + 31 }],
    audience: [undefined, null, '', 1, [], [1], {}, 'https://other.example', [`${US}/`], US.toUpperCase()].map(
      (aud) => ({ aud }),
    ),
  };
  for (const [fault, rows] of Object.entries(faults)) {
    for (const claims of rows) {
      assertSubjectRefused(server, await present(server, idp.sign(claims)), fault, JSON.stringify(claims));
    }
  }
  for (const claims of [
    {},
    { iat: undefined, jti: undefined },
    { aud: ['https://other.example', US] },
    { exp: now + 60.5 },
    { nbf: now + 30, iat: now + 30 },
    { act: { sub: 'b', exp: 'x' } },
    { sub: 'Zoë 😀' },
  ]) {
    assertIssued(server, await present(server, idp.sign(claims)), JSON.stringify(claims));
  }
});

test('accepts an id_token for the calling client or for a configured audience (OpenID Connect Core section 3.1.3.7; OI-14)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, anyType)));
  for (const claims of [
    { aud: 'gateway' },
    { aud: US },
    { aud: ['gateway'], azp: 'gateway', nonce: 'n', at_hash: 'x', auth_time: 1 },
    { aud: ['gateway', 'elsewhere'], azp: 'gateway' },
    { aud: [US, 'web'], azp: US },
    { aud: 'gateway', typ: 'ID' },
  ]) {
    assertIssued(server, await present(server, idp.sign(claims), ID_TOKEN), JSON.stringify(claims));
  }
  const faults: Record<string, readonly Claims[]> = {
    audience: [
      { aud: 'stranger' },
      { aud: ['gateway', 'elsewhere'] },
      { aud: [US, ...Array.from({ length: 40 }, (_, index) => `stranger ${index}`)] },
      { aud: 'gateway', azp: 'stranger' },
      { aud: ['gateway', 'elsewhere'], azp: 'elsewhere' },
      { aud: 'gateway', azp: ['gateway'] },
      { aud: undefined },
    ],
    claims: [
      { aud: 'gateway', iat: undefined },
      { aud: 'gateway', exp: undefined },
    ],
    wrong_type: [
      { aud: 'gateway', scope: 'read' },
      { aud: 'gateway', client_id: 'gateway' },
      { aud: 'gateway', typ: 'Bearer' },
      { aud: 'gateway', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    ],
  };
  for (const [fault, rows] of Object.entries(faults)) {
    for (const claims of rows) {
      const answer = await present(server, idp.sign(claims), ID_TOKEN);
      assertSubjectRefused(server, answer, fault, JSON.stringify(claims));
    }
  }
  const accessToken = idp.sign({ aud: 'gateway' }, { header: { typ: 'at+jwt' } });
  assertSubjectRefused(server, await present(server, accessToken, ID_TOKEN), 'wrong_type');
});

test('refuses a jwt whose audience is only the client id (RFC 8725 section 3.9; JW-11)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, anyType)));
  assertSubjectRefused(server, await present(server, idp.sign({ aud: 'gateway' })), 'audience');
  assertIssued(server, await present(server, idp.sign({ aud: ['gateway', US] })));
});

test("accepts only the types in the issuer's entry", async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, { accepts: '[id_token]' })));
  assertIssued(server, await present(server, idp.sign(), ID_TOKEN));
  assertSubjectRefused(server, await present(server, idp.sign()), 'not_accepted');
  const asAccess = await present(server, idp.sign({}, { header: { typ: 'at+jwt' } }), {
    subject_token_type: type('access_token'),
  });
  assertSubjectRefused(server, asAccess, 'not_accepted');
});

test('refuses a token that is older than maxAge, or has no iat', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, { maxAge: '10m' })));
  const now = Math.floor(server.clock.now / 1000);
  assertIssued(server, await present(server, idp.sign({ iat: now - 630 })));
  assertSubjectRefused(server, await present(server, idp.sign({ iat: now - 631 })), 'too_old');
  assertSubjectRefused(server, await present(server, idp.sign({ iat: undefined })), 'too_old');
});

test("ignores a foreign scope, unless the issuer's entry limits scopes by it", async (t) => {
  const idp = await startIssuer(t);
  const ignoring = await start(t, trusting(entry(idp)));
  const bounded = await start(t, trusting(entry(idp, { scopes: 'intersect' })));
  for (const claims of [{ scope: 'read openid' }, { scp: ['read', 'openid'] }, { scp: 'read' }]) {
    assert.equal((await present(ignoring, idp.sign(claims))).body.scope, 'read write', JSON.stringify(claims));
    assert.equal((await present(bounded, idp.sign(claims))).body.scope, 'read', JSON.stringify(claims));
    const wider = await present(bounded, idp.sign(claims), { scope: 'write' });
    assertRefused(bounded, wider, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  }
  const none = await present(bounded, idp.sign());
  assertRefused(bounded, none, { ...SCOPE_REFUSED, reason: 'scope_empty' });
  for (const scope of [['read', 1], 1, 'a  b']) {
    assertSubjectRefused(bounded, await present(bounded, idp.sign({ scope })), 'claims', JSON.stringify(scope));
  }
});

test('names a foreign actor by its issuer, before the actors that came earlier', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: [self, idp] }, actor: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, trusting(entry(idp), [rule]));
  const acting = idp.sign({ sub: 'agent' });
  const own = await presentActor(server, acting);
  assertIssued(server, own);
  assert.deepEqual(claimsOf(own.body.access_token).act, { sub: 'agent', iss: idp.url });
  const delegated = idp.sign({ act: { sub: 'proxy' } });
  const both = await present(server, delegated, { actor_token: acting, actor_token_type: type('jwt') });
  assert.deepEqual(claimsOf(both.body.access_token).act, {
    sub: 'agent',
    iss: idp.url,
    act: { sub: 'proxy', iss: idp.url },
  });
  assertActorRefused(server, await presentActor(server, idp.sign({ sub: 'agent', aud: 'elsewhere' })), 'audience');
  assertActorRefused(server, await presentActor(server, idp.sign({ sub: 'agent', exp: 1 })), 'expired');
});

test('compares may_act of a foreign token with the names at its own issuer (RFC 8693 section 4.4)', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ client: gateway, subject: { issuer: [idp] }, actor: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, trusting(entry(idp), [rule]));
  const subject = idp.sign({ may_act: { sub: 'agent' } });
  const by = (sub: string) =>
    present(server, subject, { actor_token: idp.sign({ sub }), actor_token_type: type('jwt') });
  assertIssued(server, await by('agent'));
  for (const answer of [await by('other'), await present(server, subject)]) {
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'may_act']);
  }
  const toGateway = idp.sign({ may_act: { iss: server.issuer, sub: 'gateway' } });
  assertIssued(server, await present(server, toGateway), 'without an actor token the client is meant');
});
