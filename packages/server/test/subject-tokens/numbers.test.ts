// Numbers beyond 2^53 are read exactly or refused everywhere. If they were rounded, two subjects could become equal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration } from '../../src/config/load.ts';
import { admin, administered } from '../support/admin-api.ts';
import { API, assertIssued, configuration, exchange, gateway, subjectToken } from '../support/basics.ts';
import { added, changed } from '../support/configuration.ts';
import { claimsOf, start, type } from '../support/harness.ts';
import { bytes, entry, INTROSPECT, JWKS, lifeOf, newKey, signJws, startIssuer, trusting } from '../support/issuer.ts';
import { newProver } from '../support/prover.ts';
import { assertSubjectRefused, assertUnavailable, present } from '../support/trusting.ts';

/** A number that JSON.stringify writes literally, without rounding to a double. */
const literal = (text: string): unknown => (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text);
const SAFE = literal('9007199254740991');
const BEYOND = ['9007199254740993', '9007199254740992', '-9007199254740993', '1e400', '41.99999999999999999999'];

test('refuses a foreign token with such a number, whether or not a mapping reads it', async (t) => {
  const idp = await startIssuer(t);
  const members = { subject: '\'"user:" + string(claims.uid)\'', claims: '{ uid: claims.uid }' };
  const rule = `{ client: gateway, subject: { issuer: idp, when: 'subject.claims.uid > 0' }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, trusting(entry(idp, members), [rule]));
  for (const beyond of BEYOND) {
    for (const claims of [{ uid: literal(beyond) }, { uid: 1, other: { deep: [literal(beyond)] } }])
      assertSubjectRefused(server, await present(server, idp.sign(claims)), 'malformed', beyond);
  }
  const answer = await present(server, idp.sign({ uid: SAFE }));
  assertIssued(server, answer);
  const { sub, uid } = claimsOf(answer.body.access_token);
  assert.deepEqual([sub, uid], ['user:9007199254740991', 9007199254740991]);
});

test('refuses a mapping with such a number as its result', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(
    t,
    trusting(entry(idp, { claims: '{ whole: int(claims.text), small: int(claims.other) }' })),
  );
  const answer = await present(server, idp.sign({ text: '9007199254740993', other: '7' }));
  const { whole, small } = claimsOf(answer.body.access_token);
  assert.deepEqual([whole, small], [undefined, 7]);
});

test('refuses the token if an expression would round a number, in subject, claims and conditions', async (t) => {
  const idp = await startIssuer(t);
  const good = { uid: 7, text: '9007199254740991' };
  const bad = { uid: SAFE, text: '9007199254740993' };
  for (const text of ['double(claims.text)', 'claims.uid + 2', 'claims.uid * 3.0']) {
    for (const members of [{ subject: `'"n" + string(${text})'` }, { claims: `{ n: '${text}' }` }]) {
      const server = await start(t, trusting(entry(idp, members)));
      assertSubjectRefused(server, await present(server, idp.sign(bad)), 'cannot_tell', text);
      assertIssued(server, await present(server, idp.sign(good)), text);
      await server.close();
    }
    const when = `string(${text.replace('claims', 'subject.claims')}) != "1"`;
    const GRANT = `grant: { audiences: [${API}], scopes: [read] }`;
    const wider = `{ client: gateway, subject: { issuer: idp }, ${GRANT} }`;
    const server = await start(
      t,
      trusting(entry(idp), [`{ client: gateway, subject: { issuer: idp, when: '${when}' }, ${GRANT} }`, wider]),
    );
    const answer = await present(server, idp.sign(bad));
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'rules_inexact'], 'no wider rule decides');
    assertIssued(server, await present(server, idp.sign(good)), text);
    await server.close();
  }
});

test('refuses such a number in a token of ours, an introspection answer, a key set and an admin body', async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const rules = [
    `{ client: gateway, subject: { issuer: [self, idp], clients: [gateway] }, grant: { audiences: [${API}] } }`,
    `{ client: gateway, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read] } }`,
  ];
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token, jwt]', introspection }), rules));
  const own = { ...claimsOf(await subjectToken(server)), client_id: 'gateway' };
  const opaque = { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'web', active: true };
  const ask = (subject_token: string) => exchange(server, { subject_token, subject_token_type: type('access_token') });
  for (const beyond of BEYOND) {
    assertSubjectRefused(server, await ask(server.forge({ ...own, uid: literal(beyond) })), 'malformed', beyond);
    idp.opaque.set('token', { ...opaque, uid: literal(beyond) });
    assertUnavailable(server, await ask('token'), beyond);
  }
  idp.opaque.set('token', { ...opaque, uid: SAFE });
  assertIssued(server, await ask('token'));
  const keys = idp.keys.map(({ jwk }) => jwk);
  const body = (uid: string) => `{"keys":${JSON.stringify(keys)},"uid":${uid}}`;
  const head = 'HTTP/1.1 200 OK\r\n\r\n';
  idp.instead.set(JWKS, bytes(head, body('9007199254740993')));
  assertUnavailable(server, await present(server, idp.sign()));
  idp.instead.set(JWKS, bytes(head, body('9007199254740991')));
  server.clock.now += 10_000;
  assertIssued(server, await present(server, idp.sign()));
});

test('refuses such a number in a DPoP proof and in a client assertion', async (t) => {
  const keys = await startIssuer(t);
  const [key] = keys.keys;
  assert.ok(key);
  const client = `{ id: batch, auth: private_key_jwt, jwks: ${JSON.stringify({ keys: [key.jwk] })}, grants: [client_credentials], audiences: [${API}], scopes: [read] }`;
  const server = await start(t, changed(configuration, { clients: added(client) }));
  const prover = newProver();
  const prove = (uid: unknown) =>
    server.token({ grant_type: 'client_credentials', ...gateway }, { dpop: prover.prove(server, { uid }) });
  const assertion = (uid: unknown) => {
    const claims = { ...lifeOf(server.clock.now), iss: 'batch', sub: 'batch', aud: server.issuer, uid };
    const client_assertion = signJws({ alg: 'ES256', typ: 'JWT', kid: key.kid }, JSON.stringify(claims), key);
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    return server.token({ grant_type: 'client_credentials', client_assertion, client_assertion_type });
  };
  for (const beyond of BEYOND) {
    for (const [answer, reason] of [
      [await prove(literal(beyond)), 'dpop_malformed'],
      [await assertion(literal(beyond)), 'client_assertion_malformed'],
    ] as const)
      assert.equal(server.audit(answer)?.reason, reason, beyond);
  }
  for (const answer of [await prove(SAFE), await assertion(SAFE)]) assertIssued(server, answer);
});

test('refuses such a number in the body of an admin request', async (t) => {
  const server = await start(t, administered);
  const { jwk } = newKey();
  const client = (exp: unknown) => ({
    ...{ id: 'batch', auth: 'private_key_jwt', grants: ['client_credentials'], audiences: [API], scopes: ['read'] },
    jwks: { keys: [{ ...jwk, exp }] },
  });
  const beyond = await admin(server, 'POST /clients', { body: client(literal('9007199254740993')) });
  assert.equal(server.audit(beyond)?.reason, 'admin_body', beyond.text);
  const safe = await admin(server, 'POST /clients', { body: client(SAFE) });
  assert.equal(safe.status, 201, safe.text);
});

test('refuses a number that would be rounded in the configuration file, with its line, in YAML and in JSON', async () => {
  const accounts = (uid: string) =>
    `issuer: https://login.example\nstore: sqlite:x.db\nsealingKey: { env: KEY }\nresources: []\nclients: []\nrules: []\naccounts:\n  - username: ada\n    password: { plain: secret }\n    claims:\n      uid: ${uid}\n`;
  const environment = { KEY: Buffer.alloc(32).toString('base64'), UID: '9007199254740993', SMALL: '7' };
  const read = (text: string) => parseConfiguration(text, { file: 'cambio.yaml', environment });
  const hex = ['0x20000000000001', '0o400000000000000001'];
  for (const uid of [...BEYOND, ...hex, '.inf', '.nan', '1234567890123456789012', '{ 9007199254740993: x }', `$\{UID}`])
    await assert.rejects(read(accounts(uid)), /:11:\d+.*would be rounded/, uid);
  const json = (uid: string) =>
    `{"issuer":"https://login.example","store":"sqlite:x.db","sealingKey":{"env":"KEY"},"resources":[],"clients":[],"rules":[],\n"accounts":[{"username":"ada","password":{"plain":"secret"},"claims":{"uid":${uid}}}]}`;
  for (const uid of BEYOND) await assert.rejects(read(json(uid)), /:2:\d+.*would be rounded/, uid);
  for (const uid of ['9007199254740991', '"9007199254740993"', '1E2', '-0', '0.1', '0x1F', `$\{SMALL}`]) {
    const [account] = (await read(accounts(uid))).accounts;
    assert.ok(account?.claims.uid !== undefined, uid);
  }
  assert.equal((await read(json('9007199254740991'))).accounts[0]?.claims.uid, 9007199254740991);
});
