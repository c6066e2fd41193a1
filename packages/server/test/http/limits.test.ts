// Limits for one caller: requests, connections, time, parameters. Each test also shows a request within the limit.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { eventOf } from '../../src/audit/row.ts';
import { networkOf } from '../../src/primitives/network.ts';
import { createRate } from '../../src/primitives/rate.ts';
import { tallyKey } from '../../src/primitives/tallies.ts';
import { agentBasic, assertIssued, configuration, gateway } from '../support/basics.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { type Answer, encode, start, type TestServer } from '../support/harness.ts';

const own = { grant_type: 'client_credentials' };
const TOO_MANY = {
  status: 429,
  error: 'temporarily_unavailable',
  description: 'Too many requests: try again later',
};

const limited = (limits: Configuration): Configuration => changed(configuration, { server: { limits } });

const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);

/** Sends one request after the other. */
async function times<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let index = 0; index < count; index++) answers.push(await ask());
  return answers;
}

function rowsOf({ folder }: TestServer, reason: string): AuditEvent[] {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { readOnly: true });
  try {
    const rows = database.prepare('select event, personal from audit where reason = ?').all(reason);
    return rows.map((row) => eventOf(row as { event: string; personal: string }));
  } finally {
    database.close();
  }
}

test('limits the requests of a client in a minute, apart from other clients, and writes one row for all that exceed it', async (t) => {
  const server = await start(t, limited({ requestsPerClient: 3 }));
  const ask = () => server.token({ ...own, ...gateway });
  const wrong = () => server.token({ ...own, ...gateway, client_secret: 'wrong' });
  await times(5, wrong);
  assert.deepEqual(
    statuses(await times(3, ask)),
    [200, 200, 200],
    'nobody uses up what is of a client that it cannot prove to be',
  );
  server.clock.now += 20_000;
  const refused = await times(4, ask);
  for (const { status, body, headers } of refused) {
    assert.deepEqual([status, body.error, body.error_description], [429, TOO_MANY.error, TOO_MANY.description]);
    assert.equal(headers.get('retry-after'), '40');
  }
  assert.equal(
    (await server.post('/oauth/introspect', encode({ token: 'x', ...gateway }))).status,
    429,
    'all endpoints count',
  );
  assertIssued(server, await server.token(own, agentBasic));
  server.clock.now += 40_000;
  assertIssued(server, await ask());
  await server.close();
  const [row, ...others] = rowsOf(server, 'client_rate');
  assert.deepEqual([row?.client, row?.clientClaimed, row?.count, others], ['gateway', undefined, 5, []]);
});

test('does not count made-up tokens of strangers against the limit of an API', async (t) => {
  const server = await start(t, limited({ requestsPerClient: 4, requestsPerAddress: 6 }));
  const { access_token: token } = (await server.token({ ...own, ...gateway })).body;
  const introspect = (about: unknown) => server.post('/oauth/introspect', encode({ token: String(about), ...gateway }));
  const madeUp = await times(20, () => introspect(`cambio_at_${randomBytes(32).toString('base64url')}`));
  assert.deepEqual([...new Set(statuses(madeUp))], [200]);
  const real = await times(4, () => introspect(token));
  assert.deepEqual(
    real.map(({ status, body }) => [status, body.active]),
    [
      [200, true],
      [200, true],
      [200, true],
      [429, undefined],
    ],
  );
  assert.equal((await introspect('made-up')).status, 429);
});

