// What is a foreign token, and whose? Tokens of one kind as another, tokens of others for introspection, and JWT-SVIDs with an `iss`.
import assert from 'node:assert/strict';
import { API, exchange } from '../../../support/basics.ts';
import { jwksOf } from '../../../support/client-credentials.ts';
import { added, changed } from '../../../support/configuration.ts';
import { base64url, claimsOf, EXCHANGE, start, type } from '../../../support/harness.ts';
import { type Claims, entry, INTROSPECT, JWKS, newKey, startIssuer, trusting, US } from '../../../support/issuer.ts';
import type { Case } from '../../group.ts';
import type { World } from './world.ts';

const presented = (subject_token: string, declared: string) => ({
  subject_token,
  subject_token_type: type(declared),
});

const SIGN_IN = { auth_time: 1, at_hash: 'x', nonce: 'n' };
const CLIENT = { azp: 'gateway', client_id: 'gateway' };

/** Profile, declared type, claims, and the `typ` of the header. */
const CONFUSIONS: readonly (readonly [string, 'access_token' | 'id_token', Claims, string?])[] = [
  ['keycloak', 'access_token', { typ: 'ID', azp: 'gateway', scope: 'openid', ...SIGN_IN }],
  ['keycloak', 'access_token', { typ: 'ID' }, 'at+jwt'],
  ['keycloak', 'access_token', { typ: 'Bearer', at_hash: 'x' }],
  ['keycloak', 'access_token', { typ: 'Refresh', scope: 'openid' }],
  ['keycloak', 'access_token', { scope: 'openid', client_id: 'web' }],
  ['keycloak', 'id_token', { typ: 'Bearer', azp: 'gateway', nonce: 'n' }],
  ['entra', 'access_token', { nonce: 'n', oid: 'o' }],
  ['entra', 'access_token', { oid: 'o', roles: ['Orders.Read'], client_id: 'x' }],
  ['entra', 'id_token', { aud: 'gateway', azp: 'gateway', azpacr: '1' }],
  ['okta', 'access_token', { jti: 'ID.1', scope: 'openid' }],
  ['okta', 'access_token', { jti: 'ID.1', scp: ['read'] }],
  ['okta', 'id_token', { jti: 'AT.1' }],
  ['auth0', 'access_token', { aud: [US, 'gateway'], azp: 'gateway', sid: 'x' }],
  ['auth0', 'access_token', { aud: US, sid: 'x' }],
  ['auth0', 'id_token', { gty: 'client-credentials', azp: 'gateway', aud: 'gateway' }],
  ['zitadel', 'access_token', { ...CLIENT, ...SIGN_IN }],
  ['zitadel', 'access_token', { ...CLIENT, jti: '1' }],
  ['zitadel', 'id_token', { jti: '1', client_id: 'gateway', aud: 'gateway' }],
  ['google', 'access_token', { scope: 'openid', client_id: 'web' }],
  ['google', 'access_token', { azp: 'gateway', ...SIGN_IN }],
  ['cognito', 'access_token', { token_use: 'id', scope: 'x' }],
  ['cognito', 'id_token', { token_use: 'access', client_id: 'gateway' }],
  ['kubernetes', 'id_token', { 'kubernetes.io': {} }],
  ['kubernetes', 'access_token', { scope: 'x' }],
  ['any', 'access_token', { ...CLIENT, ...SIGN_IN }],
  ['any', 'access_token', { ...CLIENT, aud: 'gateway' }],
  ['any', 'access_token', { ...CLIENT, aud: 'gateway', scope: 'openid', auth_time: 1 }],
  ['any', 'access_token', { azp: 'gateway', aud: ['gateway', US], scope: 'openid' }],
  ['any', 'access_token', { typ: 'Id', azp: 'gateway', scope: 'openid' }],
  ['any', 'access_token', { scp: ['read'], nonce: 'n' }],
  ['any', 'id_token', { ...CLIENT, aud: 'gateway', scope: 'read' }],
  ['any', 'id_token', { azpacr: '1', azp: 'gateway', nonce: 'n' }],
  ['any', 'id_token', { scope: 'read', client_id: 'web' }],
];

