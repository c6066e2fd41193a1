// Opaque tokens of another issuer: each exchange introspects, over a few persistent connections.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { API, assertIssued, client, exchange } from '../support/basics.ts';
import { added, changed } from '../support/configuration.ts';
import { base64url, claimsOf, start, type TestServer, type } from '../support/harness.ts';
import {
  bytes,
  entry,
  type FakeIssuer,
  FOREIGN_RULE,
  INTROSPECT,
  json,
  startIssuer,
  status,
  trusting,
} from '../support/issuer.ts';
import { assertSubjectRefused, assertUnavailable } from '../support/trusting.ts';

async function startAsking(t: Parameters<typeof start>[0]): Promise<[TestServer, FakeIssuer]> {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: "us:1", secret: { plain: "a+b %" } }`;
  return [await start(t, trusting(entry(idp, { accepts: '[access_token]', introspection }))), idp];
}

/** An active token of the issuer. */
function newOpaque(idp: FakeIssuer): string {
  const token = randomUUID();
  idp.opaque.set(token, { ...claimsOf(idp.sign({ client_id: 'web' })), active: true });
  return token;
}

const ask = (server: TestServer, token: string) =>
  exchange(server, { subject_token: token, subject_token_type: type('access_token') });

test('refuses a token after its issuer revoked it', async (t) => {
  const [server, idp] = await startAsking(t);
  const token = newOpaque(idp);
  for (const _time of [1, 2]) assertIssued(server, await ask(server, token));
  idp.opaque.delete(token);
  assertSubjectRefused(server, await ask(server, token), 'inactive');
  assert.equal(idp.count(INTROSPECT), 3);
});

test('authenticates with Basic, form-encoded as in RFC 6749 section 2.3.1, and sends the secret only to that endpoint', async (t) => {
  const [server, idp] = await startAsking(t);
  const elsewhere = await startIssuer(t);
  assertIssued(server, await ask(server, newOpaque(idp)));
  const { authorization = '' } = idp.seen[0]?.headers ?? {};
  assert.equal(atob(authorization.replace('Basic ', '')), 'us%3A1:a%2Bb%20%25');
  idp.instead.set(INTROSPECT, status(307, { location: elsewhere.url + INTROSPECT }));
  assertUnavailable(server, await ask(server, newOpaque(idp)));
  assert.equal(elsewhere.seen.length, 0);
});

test("answers 503 if the issuer's answer is invalid, and does not call the token invalid", async (t) => {
  const [server, idp] = await startAsking(t);
  const token = newOpaque(idp);
  for (const [what, behaviour] of Object.entries({
    'an error': status(500),
    'our credentials are wrong': status(401),
    HTML: bytes('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>'),
    'a list': json([{ active: true }]),
    nothing: bytes('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    'a closed connection': bytes(),
  })) {
    idp.instead.set(INTROSPECT, behaviour);
    assertUnavailable(server, await ask(server, token), what);
  }
  idp.instead.clear();
  assertIssued(server, await ask(server, token));
});

test('reconnects if the issuer closed a persistent connection, without an error for the caller', async (t) => {
  const [server, idp] = await startAsking(t);
  const known = new Set<unknown>();
  idp.instead.set(INTROSPECT, (request, response) => {
    // A second request on the same connection is reset.
    if (known.has(request.socket)) request.socket.resetAndDestroy();
    else {
      known.add(request.socket);
      const token = new URLSearchParams(idp.seen.at(-1)?.body).get('token') ?? '';
      json(idp.opaque.get(token))(request, response);
    }
  });
  for (let round = 1; round <= 4; round++) assertIssued(server, await ask(server, newOpaque(idp)));
  assert.equal(known.size, 4);
  assert.equal(idp.count(INTROSPECT), 7, 'one on a fresh connection, and three on a kept one and again on a fresh one');
});

test('uses one connection for many exchanges in sequence', async (t) => {
  const [server, idp] = await startAsking(t);
  const sockets = new Set<unknown>();
  idp.instead.set(INTROSPECT, (request, response) => {
    sockets.add(request.socket);
    json({ active: false })(request, response);
  });
  for (let round = 0; round < 5; round++) assertSubjectRefused(server, await ask(server, 'x'), 'inactive');
  assert.equal(sockets.size, 1);
});

test("refuses a client's introspections beyond sixteen at once, so that a hanging issuer does not pile up requests", async (t) => {
  const [server, idp] = await startAsking(t);
  const sixteen = Promise.withResolvers<void>();
  idp.instead.set(INTROSPECT, () => {
    if (idp.count(INTROSPECT) === 16) sixteen.resolve();
  });
  let given = 0;
  const asked = Array.from({ length: 20 }, async () => {
    const answer = await ask(server, newOpaque(idp));
    given++;
    return answer;
  });
  const first = await Promise.race(asked);
  assertUnavailable(server, first);
  assert.match(server.audit(first)?.detail ?? '', /too many requests/);
  await sixteen.promise;
  assert.ok(given <= 4, 'sixteen still wait');
  await idp.close();
  for (const answer of await Promise.all(asked)) assertUnavailable(server, answer);
  assert.equal(idp.count(INTROSPECT), 16);
});

const RULES = [
  FOREIGN_RULE,
  { client: 'partner', subject: { issuer: 'idp' }, grant: { audiences: [API], scopes: ['read'] } },
  { client: 'acting', actor: { issuer: 'idp' }, grant: { audiences: [API], scopes: ['read'] } },
  { client: 'jwts', subject: { issuer: 'idp', types: ['jwt'] }, grant: { audiences: [API], scopes: ['read'] } },
  { client: 'own', subject: { issuer: 'self', clients: ['gateway'] }, grant: { audiences: [API], scopes: ['read'] } },
];

async function startCrowd(t: Parameters<typeof start>[0]): Promise<[TestServer, FakeIssuer]> {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: x } }`;
  const known = entry(idp, { accepts: '[access_token, jwt]', introspection });
  const clients = added(
    ...['partner', 'acting', 'jwts', 'own', 'nobody'].map((id) => client(id, { grants: ['token_exchange'] })),
  );
  return [await start(t, changed(trusting(known, RULES), { clients })), idp];
}

