// Every kind of token under every declared type, as subject and as actor. It is accepted only where the table in
// docs/reference/token-types.md says so.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CompactEncrypt } from 'jose';
import { API, assertIssued, assertRefused, BACKEND, exchange, subjectToken } from '../support/basics.ts';
import { base64url, claimsOf, start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, type FakeIssuer, INTROSPECT, startIssuer, US } from '../support/issuer.ts';
import { basic, exchanged, introspect, life, REFRESH, refreshTokenOf, VAULT } from '../support/life.ts';
import { assertActorRefused, assertSubjectRefused } from '../support/trusting.ts';

const DECLARED = ['access_token', 'refresh_token', 'id_token', 'jwt'] as const;
/** `ok`, or the fault, for each declared type in that order. */
type Row = readonly [
  name: string,
  verdicts: string,
  make: (server: TestServer, idp: FakeIssuer) => string | Promise<string>,
];

const foreign =
  (claims: Claims, header: Claims = {}) =>
  (_server: TestServer, idp: FakeIssuer): string =>
    idp.sign(claims, { header });
const identity = { nonce: 'n', at_hash: 'x' };
const access = { scope: 'read', client_id: 'web' };
const of = (typ: string): Claims => ({ typ });

const MALFORMED = 'malformed malformed malformed malformed';
const WRONG = 'wrong_type malformed wrong_type wrong_type';

