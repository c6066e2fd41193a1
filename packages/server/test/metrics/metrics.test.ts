// Metrics: every answer is counted under a bounded number of names, and every step is timed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Registry } from 'prom-client';
import { type RunningServer, startServer } from '../../src/app.ts';
import { reportSummary } from '../../src/cli/summary.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createCounter } from '../../src/metrics/series.ts';
import { configuration, exchange, forgedToken, gateway, stranger } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { encode, freePort, start, type TestServer } from '../support/harness.ts';
import { entry, startIssuer, trusting } from '../support/issuer.ts';
import { eventually } from '../support/node.ts';
import { scrape } from '../support/scrape.ts';
import { present } from '../support/trusting.ts';

/** Starts a server with metrics. @returns it, and the port of its metrics */
async function startSeen(t: TestContext, source = configuration): Promise<readonly [TestServer, number]> {
  const port = await freePort();
  return [await start(t, changed(source, { server: { metrics: { port } } })), port];
}

test('counts answers by client, rule, outcome and reason, never by text of a stranger', async (t) => {
  const [server, port] = await startSeen(t);
  await exchange(server);
  await exchange(server, { scope: 'admin' });
  await exchange(server, { subject_token: await forgedToken(server, { exp: 1 }) });
  await server.token({ grant_type: 'client_credentials', ...stranger, client_id: 'made up by a stranger' });
  await server.token({ grant_type: 'made up', ...gateway });
  await server.post('/oauth/introspect', encode({ token: 'x' }));
  await fetch(`${server.issuer}/made-up`);
  const { value, text } = await scrape(port);
  const count = (labels: Record<string, string>) => value('cambio_requests_total', labels);
  const byGateway = { endpoint: '/oauth/token', grant: 'token_exchange', client: 'gateway' };
  assert.equal(count({ ...byGateway, rule: 'gateway', outcome: 'issued', reason: '' }), 1);
  assert.equal(count({ ...byGateway, rule: 'gateway', outcome: 'refused', reason: 'scope_exceeded' }), 1);
  assert.equal(count({ ...byGateway, rule: '', outcome: 'refused', reason: 'subject_token_expired' }), 1);
  assert.equal(count({ endpoint: '/oauth/token', client: '', reason: 'client_unknown' }), 1);
  assert.equal(count({ client: 'gateway', grant: '', reason: 'grant_type_unsupported' }), 1);
  assert.equal(count({ endpoint: '/oauth/introspect', reason: 'client_authentication_missing' }), 1);
  assert.equal(count({ endpoint: 'none', outcome: 'refused' }), 1);
  assert.doesNotMatch(text, /made.up/);
  assert.equal(value('cambio_request_duration_seconds_count', { endpoint: '/oauth/token', outcome: 'refused' }), 4);
  assert.equal(
    value('cambio_request_duration_seconds_bucket', { endpoint: '/oauth/token', outcome: 'refused', le: '+Inf' }),
    4,
  );
});