test('limits the requests of an address in a minute, whichever client it claims to be, but not its health checks', async (t) => {
  const server = await start(t, changed(limited({ requestsPerAddress: 3 }), { server: { trustProxy: ['127.0.0.1'] } }));
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const ask = (address: string) => server.token({ ...own, ...gateway }, from(address));
  assert.deepEqual(statuses(await times(4, () => ask('192.0.2.1'))), [200, 200, 200, 429]);
  const keys = await fetch(`${server.issuer}/.well-known/jwks.json`, { headers: from('192.0.2.1') });
  assert.deepEqual([keys.status, keys.headers.get('retry-after')], [429, '60']);
  const preflight = await fetch(`${server.issuer}/oauth/token`, { method: 'OPTIONS', headers: from('192.0.2.1') });
  assert.equal(preflight.status, 429, 'to ask what may be asked counts as well');
  for (const path of ['/livez', '/readyz']) {
    assert.equal((await fetch(server.issuer + path, { headers: from('192.0.2.1') })).status, 200);
  }
  const site = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::2', '2001:db8:0:1:1:2:3:4', '2001:db8:0:1::9'];
  const answers: Answer[] = [];
  for (const address of site) answers.push(await ask(address));
  assert.deepEqual(statuses(answers), [200, 200, 200, 429], 'a /64 is one');
  assertIssued(server, await ask('2001:db8:0:2::1'));
  assertIssued(server, await ask('192.0.2.2'));
  await server.close();
  assert.deepEqual(
    rowsOf(server, 'address_rate').map(({ address, count }) => [address, count]),
    [
      ['192.0.2.1', 3],
      ['2001:db8:0:1::9', 1],
    ],
  );
});

test('counts an IPv4 address, or the /64 of an IPv6 address, as one site', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['not:an:address', 'not:an:address'],
  ]) {
    assert.equal(networkOf(address ?? ''), network);
  }
});

test('keeps counters in bounded memory, where nothing can fail and strangers cannot use it up (Q16, Q18)', () => {
  const clock = { now: 0 };
  const rate = createRate('test', 1, { clock: () => clock.now });
  rate.count(tallyKey('first'));
  assert.equal(rate.secondsToWait(tallyKey('first')), 60);
  for (let index = 1; index < 50_000; index++) rate.count(tallyKey(`stranger ${index}`));
  assert.equal(rate.secondsToWait(tallyKey('first')), 60);
  rate.count(tallyKey('one too many'));
  assert.equal(rate.secondsToWait(tallyKey('first')), undefined);
  assert.equal(rate.secondsToWait(tallyKey('stranger 1')), 60);
  clock.now = -3_600_000;
  assert.equal(rate.secondsToWait(tallyKey('stranger 1')), undefined, 'setting the clock back locks nobody out');
});

test('counts refusals at endpoints without rows, and writes one row a second for each caller', async (t) => {
  const server = await start(t, configuration);
  const unknown = await times(3, () => server.post('/nothing', ''));
  assert.deepEqual(statuses(unknown), [404, 404, 404]);
  assert.equal((await server.post('/livez', '')).status, 405);
  assert.equal((await fetch(`${server.issuer}/livez`)).status, 200);
  await server.close();
  const told = (reason: string) => rowsOf(server, reason).map(({ action, outcome, count }) => [action, outcome, count]);
  assert.deepEqual(told('path_unknown'), [['other', 'refused', 3]]);
  assert.deepEqual(told('method_not_allowed'), [['other', 'refused', 1]]);
});

test('records no secret that was sent as the client id, in any refusal', async (t) => {
  const server = await start(t, configuration);
  const claims = { grant_type: 'client_credentials', client_id: 'gateway-secret', client_secret: 'gateway' };
  const long = `${'a1'.repeat(30)}`;
  for (const client_id of ['gateway-secret', long, 'nobody', 'stranger'])
    assert.deepEqual(
      statuses(await times(22, () => server.token({ ...claims, client_id, client_secret: 'gateway' }))).slice(-3),
      [401, 429, 429],
    );
  await server.close();
  const told = (reason: string) => [...new Set(rowsOf(server, reason).map(({ clientClaimed }) => clientClaimed))];
  assert.deepEqual(told('authentication_rate').toSorted(), ['[withheld]', 'stranger']);
  assert.deepEqual(told('client_credentials'), ['stranger']);
  assert.deepEqual(told('client_unknown'), ['[withheld]']);
});
