// The leeway of an issuer's entry: how far its clock may differ from ours, wherever its times are judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/app.ts';
import { API, assertIssued, exchange } from '../support/basics.ts';
import { asserting, JWT_SPIFFE, jwksOf } from '../support/client-credentials.ts';
import { added, changed } from '../support/configuration.ts';
import { start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, FOREIGN_RULE, INTROSPECT, newKey, startIssuer, trusting, US } from '../support/issuer.ts';
import { assertActorRefused, assertSubjectRefused, present, presentActor } from '../support/trusting.ts';

const RULE = `{ client: gateway, subject: { issuer: [self, wide, narrow] }, actor: { issuer: [self, wide, narrow] }, grant: { audiences: [${API}], scopes: [read] } }`;

const at = (server: TestServer, seconds: number): number => Math.floor(server.clock.now / 1000) + seconds;

test('tolerates the difference of the entry, and a second more for no claim, as subject and as actor', async (t) => {
  const [wide, narrow] = [await startIssuer(t), await startIssuer(t)];
  const entries = [
    entry(wide, { name: 'wide', leeway: '2m', maxAge: '10m' }),
    entry(narrow, { name: 'narrow', leeway: '1s', maxAge: '10m' }),
  ];
  const server = await start(t, trusting(entries, [RULE, changed(FOREIGN_RULE, { subject: { issuer: 'wide' } })]));
  for (const [idp, leeway] of [
    [wide, 120],
    [narrow, 1],
  ] as const) {
    const within: readonly Claims[] = [
      { exp: at(server, -leeway) },
      { nbf: at(server, leeway) },
      { iat: at(server, leeway) },
      { auth_time: at(server, leeway) },
      { iat: at(server, -600 - leeway) },
    ];
    for (const claims of within) {
      assertIssued(server, await present(server, idp.sign(claims)), JSON.stringify(claims));
      assertIssued(server, await presentActor(server, idp.sign({ ...claims, sub: 'agent' })), JSON.stringify(claims));
    }
    const beyond: readonly (readonly [string, Claims])[] = [
      ['expired', { exp: at(server, -leeway - 1) }],
      ['not_yet_valid', { nbf: at(server, leeway + 1) }],
      ['not_yet_valid', { iat: at(server, leeway + 1) }],
      ['not_yet_valid', { auth_time: at(server, leeway + 1) }],
      ['too_old', { iat: at(server, -601 - leeway) }],
    ];
    for (const [fault, claims] of beyond) {
      assertSubjectRefused(server, await present(server, idp.sign(claims)), fault, JSON.stringify(claims));
      const acting = idp.sign({ ...claims, sub: 'agent' });
      assertActorRefused(server, await presentActor(server, acting), fault, JSON.stringify(claims));
    }
  }
});

test('applies to an introspection answer', async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token]', introspection, leeway: '60s' })));
  const ask = (exp: number) => {
    const answer = { active: true, iss: idp.url, sub: 'ada', aud: US, client_id: 'web', exp };
    idp.opaque.set('token', answer);
    return exchange(server, { subject_token: 'token', subject_token_type: type('access_token') });
  };
  assertIssued(server, await ask(at(server, -60)));
  assertSubjectRefused(server, await ask(at(server, -61)), 'expired');
});

test('applies to the JWT-SVID of a client', async (t) => {
  const idp = await startIssuer(t);
  const spire = newKey('ES256', 'bundle');
  const cart = `{ id: cart, auth: spiffe_jwt, spiffeId: 'spiffe://prod.example/cart', grants: [client_credentials], audiences: [${API}], scopes: [read] }`;
  const domain = `{ trustDomain: prod.example, accepts: [jwt], audiences: [${US}], leeway: 90s, ${jwksOf({ ...spire.jwk, use: 'jwt-svid' })} }`;
  const server = await start(t, changed(trusting(domain, []), { clients: added(cart) }));
  const ask = (exp: number) => {
    const sub = 'spiffe://prod.example/cart';
    const svid = idp.sign({ iss: undefined, jti: undefined, aud: server.issuer, sub, exp }, { key: spire });
    return server.token({ grant_type: 'client_credentials', ...asserting(svid, JWT_SPIFFE) });
  };
  assertIssued(server, await ask(at(server, -90)));
  const refused = await ask(at(server, -91));
  assert.equal(server.audit(refused)?.reason, 'client_assertion_expired');
});

test('remembers a used token for as long as the largest leeway could accept it', async (t) => {
  const idp = await startIssuer(t);
  const first = await start(t, trusting(entry(idp, { reuse: 'never' })));
  const token = idp.sign();
  assertIssued(first, await present(first, token));
  await first.close();
  const second = await start(t, trusting(entry(idp, { reuse: 'never', leeway: '2m' })), { folder: first.folder });
  second.clock.now += 300_000 + 119_000;
  assertSubjectRefused(second, await present(second, token), 'replayed');
});

test('a leeway of more than two minutes, or of none, is a fault of the file', async (t) => {
  const idp = { url: 'http://127.0.0.1:9' };
  for (const leeway of ['121s', '3m', '1h', '0s', '60', '-1s', 'none'])
    await assert.rejects(start(t, trusting(entry(idp, { leeway }))), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, /issuers\[.*leeway: .* is not a leeway\. Write a duration from 1s to 2m/, leeway);
      return true;
    });
  await start(t, trusting(entry(idp, { leeway: '120s' })));
});
