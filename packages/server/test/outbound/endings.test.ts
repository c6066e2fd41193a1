// An outgoing request ends by its deadline, however the other server ends it, and releases everything.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDelivery, createOutbound, OutboundFailure } from '../../src/outbound/outbound.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { createUpstream } from '../../src/sign-in/upstream.ts';
import { createUpstreamLimit } from '../../src/sign-in/upstream-limit.ts';
import { assertIssued, configuration, exchange } from '../support/basics.ts';
import { added, changed } from '../support/configuration.ts';
import { start, type } from '../support/harness.ts';
import {
  type Behaviour,
  DISCOVERY,
  entry,
  forever,
  INTROSPECT,
  JWKS,
  json,
  lifeOf,
  newKey,
  startIssuer,
  trusting,
} from '../support/issuer.ts';
import { eventually } from '../support/node.ts';
import { assertUnavailable, COOL_DOWN, freshToken, present, startBoth } from '../support/trusting.ts';

type Ending = (socket: Socket) => void;

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n';

/** Sends the part repeatedly, until the other side closes. */
const drip =
  (head: string, part: string): Ending =>
  (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(part), 20);
    socket.on('close', () => clearInterval(timer));
  };
const say =
  (text: string): Ending =>
  (socket) =>
    void socket.write(text);
const sayAndClose =
  (text: string): Ending =>
  (socket) =>
    void socket.end(text);