const askAs = (server: TestServer, id: string, token: string, role = 'subject') =>
  exchange(server, {
    client_id: id,
    client_secret: `${id}-secret`,
    [`${role}_token`]: token,
    [`${role}_token_type`]: type('access_token'),
  });

test('introspects only for clients with a rule that accepts such tokens of the issuer', async (t) => {
  const [server, idp] = await startCrowd(t);
  for (const id of ['nobody', 'own', 'jwts'])
    assertSubjectRefused(server, await askAs(server, id, newOpaque(idp)), 'not_accepted', id);
  assert.equal(idp.count(INTROSPECT), 0);
  for (const id of ['gateway', 'partner']) assertIssued(server, await askAs(server, id, newOpaque(idp)), id);
  await askAs(server, 'acting', newOpaque(idp), 'actor');
  assert.equal(idp.count(INTROSPECT), 3);
});

test('lets a client with sixteen pending requests block neither other clients nor the fetch of keys', async (t) => {
  const [server, idp] = await startCrowd(t);
  const full = Promise.withResolvers<void>();
  idp.instead.set(INTROSPECT, () => {
    if (idp.count(INTROSPECT) === 16) full.resolve();
  });
  const asked = Array.from({ length: 20 }, () => ask(server, newOpaque(idp)));
  await full.promise;
  idp.instead.clear();
  assertIssued(server, await askAs(server, 'partner', newOpaque(idp)));
  const jwt = { subject_token: idp.sign(), subject_token_type: type('jwt') };
  assertIssued(server, await exchange(server, jwt));
  await idp.close();
  for (const answer of await Promise.all(asked)) assertUnavailable(server, answer);
});

test('introspects tokens with dots that are not JWTs, and sends no JWT, whole or damaged', async (t) => {
  const [server, idp] = await startAsking(t);
  const about = { ...claimsOf(idp.sign({ client_id: 'web' })), active: true };
  // The first parts of Hydra's tokens are random: one may begin with the byte of a brace.
  const random = `${Buffer.from([0x7b, 0xff, 0x00, 0x91]).toString('base64url')}.${'s'.repeat(43)}`;
  const opaque = [
    'ory_at_k3y.s1gnature-_',
    'ya29.a0AfH6SMBx-y_z',
    'a.b.c',
    'v1.2.3.4',
    'eyJub3QiOiJhIEpXVCJ9',
    random,
    'k.e/y+x~=',
  ];
  for (const token of opaque) {
    idp.opaque.set(token, about);
    assertIssued(server, await ask(server, token), token);
  }
  const seen = idp.seen.length;
  const jwt = idp.sign({ client_id: 'web', scope: 'read', aud: 'elsewhere' });
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const jwe = `${base64url(JSON.stringify({ alg: 'dir', enc: 'A256GCM' }))}..a.b.c`;
  for (const token of [
    jwt,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.x.${signature}`,
    `${header.slice(0, -9)}.${payload}.${signature}`,
    `${header}=.${payload}.${signature}`,
    `${base64url(' {"alg":"none"}')}.${payload}.`,
    jwe,
    server.forge({ ...about, iss: server.issuer }, { typ: 'x' }),
    'cambio_at_unknown.x',
    `${base64url('<saml:Assertion/>')}`,
    'two words',
    `${'x.'.repeat(1025)}`,
  ])
    assert.equal((await ask(server, token)).status, 400, token);
  assert.equal(idp.seen.slice(seen).filter(({ path }) => path === INTROSPECT).length, 0);
});
