// The tokens that well-known issuers write: each is accepted as what it is, and refused as another kind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/app.ts';
import { profileNames } from '../../src/trust/profiles.ts';
import { API, assertIssued } from '../support/basics.ts';
import { start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, type FakeIssuer, JWKS, startIssuer, trusting, US } from '../support/issuer.ts';
import { assertSubjectRefused, present } from '../support/trusting.ts';

const NAMES = [...profileNames.filter((name) => name !== 'spiffe'), 'other'];
const RULE = `{ client: gateway, subject: { issuer: [${NAMES}] }, grant: { audiences: [${API}], scopes: [read] } }`;

interface Token {
  readonly what: string;
  /** The name of the entry, and its profile. `other` has none. */
  readonly of: string;
  /** The types that it may be declared as, besides `jwt`. */
  readonly as: readonly ('access_token' | 'id_token')[];
  readonly claims: Claims;
  readonly header?: Claims;
  /** In the detail of a refusal. */
  readonly says?: RegExp;
}

const access = (of: string, what: string, claims: Claims, header?: Claims): Token => ({
  of,
  what,
  as: ['access_token'],
  claims,
  ...(header && { header }),
});
/** For the calling client, which signed the person in. */
const id = (of: string, what: string, claims: Claims): Token => ({
  of,
  what,
  as: ['id_token'],
  claims: { aud: 'gateway', ...claims },
});
const neither = (of: string, what: string, says: RegExp, claims: Claims, header?: Claims): Token => ({
  of,
  what,
  as: [],
  says,
  claims,
  ...(header && { header }),
});