/** Endings without a valid answer. */
const endings: Readonly<Record<string, Ending>> = {
  'another protocol': say(SWITCHING),
  'another protocol, and the connection closed': sayAndClose(SWITCHING),
  'another protocol that is not named': say('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
  'another protocol, and data of it': say(`${SWITCHING}data`),
  'another protocol after a hint': say(`HTTP/1.1 103 Early Hints\r\n\r\n${SWITCHING}`),
  'a hint, and silence': say('HTTP/1.1 103 Early Hints\r\n\r\n'),
  'leave to go on, and silence': say('HTTP/1.1 100 Continue\r\n\r\n'),
  'hints without end': drip('', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(50)),
  'leave to go on without end': drip('', 'HTTP/1.1 100 Continue\r\n\r\n'),
  silence: () => undefined,
  'a header without end': drip(OK, 'x-more: 1\r\n'),
  'a status line without end': drip('HTTP/1.1 200 ', 'O'),
  'a body without end': drip(`${OK}Content-Length: 100000\r\n\r\n{`, ' '),
  'a body in chunks without end': drip(`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, '1\r\n \r\n'),
  'trailers without end': drip(`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`, 'x-more: 1\r\n'),
  'half a body': sayAndClose(`${OK}Content-Length: 100\r\n\r\n{`),
  'half a header': sayAndClose(OK),
  'a closed connection': (socket) => void socket.end(),
  'a reset connection': (socket) => void socket.resetAndDestroy(),
  'no HTTP': sayAndClose('SSH-2.0-other\r\n'),
};

/** A server that sends bytes. */
async function startRaw(t: Pick<TestContext, 'after'>) {
  const sockets = new Set<Socket>();
  const place = { url: '', ending: sayAndClose(`${OK}Content-Length: 2\r\n\r\n{}`) };
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.once('data', () => place.ending(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  place.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return place;
}

/** The limit of requests in progress. */
const AT_ONCE = 16;

test('every ending is a failure within the deadline, and holds no place among the requests under way', {
  concurrency: true,
}, async (t) => {
  const cases = Object.entries(endings).map(([what, ending]) =>
    t.test(what, async (one) => {
      const place = await startRaw(one);
      const good = place.ending;
      const [fetchJson, deliver] = [createOutbound('private'), createDelivery('private')];
      const request = { url: place.url, method: 'POST', body: '{}' } as const;
      place.ending = ending;
      for (const send of [fetchJson, deliver]) {
        const all = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => send(request)));
        for (const { reason } of all as PromiseRejectedResult[]) assert.ok(reason instanceof OutboundFailure, what);
      }
      place.ending = good;
      assert.deepEqual({ ...(await fetchJson(request)) }, {}, what);
      assert.equal(await deliver(request), '{}', what);
    }),
  );
  await Promise.all(cases);
});

const switching: Behaviour = ({ socket }) => void socket.write(SWITCHING);
const hinting = forever('', 'HTTP/1.1 103 Early Hints\r\n\r\n');

test('fetches keys and discovery again when their server answers again', { concurrency: true }, async (t) => {
  const cases = [JWKS, DISCOVERY].flatMap((path) =>
    [switching, hinting].map(async (ending) => {
      const [server, idp] = await startBoth(t);
      idp.instead.set(path, ending);
      assertUnavailable(server, await present(server, freshToken(server, idp)), path);
      idp.instead.clear();
      server.clock.now += COOL_DOWN;
      assertIssued(server, await present(server, freshToken(server, idp)), path);
    }),
  );
  await Promise.all(cases);
});

test('continues with the cached keys when a later fetch ends like this', async (t) => {
  const [server, idp] = await startBoth(t);
  assertIssued(server, await present(server, freshToken(server, idp)));
  idp.instead.set(JWKS, switching);
  server.clock.now += 300_000;
  assertIssued(server, await present(server, freshToken(server, idp)));
  const added = newKey();
  idp.keys.push(added);
  server.clock.now += COOL_DOWN;
  assertUnavailable(server, await present(server, freshToken(server, idp, { key: added })));
  idp.instead.clear();
  server.clock.now += COOL_DOWN;
  assertIssued(server, await present(server, freshToken(server, idp, { key: added })));
});

test('asks an introspection endpoint again at the next request, after any number of such endings', async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token]', introspection })));
  idp.opaque.set('good', { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'web', active: true });
  const ask = () => exchange(server, { subject_token: 'good', subject_token_type: type('access_token') });
  idp.instead.set(INTROSPECT, switching);
  for (let i = 0; i <= AT_ONCE; i++) assertUnavailable(server, await ask());
  idp.instead.clear();
  assertIssued(server, await ask());
});

test('fetches the keys of a client again', async (t) => {
  const keys = await startIssuer(t);
  const [key] = keys.keys;
  const client = `{ id: batch, auth: private_key_jwt, jwksUri: '${keys.url}${JWKS}', allowPrivateNetwork: true, grants: [client_credentials], audiences: [https://api.example], scopes: [read] }`;
  const server = await start(t, changed(configuration, { clients: added(client) }));
  const ask = () => {
    const life = lifeOf(server.clock.now);
    const client_assertion = keys.sign({ ...life, iss: 'batch', sub: 'batch', aud: server.issuer }, key && { key });
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    return server.token({ grant_type: 'client_credentials', client_assertion, client_assertion_type });
  };
  keys.instead.set(JWKS, switching);
  assertUnavailable(server, await ask());
  keys.instead.clear();
  server.clock.now += COOL_DOWN;
  assertIssued(server, await ask());
});

test('fails one sign-in when the upstream provider ends like this, and serves the next', async (t) => {
  const idp = await startIssuer(t);
  const about = { issuer: idp.url, jwks_uri: idp.url + JWKS };
  const metadata = json({
    ...about,
    authorization_endpoint: `${idp.url}/authorize`,
    token_endpoint: `${idp.url}/token`,
    id_token_signing_alg_values_supported: ['ES256'],
  });
  let passedMs = 0;
  const clock = (): number => Date.now() + passedMs;
  const upstream = createUpstream(
    { issuer: idp.url, name: 'idp', network: 'private', clientId: 'us', secret: 's', scope: 'openid', claims: [] },
    {
      outbound: createOutbound('private'),
      redirectUri: 'https://login.example/back',
      secret: 'shared',
      clock,
      limit: createUpstreamLimit({ clock }),
      useOnce: async () => true,
    },
  );
  const departure = { interaction: 'an-interaction-of-ours', browser: 'a-browser' };
  const begin = () => upstream.begin(departure, {});
  idp.instead.set(DISCOVERY, switching);
  await assert.rejects(begin, (error) => error instanceof Refusal && error.reason === 'upstream_failed');
  idp.instead.set(DISCOVERY, metadata);
  const asked = new URL(await begin()).searchParams;
  const complete = () =>
    upstream.complete(
      { ...departure, address: '192.0.2.1' },
      new URLSearchParams({ state: String(asked.get('state')), code: 'x' }),
      {},
    );
  const id_token = idp.sign({ aud: 'us', nonce: asked.get('nonce') });
  for (const path of ['/token', JWKS]) {
    idp.instead.set('/token', json({ access_token: 'x', token_type: 'Bearer', id_token }));
    idp.instead.set(path, switching);
    await assert.rejects(complete, (error) => error instanceof Refusal && error.reason === 'upstream_failed', path);
    idp.instead.delete(path);
  }
  idp.instead.set('/token', json({ access_token: 'x', token_type: 'Bearer', id_token }));
  // The keys were fetched in vain, and are fetched again after the cool-down.
  passedMs = COOL_DOWN;
  assert.equal((await complete()).sub, 'idp:ada');
});

test('delivers every row to a webhook and an OTLP sink that ended like this, when they accept rows again', {
  concurrency: true,
}, async (t) => {
  const cases = ['webhook', 'otlp'].map(async (kind) => {
    const sink = await startIssuer(t);
    sink.instead.set('/in', switching);
    const stream = [{ type: kind, url: `${sink.url}/in`, allowPrivateNetwork: true }];
    const server = await start(t, changed(configuration, { audit: { stream } }));
    const answer = await exchange(server);
    assertIssued(server, answer);
    const tries = async () => sink.count('/in');
    await eventually(tries, (count) => count > 1);
    sink.instead.set('/in', json({}));
    const id = String(answer.headers.get('x-request-id'));
    const last = await tries();
    const told = async () => sink.seen.slice(last).map(({ body }) => body);
    await eventually(told, (bodies) => bodies.some((body) => body.includes(id)));
  });
  await Promise.all(cases);
});