const rows: readonly Row[] = [
  ['our access token', 'ok malformed wrong_type ok', (server) => subjectToken(server)],
  [
    'our token that was requested as jwt',
    'ok malformed wrong_type ok',
    async (server) => exchanged(server, await subjectToken(server), { requested_token_type: type('jwt') }),
  ],
  [
    'our opaque access token',
    'ok malformed malformed malformed',
    (server) => subjectToken(server, { audience: VAULT }),
  ],
  ['our refresh token', 'malformed ok malformed malformed', (server) => refreshTokenOf(server, REFRESH)],
  [
    'our introspection answer, signed',
    'wrong_type malformed wrong_type wrong_type',
    async (server) => (await introspect(server, await subjectToken(server), {}, { ...basic('api'), ...SIGNED })).text,
  ],
  ['a foreign ID token', 'wrong_type malformed ok ok', foreign(identity)],
  [
    'a foreign ID token for the calling client',
    'wrong_type malformed ok audience',
    foreign({ ...identity, aud: 'gateway' }),
  ],
  ['a foreign JWT', 'wrong_type malformed ok ok', foreign({})],
  ['a foreign JWT without typ', 'wrong_type malformed ok ok', foreign({}, { typ: undefined })],
  ['a foreign access token (RFC 9068)', 'ok malformed wrong_type ok', foreign(access, of('at+jwt'))],
  [
    'a foreign access token, as application/at+jwt',
    'ok malformed wrong_type ok',
    foreign(access, of('application/at+jwt')),
  ],
  [
    'a foreign access token with a mark only in its claims',
    'ok malformed wrong_type ok',
    foreign({ ...access, typ: 'Bearer' }),
  ],
  [
    'a foreign opaque access token',
    'ok malformed malformed malformed',
    async (_server, idp) => {
      const token = randomBytes(20).toString('hex');
      idp.opaque.set(token, { ...claimsOf(idp.sign({ client_id: 'web' })), active: true });
      return token;
    },
  ],
  [
    'a foreign opaque token that is not active',
    'inactive malformed malformed malformed',
    () => randomBytes(20).toString('hex'),
  ],
  ["a foreign refresh token as Keycloak's", WRONG, foreign({ typ: 'Refresh' })],
  ['an ID-JAG', WRONG, foreign({ client_id: 'gateway' }, of('oauth-id-jag+jwt'))],
  ['a logout token', WRONG, foreign({ events: {} }, of('logout+jwt'))],
  [
    'a logout token without its typ',
    WRONG,
    foreign({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
  ],
  ['a security event token', WRONG, foreign({}, of('secevent+jwt'))],
  ['a DPoP proof', WRONG, foreign({ htm: 'POST', htu: US, jti: 'x' }, { typ: 'dpop+jwt', jwk: { kty: 'EC' } })],
  ['a client assertion', WRONG, foreign({ sub: 'gateway' }, of('client-authentication+jwt'))],
  [
    'a client assertion without its typ',
    'unknown_issuer malformed unknown_issuer unknown_issuer',
    foreign({ iss: 'gateway', sub: 'gateway' }),
  ],
  [
    'a foreign introspection answer, signed',
    WRONG,
    foreign({ token_introspection: { active: true } }, of('token-introspection+jwt')),
  ],
  ['a transaction token', WRONG, foreign(access, of('txntoken+jwt'))],
  ['a workload proof', WRONG, foreign({}, of('wpt+jwt'))],
  ['a JWT with an unknown typ', WRONG, foreign({}, of('example+jwt'))],
  ['an unsecured JWT', 'malformed malformed malformed malformed', (_server, idp) => idp.sign().replace(/[^.]*$/, '')],
  [
    'a JWE',
    MALFORMED,
    (_server, idp) =>
      new CompactEncrypt(Buffer.from(idp.sign()))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
        .encrypt(randomBytes(32)),
  ],
  [
    'a JWS in JSON serialization',
    MALFORMED,
    (_server, idp) => {
      const [header, payload, signature] = idp.sign().split('.');
      return JSON.stringify({ payload, protected: header, signature });
    },
  ],
  [
    'a SAML assertion',
    'malformed malformed malformed malformed',
    () => base64url('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
  ],
];

const SIGNED = { accept: 'application/token-introspection+jwt' };
const TYPES = '[access_token, id_token, refresh_token, jwt]';
const RULE = `{ client: gateway, subject: { issuer: [self, idp], types: ${TYPES} }, actor: { issuer: [self, idp], types: ${TYPES} }, grant: { audiences: [${API}, ${BACKEND}, ${VAULT}], scopes: [read], types: [access_token, jwt, refresh_token] } }`;

async function startBoth(t: Parameters<typeof start>[0]): Promise<[TestServer, FakeIssuer]> {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: cambio, secret: { plain: x } }`;
  const trusted = entry(idp, { accepts: '[access_token, id_token, jwt]', introspection });
  return [await start(t, life([RULE], [trusted])), idp];
}

for (const role of ['subject', 'actor'] as const) {
  test(`accepts each kind as ${role} token under the types of the table, and under no other (TE-14, JW-12, IJG-13, TX-11)`, async (t) => {
    const [server, idp] = await startBoth(t);
    for (const [name, verdicts, make] of rows) {
      for (const [index, verdict] of verdicts.split(' ').entries()) {
        const declared = DECLARED[index] ?? '';
        const what = `${name} as ${declared}`;
        const token = { [`${role}_token`]: await make(server, idp), [`${role}_token_type`]: type(declared) };
        const somebody = { subject_token: idp.sign({ sub: 'somebody' }), subject_token_type: type('jwt') };
        const answer = await exchange(server, role === 'subject' ? token : { ...somebody, ...token });
        if (verdict === 'ok') assertIssued(server, answer, what);
        else if (role === 'subject') assertSubjectRefused(server, answer, verdict, what);
        else assertActorRefused(server, answer, verdict, what);
      }
    }
  });
}

test('records the declared type and the type that the token proved to have', async (t) => {
  const [server] = await startBoth(t);
  const answer = await exchange(server, { subject_token_type: type('jwt') });
  assertIssued(server, answer);
  const { declaredType, type: proved } = server.audit(answer)?.subject ?? {};
  assert.deepEqual([declaredType, proved], ['jwt', 'access_token']);
});

test("refuses a foreign access token, unless its issuer's entry accepts it (RFC 8693 section 3; TE-15)", async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, life([RULE], [entry(idp)]));
  const token = idp.sign(access, { header: of('at+jwt') });
  const as = (name: string) => exchange(server, { subject_token: token, subject_token_type: type(name) });
  assertSubjectRefused(server, await as('access_token'), 'not_accepted');
  assertIssued(server, await as('jwt'));
});

test('refuses a type that no issuer may send, before anything else of the request (RFC 8693 section 2.2.2)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, life([RULE], [entry(idp)]));
  for (const name of ['id_token', 'saml1', 'saml2', 'id-jag', 'txn_token', 'Access_Token', 'access_token ', '']) {
    const token = { subject_token: idp.sign(), subject_token_type: type(name) };
    assertRefused(server, await exchange(server, token), {
      error: 'invalid_request',
      description: 'The subject_token_type is not supported',
      reason: 'subject_token_type_unsupported',
    });
    const acting = await exchange(server, { actor_token: idp.sign(), actor_token_type: type(name) });
    assertRefused(server, acting, {
      error: 'invalid_request',
      description: 'The actor_token_type is not supported',
      reason: 'actor_token_type_unsupported',
    });
  }
  assertIssued(server, await exchange(server, { subject_token: idp.sign(), subject_token_type: type('jwt') }));
});