const SIGN_IN = { nonce: 'n-0S6', at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q', auth_time: 1_700_000_000 };
const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';
const ENTRA = { ver: '2.0', oid: GUID, tid: GUID, rh: '0.x', uti: 'x' };
const CLIENT = { azp: 'gateway', client_id: 'gateway' };

const tokens: readonly Token[] = [
  access('keycloak', 'an access token', { typ: 'Bearer', azp: 'web', scope: 'openid profile', sid: 'x', acr: '1' }),
  access('keycloak', 'an access token with nonce', { typ: 'Bearer', azp: 'web', scope: 'openid', nonce: 'n-0S6' }),
  access('keycloak', 'a lightweight token', { typ: 'Bearer', azp: 'web', sid: 'x' }),
  access('keycloak', 'a token of a service account', { typ: 'Bearer', azp: 'job', client_id: 'job', scope: 'email' }),
  access('keycloak', 'a token for its own client', { typ: 'Bearer', aud: 'gateway', azp: 'gateway', scope: 'openid' }),
  access('keycloak', 'a token of RFC 9068', { typ: 'Bearer', azp: 'web' }, { typ: 'at+jwt' }),
  id('keycloak', 'an ID token', { typ: 'ID', azp: 'gateway', sid: 'x', acr: '1', ...SIGN_IN }),
  neither('keycloak', 'a refresh token', /typ/, { typ: 'Refresh', azp: 'web', scope: 'openid' }),
  neither('keycloak', 'a token without typ', /no member by which keycloak/, { azp: 'web', scope: 'openid' }),
  neither('keycloak', 'Bearer with at_hash', /its claim typ says .* access token, and its at_hash/, {
    typ: 'Bearer',
    ...SIGN_IN,
  }),
  neither(
    'keycloak',
    'ID under at+jwt',
    /the typ of its header says .*access token, and its claim typ that/,
    { typ: 'ID' },
    { typ: 'at+jwt' },
  ),

  access('entra', 'an access token of version 2', { ...ENTRA, azp: GUID, azpacr: '1', scp: 'read' }),
  access('entra', 'a token of an application', { ...ENTRA, azp: GUID, azpacr: '1', roles: ['Orders.Read'] }),
  access('entra', 'a token of an application without roles', { ...ENTRA, azp: GUID, azpacr: '2' }),
  access('entra', 'a token of an application, version 1', {
    ...ENTRA,
    ver: '1.0',
    appid: GUID,
    appidacr: '2',
    idtyp: 'app',
  }),
  access('entra', 'a token for its own client', { ...ENTRA, aud: 'gateway', azp: 'gateway', azpacr: '1', scp: 'read' }),
  id('entra', 'an ID token', { ...ENTRA, nonce: 'n-0S6', preferred_username: 'ada@example.com' }),
  id('entra', 'an ID token without nonce', { ...ENTRA, roles: ['Orders.Read'] }),
  neither('entra', 'scp and nonce', /its scp .* access token, and its nonce/, {
    ...ENTRA,
    scp: 'read',
    nonce: 'n-0S6',
  }),

  access('okta', 'an access token', { ver: 1, jti: 'AT.x', cid: '0oa1', uid: '00u1', scp: ['openid'], auth_time: 1 }),
  access('okta', 'a token of a service', { ver: 1, jti: 'AT.y', cid: '0oa1', sub: '0oa1', scp: ['read'] }),
  id('okta', 'an ID token', { ver: 1, jti: 'ID.x', amr: ['pwd'], idp: '00o1', ...SIGN_IN }),
  neither(
    'okta',
    'a token of the org server',
    /the typ of its header names another purpose/,
    { cid: '0oa1' },
    { typ: 'application/okta-internal-at+jwt' },
  ),

  access('auth0', 'an access token', { aud: [US, 'https://x.auth0.com/userinfo'], azp: 'web', scope: 'openid' }),
  access('auth0', 'a token of a machine without scope', { azp: 'm2m', sub: 'm2m@clients', gty: 'client-credentials' }),
  access('auth0', 'a token without scope', { azp: 'web' }),
  access('auth0', 'a token of RFC 9068', { client_id: 'web', scope: 'read' }, { typ: 'at+jwt' }),
  id('auth0', 'an ID token', { nonce: 'n-0S6', sid: 'x', nickname: 'ada' }),
  id('auth0', 'an ID token with azp', { azp: 'gateway', sid: 'x' }),
  neither('auth0', 'scope and nonce', /its scope .*access token, and its nonce/, {
    azp: 'web',
    scope: 'read',
    nonce: 'n',
  }),

  access('zitadel', 'an access token', { jti: 'V2_31-at_32', nbf: 1, aud: [US, '3197'] }),
  access('zitadel', 'an access token with client_id', { jti: 'V2_31-at_33', nbf: 1, client_id: '31@shop' }),
  id('zitadel', 'an ID token', { ...CLIENT, jti: undefined, amr: ['pwd'], sid: 'V2_31', ...SIGN_IN }),
  id('zitadel', 'an ID token of few claims', { ...CLIENT, jti: undefined }),
  neither('zitadel', 'a token that shows nothing', /no member by which zitadel/, { jti: undefined }),

  id('google', 'an ID token', { azp: 'gateway', hd: 'example.com', ...SIGN_IN }),
  id('google', 'an ID token of a service account', { aud: US, azp: US, email: 'x@y.iam.gserviceaccount.com' }),

  access('cognito', 'an access token', { token_use: 'access', client_id: 'web', scope: 'orders/read', version: 2 }),
  id('cognito', 'an ID token', { token_use: 'id', 'cognito:username': 'ada', at_hash: 'x', auth_time: 1 }),
  neither('cognito', 'a token without token_use', /no member by which cognito/, { client_id: 'web', scope: 'x' }),

  access('kubernetes', 'a token of a service account', { 'kubernetes.io': { namespace: 'shop' }, nbf: 1 }),
  neither('kubernetes', 'another token', /no member by which kubernetes/, { scope: 'read' }),

  access('other', 'an access token of Rauthy', { typ: 'Bearer', azp: 'web', scope: 'openid' }),
  id('other', 'an ID token of Rauthy', { typ: 'Id', azp: 'gateway', scope: 'openid', at_hash: 'x' }),
  id('other', 'an ID token of Rauthy without at_hash', { typ: 'Id', azp: 'gateway', scope: 'openid' }),
  id('other', 'an ID token of Nextcloud', { azp: 'gateway', scope: 'openid profile', auth_time: 1, acr: '0' }),
  id('other', 'an ID token of ZITADEL', { ...CLIENT, amr: ['pwd'], ...SIGN_IN }),
  id('other', 'an ID token of ZITADEL without digests', { ...CLIENT, auth_time: 1, sid: 'V2_31' }),
  id('other', 'an ID token with scope and nonce', { scope: 'openid', nonce: 'n-0S6' }),
  id('other', 'a small ID token', {}),
  access('other', 'an access token of Hydra', { client_id: 'web', scp: ['read'], ext: {} }),
  access('other', 'an access token of Entra for an application', { ...ENTRA, azp: GUID, azpacr: '1' }),
  access('other', 'a token of a machine of Auth0', { azp: 'm2m', gty: 'client-credentials' }),
  access('other', 'an access token of RFC 9068', { client_id: 'web', nonce: 'n' }, { typ: 'at+jwt' }),
  access('other', 'an access token with scope', { azp: 'web', scope: 'read' }),
  neither('other', 'what could be both', /set profile in the entry/, { aud: 'gateway', ...CLIENT }),
  neither('other', 'what could be both, with scope', /set profile/, {
    aud: 'gateway',
    azp: 'gateway',
    scope: 'openid',
  }),
  neither('other', 'scp and at_hash', /its at_hash .* ID token, and its scp that/, { scp: 'read', at_hash: 'x' }),
  neither('other', 'scp and nonce', /its scp .* access token, and its nonce that/, { scp: 'read', nonce: 'n-0S6' }),
  neither('other', 'token_use and typ', /its claim typ says .* access token, and its token_use that/, {
    typ: 'Bearer',
    token_use: 'id',
  }),
];

async function open(t: Parameters<typeof start>[0]): Promise<readonly [TestServer, FakeIssuer]> {
  const idp = await startIssuer(t);
  const entries = NAMES.map((name) =>
    entry(
      { url: `${idp.url}/${name}` },
      {
        name,
        jwksUri: `${idp.url}${JWKS}`,
        accepts: '[access_token, id_token, jwt]',
        profile: name === 'other' ? undefined : name,
      },
    ),
  );
  return [await start(t, trusting(entries, [RULE])), idp];
}

test('accepts each token of a well-known issuer as what it is, and as nothing else', async (t) => {
  const [server, idp] = await open(t);
  for (const { of, what, as, claims, header, says = /./ } of tokens) {
    const token = idp.sign({ iss: `${idp.url}/${of}`, aud: US, ...claims }, header && { header });
    for (const declared of ['access_token', 'id_token'] as const) {
      const answer = await present(server, token, { subject_token_type: type(declared) });
      const whole = `${of}, ${what}, as ${declared}: ${server.audit(answer)?.detail}`;
      if (as.includes(declared)) assertIssued(server, answer, whole);
      else {
        assertSubjectRefused(server, answer, 'wrong_type', whole);
        assert.match(server.audit(answer)?.detail ?? '', says, whole);
      }
    }
  }
});

test('accepts as jwt every kind that is for this server, but of an issuer of workload tokens no other', async (t) => {
  const [server, idp] = await open(t);
  for (const { of, what, as, claims, header } of tokens) {
    const token = idp.sign({ iss: `${idp.url}/${of}`, ...claims, aud: US }, header && { header });
    const answer = await present(server, token);
    if (as.length > 0) assertIssued(server, answer, `${of}, ${what}`);
  }
  const other = idp.sign({ iss: `${idp.url}/kubernetes`, scope: 'read' });
  assertSubjectRefused(server, await present(server, other), 'wrong_type');
  const typed = idp.sign({ iss: `${idp.url}/kubernetes`, 'kubernetes.io': {} }, { header: { typ: 'at+jwt' } });
  assertSubjectRefused(server, await present(server, typed), 'wrong_type');
  const logout = idp.sign({ iss: `${idp.url}/keycloak`, typ: 'Logout', events: {} });
  assertSubjectRefused(server, await present(server, logout), 'wrong_type');
});

test('names faults of profile and introspect in the file', async (t) => {
  const idp = { url: 'http://127.0.0.1:9' };
  const keys = 'jwks: { keys: [] }';
  for (const [issuer, fault] of [
    [entry(idp, { profile: 'spiffe' }), /issuers\[.*profile spiffe is that of a trustDomain/],
    [`{ trustDomain: a.example, profile: keycloak, accepts: [jwt], audiences: [${US}], ${keys} }`, /profile spiffe is/],
    [entry(idp, { profile: 'myidp' }), /issuers\[.*profile/],
    [entry(idp, { introspect: 'always' }), /introspect needs introspection/],
  ] as const) {
    await assert.rejects(start(t, trusting(issuer)), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, fault);
      return true;
    });
  }
});
