// A resource that shares a secret with the server (HS256) can create tokens with it, so they prove something only to it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { operationForms } from '../../src/config/operation-forms.ts';
import { operationsFor } from '../../src/http/admin/index.ts';
import { pathOf } from '../../src/http/endpoint.ts';
import { endpoints } from '../../src/http/endpoints/index.ts';
import { subjectTokenTypes } from '../../src/subject-tokens/index.ts';
import { admin, adminToken } from '../support/admin-api.ts';
import { API, exchange, gateway, subjectToken } from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { added, type Configuration, changed, yamlOf } from '../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  encode,
  fetchAnswer,
  start,
  type TestServer,
  type,
} from '../support/harness.ts';
import { basic } from '../support/life.ts';
import { authorizeAs, configuration, redeem, web } from '../support/people.ts';
import { temporaryFolder } from '../support/program.ts';
import {
  headerOf,
  MINE,
  OTHER,
  OTHER_SECRET,
  sharedSecret,
  signWithSecret,
  withSecrets,
} from '../support/shared-secret.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Valid tokens of each key, which a forger could change. */
async function open(t: Parameters<typeof start>[0]) {
  const server = await start(t, withSecrets);
  const mine = await subjectToken(server, { audience: MINE });
  const ours = await subjectToken(server, { audience: API });
  const { kid } = headerOf(mine);
  const person = (await redeem(server, await authorizeAs(server, { scope: 'openid read' }))).body;
  return {
    server,
    mine,
    ours,
    kid,
    person,
    forge: (claims: Claims, header: Claims = {}) => signWithSecret(claims, { kid, ...header }),
  };
}

const active = async (server: TestServer, text: string, headers: Record<string, string>): Promise<unknown> =>
  (await server.post('/oauth/introspect', encode({ token: text }), headers)).body.active;

test("introspects a token signed by a resource's secret only for that resource, and only with exactly its aud (JW-05)", async (t) => {
  const { server, mine, forge, kid } = await open(t);
  const claims = claimsOf(mine);
  for (const good of [mine, forge(claims), forge({ ...claims, aud: [MINE] })]) {
    assert.equal(await active(server, good, basic('mine')), true);
    for (const stranger of ['theirs', 'api']) assert.equal(await active(server, good, basic(stranger)), false);
    const asked = await server.post('/oauth/introspect', encode({ token: good, ...gateway }));
    assert.deepEqual(asked.body, { active: false }, 'only the resource vouches for its client');
  }
  const others = [OTHER, API, server.issuer, `${server.issuer}/admin`, `${MINE}/`, `${MINE} `, '', undefined, null, {}];
  const audiences = [...others, [], [OTHER], [MINE, OTHER], [MINE, MINE], [[MINE]], { 0: MINE, length: 1 }];
  const bad = [
    ...audiences.map((aud) => forge({ ...claims, aud })),
    // The ids of other keys, and another resource's secret under this id.
    ...[undefined, 'none', headerOf(await subjectToken(server)).kid].map((name) =>
      signWithSecret(claims, { kid: name }),
    ),
    signWithSecret(claims, { kid: headerOf(await subjectToken(server, { audience: OTHER })).kid }),
    signWithSecret({ ...claims, aud: OTHER }, { kid }, OTHER_SECRET),
    forge(claims, { alg: 'ES256' }),
    forge(claims, { alg: 'none' }),
    ...['JWT', 'jwt', undefined, 'token-introspection+jwt'].map((typ) => forge(claims, { typ })),
    forge({ ...claims, iss: 'https://elsewhere.example' }),
    forge({ ...claims, exp: 1 }),
  ];
  for (const text of bad)
    for (const asker of ['mine', 'theirs', 'api', 'gateway'])
      assert.notEqual(await active(server, text, basic(asker)), true, `${text} for ${asker}`);
});

/** Claims of a forger: another audience, the authority of another token, many names, another purpose. */
const forgeries = (
  server: TestServer,
  { mine, ours, person }: { mine: string; ours: string; person: Claims },
): Claims[] => {
  const now = Math.floor(server.clock.now / 1000);
  const [base, known, theirs] = [claimsOf(mine), claimsOf(ours), claimsOf(person.access_token)];
  const later = { iat: now, exp: now + 300 };
  const admin = {
    aud: `${server.issuer}/admin`,
    scope: 'admin:read admin:write',
    client_id: 'operator',
    sub: 'operator',
  };
  return [
    base,
    ...[API, OTHER, server.issuer, admin.aud, [MINE, admin.aud], [admin.aud]].map((aud) => ({
      ...base,
      ...admin,
      aud,
    })),
    { ...theirs, ...later },
    { ...theirs, ...later, aud: MINE },
    { ...base, sub: theirs.sub, scope: 'openid profile email' },
    ...['all', 'subject:gateway', 'client:gateway', known.jti].map((jti) => ({ ...base, jti })),
    { ...base, lineage: [known.jti], actor_lineage: [known.jti] },
    { ...base, client_id: 'web' },
    { ...base, act: { sub: 'agent', iss: server.issuer } },
    { ...base, cnf: { jkt: 'x'.repeat(43) } },
    { ...base, may_act: { sub: 'gateway' } },
  ];
};

const TYPES = ['JWT', 'token-introspection+jwt', undefined];
const PARAMETERS = ['token', 'subject_token', 'actor_token', 'id_token_hint', 'refresh_token', 'code', 'device_code'];