test('times steps, commits and requests to issuers, and failed ones separately', async (t) => {
  const idp = await startIssuer(t);
  const [server, port] = await startSeen(t, trusting(entry(idp, { name: 'idp' })));
  const before = await scrape(port);
  await present(server, idp.sign());
  idp.instead.set('/jwks', (_request, response) => response.writeHead(500).end());
  server.clock.now += 301_000 + 3_600_000;
  await present(server, idp.sign({ exp: 2 ** 33, iat: Math.floor(server.clock.now / 1000) }));
  const after = await scrape(port);
  const more = (name: string, labels: Record<string, string>) =>
    (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
  for (const step of ['parse', 'authenticate', 'subject', 'decide', 'sign', 'commit', 'verify', 'fetch']) {
    assert.ok(more('cambio_step_duration_seconds_count', { step }) > 0, step);
  }
  assert.equal(
    more('cambio_issuer_fetch_duration_seconds_count', { issuer: 'idp', outcome: 'ok' }),
    3,
    'discovery, twice, and keys',
  );
  assert.equal(more('cambio_issuer_fetch_duration_seconds_count', { issuer: 'idp', outcome: 'failed' }), 1);
  assert.ok(more('cambio_audit_commit_duration_seconds_count', { outcome: 'ok' }) > 0);
});

test('reports the current state: keys and their age, revocations, backlog, connections, version', async (t) => {
  const [server, port] = await startSeen(t);
  const { body } = await exchange(server);
  await server.post('/oauth/revoke', encode({ token: String(body.access_token), ...gateway }));
  server.clock.now += 3_600_000;
  const { value, names } = await scrape(port);
  assert.equal(value('cambio_revocations'), 1);
  assert.equal(value('cambio_signing_keys', { alg: 'ES256', state: 'active' }), 1);
  assert.equal(Math.floor((value('cambio_signing_key_age_seconds', { alg: 'ES256' }) ?? 0) / 3600), 1);
  assert.equal(value('cambio_audit_backlog'), 0);
  assert.equal(value('cambio_nodes'), 1);
  assert.equal(value('cambio_configuration_mismatch'), 0);
  assert.ok((value('cambio_connections') ?? 0) > 0);
  assert.equal(value('cambio_build_info', { node: process.version }), 1);
  for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']) assert.ok(names.has(name));
  // Most turns are short, whatever else the machine does. A time between two samples would be the interval of the samples.
  const middle = value('nodejs_eventloop_lag_p50_seconds') ?? Number.NaN;
  assert.ok(middle > 0 && middle < 0.09, String(middle));
});

test('serves metrics on a listener of their own and nothing else there, and none at the token endpoint', async (t) => {
  const [server, port] = await startSeen(t);
  const at = async (url: string, init?: RequestInit): Promise<number> => (await fetch(url, init)).status;
  assert.equal(await at(`http://127.0.0.1:${port}/metrics?x=y`), 200);
  assert.equal(await at(`http://127.0.0.1:${port}/oauth/token`), 404);
  assert.equal(await at(`http://127.0.0.1:${port}/metrics`, { method: 'POST' }), 405);
  assert.equal(await at(`http://127.0.0.1:${port}/readyz`), 200);
  assert.equal(await at(`http://127.0.0.1:${port}/constructor`), 404);
  assert.equal(await at(`${server.issuer}/metrics`), 404);
  await server.close();
  await assert.rejects(at(`http://127.0.0.1:${port}/metrics`));
});

test('limits a metric to 2000 series, and counts the rest as other', async () => {
  const registry = new Registry();
  const count = createCounter(registry, { name: 'x_total', help: 'x', labels: ['a', 'b'] });
  for (let index = 0; index < 2100; index++) count(String(index), 'b');
  count('0', 'b');
  const text = await registry.metrics();
  assert.equal(text.match(/^x_total\{/gm)?.length, 2001);
  assert.match(text, /^x_total\{a="0",b="b"\} 2$/m);
  assert.match(text, /^x_total\{a="other",b="other"\} 100$/m);
});

test('reports a metrics port in use in one line and continues; shows nodes with different configurations', async (t) => {
  const [server, port] = await startSeen(t);
  const environment = { ISSUER: server.issuer, PORT: '0' };
  const said: string[] = [];
  const others: RunningServer[] = [];
  t.after(() => Promise.all(others.map(({ close }) => close())));
  const another = async (text: string, metrics: number): Promise<void> => {
    const read = await loadConfiguration(join(server.folder, 'cambio.yaml'), environment);
    const moved = {
      ...read,
      files: [{ path: '', text }],
      server: { ...read.server, port: 0, metrics: { host: '127.0.0.1', port: metrics } },
    };
    others.push(await startServer(moved, { report: (line) => said.push(line) }));
  };
  await another('one', port);
  assert.deepEqual(said, [
    `metrics are not served: cannot listen on 127.0.0.1 port ${port}: another program listens there. Stop that program, or write another port in server.metrics.port`,
  ]);
  assert.equal((await fetch(`http://127.0.0.1:${others[0]?.port}/readyz`)).status, 200);
  const free = await freePort();
  await another('two', free);
  // The summary of a start names only metrics that are served.
  const read = await loadConfiguration(join(server.folder, 'cambio.yaml'), environment);
  for (const [index, { servesMetrics }] of others.entries()) {
    assert.equal(servesMetrics, index === 1);
    const lines: string[] = [];
    reportSummary(read, { file: 'cambio.yaml', servesMetrics, report: (line) => lines.push(line) });
    assert.equal(
      lines.some((line) => line.includes('metrics on')),
      servesMetrics,
    );
  }
  await eventually(
    async () => (await scrape(free)).value('cambio_configuration_mismatch'),
    (mismatch) => mismatch === 1,
  );
  assert.equal((await scrape(free)).value('cambio_nodes'), 3);
});