export const kinds = {
  X40: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const names = [...new Set(CONFUSIONS.map(([name]) => name))];
    const entries = names.map((name) =>
      entry(
        { url: `${idp.url}/${name}` },
        {
          name,
          jwksUri: idp.url + JWKS,
          accepts: '[access_token, id_token, jwt]',
          profile: name === 'any' ? undefined : name,
        },
      ),
    );
    const rule = `{ client: gateway, subject: { issuer: [${names}] }, grant: { audiences: [${API}], scopes: [read] } }`;
    const server = await start({ after }, trusting(entries, [rule]));
    const sign = (name: string, claims: Claims, typ = 'JWT') =>
      idp.sign({ iss: `${idp.url}/${name}`, jti: undefined, ...claims }, { header: { typ } });
    for (const [name, declared, claims, typ] of CONFUSIONS) {
      const what = `${name} ${declared} ${JSON.stringify(claims)}`;
      const answer = await attempt(what, exchange(server, presented(sign(name, claims, typ), declared)));
      assert.equal(server.audit(answer)?.reason, 'subject_token_wrong_type', what);
    }
    await twin(exchange(server, presented(sign('keycloak', { typ: 'Bearer', nonce: 'n' }), 'access_token')));
    await twin(exchange(server, presented(sign('any', { ...CLIENT, ...SIGN_IN, aud: 'gateway' }), 'id_token')));
  },

  X41: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const stranger = await startIssuer({ after });
    const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: cambio, secret: { plain: x } }`;
    const all = { accepts: '[access_token, jwt]', introspection, introspect: 'always' };
    const server = await start({ after }, trusting(entry(idp, all)));
    const foreign = stranger.sign({ client_id: 'web', scope: 'read' });
    const [header = '', payload = '', signature = ''] = foreign.split('.');
    const opened = Buffer.from(header, 'base64url').toString();
    for (const token of [
      foreign,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      `${header.slice(0, -5)}.${payload}.${signature}`,
      `${base64url(` ${opened}`)}.${payload}.${signature}`,
      `${Buffer.from(opened).toString('base64')}.${payload}.${signature}`,
      `${base64url('{"alg":"dir","enc":"A256GCM"}')}..x.y.z`,
      stranger.sign({ iss: idp.url, client_id: 'web', scope: 'read' }),
      base64url('<saml:Assertion/>'),
      server.forge({ iss: server.issuer, sub: 'x' }),
      'cambio_at_unknown.x',
      'cambio_rt_unknown.x',
    ]) {
      await attempt(token.slice(0, 20), exchange(server, presented(token, 'access_token')));
    }
    assert.equal(idp.count(INTROSPECT), 0, 'no token of others is sent');
    const opaque = 'ory_at_key.signature';
    idp.opaque.set(opaque, { ...claimsOf(idp.sign({ client_id: 'web' })), active: true });
    await twin(exchange(server, presented(opaque, 'access_token')));
  },

  X42: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: cambio, secret: { plain: x } }`;
    const all = { accepts: '[access_token, id_token, jwt]', introspection, introspect: 'always' };
    const server = await start({ after }, trusting(entry(idp, all)));
    const token = idp.sign({ client_id: 'web', scope: 'read', may_act: { sub: 'nobody' } });
    const free = idp.sign({ client_id: 'web', scope: 'read' });
    const told = (text: string, answer: Claims) => idp.opaque.set(text, { active: true, ...claimsOf(text), ...answer });
    for (const answer of [
      { active: false },
      { sub: 'admin' },
      { iss: 'https://other.example' },
      { jti: 'other' },
      { client_id: 'other' },
      { aud: 'https://other.example' },
      { typ: 'Refresh' },
      { token_use: 'id' },
      { exp: 1 },
    ]) {
      told(free, answer);
      for (const declared of ['access_token', 'jwt'])
        await attempt(JSON.stringify([answer, declared]), exchange(server, presented(free, declared)));
    }
    told(free, { active: false });
    await attempt('a revoked token as id_token', exchange(server, presented(free, 'id_token')));
    told(free, {});
    await twin(exchange(server, presented(free, 'access_token')));
    told(token, { may_act: undefined });
    const restricted = await exchange(server, presented(token, 'access_token'));
    assert.equal(server.audit(restricted)?.reason, 'may_act', 'the answer removes no restriction');
  },

  X43: async (_world, { after, attempt, twin }) => {
    const [idp, other] = [await startIssuer({ after }), await startIssuer({ after })];
    const spire = newKey('ES256', 'bundle');
    const domain = `{ trustDomain: prod.example, accepts: [jwt, access_token, id_token], audiences: [${US}], ${jwksOf({ ...spire.jwk, use: 'jwt-svid' })} }`;
    const mesh = `{ id: mesh, auth: none, workload: { issuer: prod.example, audience: ${US} }, grants: [token_exchange], audiences: [${API}], scopes: [read] }`;
    const rule = `{ client: [gateway, mesh], subject: { issuer: [prod.example] }, grant: { audiences: [${API}], scopes: [read] } }`;
    const server = await start({ after }, changed(trusting([entry(idp), domain], [rule]), { clients: added(mesh) }));
    const sub = 'spiffe://prod.example/cart';
    const svid = (claims: Claims, key = spire, header: Claims = {}) =>
      idp.sign({ jti: undefined, sub, aud: US, ...claims }, { key, header });
    const [own] = idp.keys;
    const [strange] = other.keys;
    const asMesh = (subject_token: string, declared = 'jwt') =>
      server.token({ grant_type: EXCHANGE, ...presented(subject_token, declared) });
    for (const [what, token, declared] of [
      ['of another issuer, by its key', svid({ iss: idp.url }, own)],
      ['of another issuer, by the key of the domain', svid({ iss: idp.url })],
      ['by the key of another issuer', svid({ iss: 'https://spire.example' }, own)],
      ['by a key of nobody', svid({ iss: 'https://spire.example' }, strange)],
      ['as access token', svid({ iss: 'https://spire.example', scope: 'read' }), 'access_token'],
      ['as ID token', svid({ iss: 'https://spire.example' }), 'id_token'],
      ['of our own name', svid({ iss: server.issuer })],
      ['with a list as iss', svid({ iss: ['https://spire.example'] })],
      ['with iss null', svid({ iss: null })],
      ['of another domain', svid({ iss: 'https://spire.example', sub: 'spiffe://dev.example/cart' })],
      ['under at+jwt', svid({ iss: 'https://spire.example' }, spire, { typ: 'at+jwt' })],
    ] as const) {
      await attempt(what, exchange(server, presented(token, declared ?? 'jwt')));
      const { status } = await asMesh(token, declared);
      assert.ok(status === 400 || status === 401, `${what}: ${status}`);
    }
    const good = svid({ iss: 'https://spire.example' });
    const answer = await twin(exchange(server, presented(good, 'jwt')));
    const { sub_id } = claimsOf(answer.body.access_token);
    assert.deepEqual(sub_id, { format: 'iss_sub', iss: 'spiffe://prod.example', sub });
    assert.equal(server.audit(await twin(asMesh(good)))?.client, 'mesh');
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