/** All endpoints and parameters that accept a token, from the registries, so that new ones are included. */
function consumers(server: TestServer, ours: string) {
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
  const types = subjectTokenTypes.map(({ name }) => type(name));
  const good = { subject_token: ours, subject_token_type: type('access_token') };
  const presented = types.flatMap((kind) => [
    (text: string) => ({ subject_token: text, subject_token_type: kind }),
    (text: string) => ({ ...good, actor_token: text, actor_token_type: kind }),
  ]);
  const inForms = endpoints.filter(({ methods }) => methods.includes('POST'));
  const gets = endpoints.filter(({ methods }) => methods.includes('GET'));
  const operations = operationsFor(operationForms);
  const get = async (path: string, headers = {}) => fetchAnswer(server.issuer + path, { headers, redirect: 'manual' });
  const body = { id: 'made', auth: 'none', grants: ['token_exchange'] };
  return [
    ...presented.map((form) => named((text) => server.token({ grant_type: EXCHANGE, ...gateway, ...form(text) }))),
    ...inForms.flatMap((endpoint) => [
      named((text) => server.post(pathOf(endpoint, server.issuer), '', bearer(text)), endpoint.path),
      ...PARAMETERS.map((name) =>
        named(
          (text) => server.post(pathOf(endpoint, server.issuer), encode({ ...web, [name]: text })),
          `${name} at ${endpoint.path}`,
        ),
      ),
    ]),
    ...gets.flatMap((endpoint) => [
      named((text) => get(pathOf(endpoint, server.issuer), bearer(text)), endpoint.path),
      named(
        (text) => get(`${pathOf(endpoint, server.issuer)}?${encode({ client_id: 'web', id_token_hint: text })}`),
        `a hint at ${endpoint.path}`,
      ),
    ]),
    ...operations.map(({ method, at, id }) =>
      named((text) => {
        const path = at.replaceAll(/\{\w+\}/g, 'gateway');
        const sent = ['POST', 'PUT'].includes(method) ? { body } : {};
        return admin(server, `${method} ${path}`, { token: text, ...sent, headers: { 'if-match': '*' } });
      }, id),
    ),
  ];
}

const named = (consume: (text: string) => Promise<Answer>, name = 'the token endpoint') => [name, consume] as const;

test("gives a token that a resource forged the same answer as a stranger's token, at every endpoint", async (t) => {
  const opened = await open(t);
  const { server, ours, kid, person } = opened;
  const stranger = (claims: Claims) => signWithSecret(claims, { kid }, 'an unknown secret of sufficient length');
  const told = ({ status, text }: { status: number; text: string }) =>
    // The random parts of an answer: the request id, and values in forms and addresses.
    [status, text.replaceAll(/[\w-]{16,}/g, '…').replaceAll(/\d+/g, '0')];
  const forged = forgeries(server, opened).map((claims) => opened.forge(claims));
  const others = TYPES.map((typ) => opened.forge(forgeries(server, opened)[0] ?? {}, { typ }));
  for (const [name, consume] of consumers(server, ours)) {
    const expected = told(await consume(stranger(claimsOf(opened.mine))));
    const answers = await Promise.all([...forged, ...others].map(async (text) => [text, await consume(text)] as const));
    for (const [text, answer] of answers) assert.deepEqual(told(answer), expected, `${name}: ${text}`);
  }
  // The twins: tokens signed by the server are accepted, and none of them was revoked on the way.
  assert.equal((await exchange(server, { subject_token: ours })).status, 200);
  assert.equal((await exchange(server, { subject_token: opened.mine })).status, 400);
  const asPerson = { headers: { authorization: `Bearer ${person.access_token}` } };
  assert.equal((await fetch(`${server.issuer}/oauth/userinfo`, asPerson)).status, 200);
  assert.equal((await admin(server, 'GET /clients', { token: await adminToken(server) })).status, 200);
  assert.equal(await active(server, opened.mine, basic('mine')), true);
});

test('refuses HS256 for audiences of this server in any spelling, and one secret for two resources', async (t) => {
  const issuer = 'http://127.0.0.1:8080';
  const file = join(temporaryFolder(t), 'cambio.yaml');
  const check = async (...resources: readonly Configuration[]): Promise<readonly [number | null, string]> => {
    writeFileSync(file, yamlOf(changed(configuration, { resources: added(...resources) })));
    const { code, stdout, stderr } = await cambio(t, ['check', '--config', file], {
      env: { ISSUER: issuer, PORT: '8080' },
    });
    return [code, stdout + stderr];
  };
  const resource = (audience: string) => ({ audience, scopes: ['read'], token: sharedSecret() });
  const [code, told] = await check(resource(MINE));
  assert.equal(code, 0, told);
  const paths = ['/admin', '/admin/', '//admin', '/ADMIN', '/%61dmin', '/./admin', '/x/../admin', '', '/'];
  for (const spelling of [...paths.map((path) => issuer + path), 'HTTP://127.0.0.1:8080/admin']) {
    const [refused, why] = await check(resource(spelling));
    assert.deepEqual(
      [refused, /HS256 is not for an audience of this server itself/.test(why)],
      [1, true],
      `${spelling}: ${why}`,
    );
  }
  const [refused, why] = await check(resource(MINE), resource(OTHER));
  assert.deepEqual([refused, /another resource has the same secret/.test(why)], [1, true], why);
});
