// Does the benchmark run, from the contenders to the page? Times are not asserted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf } from '../packages/server/test/support/harness.ts';
import { sortProfile } from './buckets.ts';
import { openConnection } from './connection.ts';
import { contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { runClosedLoop } from './load.ts';
import { measureOverload } from './overload.ts';
import { formatResults } from './report.ts';
import { measure } from './rounds.ts';
import { knows, run, withServed } from './run.ts';
import { serve } from './served.ts';
import { cold, workloads } from './workloads.ts';

const effort = { rounds: 1, requests: 4 };

test('npm run bench: every contender answers every workload that it supports, and the page has all of them', async () => {
  const local = contenders.filter(({ name }) => name !== 'cambio-postgres');
  const results = await run({
    ...effort,
    contenders: local,
    workloads,
    seconds: 0,
    overload: 0,
    progress: () => undefined,
  });
  for (const workload of workloads) {
    const measured = results.workloads.get(workload.name);
    const knowing = local.filter((one) => knows(one, workload)).map(({ name }) => name);
    assert.deepEqual([...(measured?.keys() ?? [])], knowing);
    for (const [name, rounds] of measured ?? []) {
      assert.equal(rounds.length, 1, name);
      for (const figure of Object.values(rounds[0] ?? {})) assert.ok(figure > 0, `${workload.name} ${name}: ${figure}`);
    }
  }
  const page = formatResults(results, effort);
  for (const { name, title } of workloads) assert.ok(page.includes(`## ${name}: ${title}\n\n| contender | CPU µs |`));
  assert.match(page, /\| cold: CPU of an exchange, in that of bare \| ≤ 1.5 \| \d+\.\d\d \| (met|\*\*missed\*\*) \|/);
  assert.match(page, /\| overload: granted[^|]+\| ≥ 0.9 \| {2}\| not measured \|/);
});

test('npm run bench: counts the answers of an open loop by status, and samples a server under load', async () => {
  const issuers = openIssuers();
  const [cambio] = contenders;
  await withServed([cambio], issuers, async ([served]) => {
    assert.ok(served);
    const overload = await measureOverload(cold, served, issuers, { seconds: 0.2, requests: 20 });
    assert.ok(overload.peak > 0 && overload.granted > 0 && overload.refused >= 0 && overload.lost >= 0);
    assert.ok(overload.memory.every((bytes) => bytes > 0));
    const requests = await served.prepare(cold, 20);
    const loop = { port: served.port, requests, expect: 200, connections: 2, within: 10 };
    const { samples = [] } = await served.profile(() => runClosedLoop(loop));
    assert.ok(samples.length > 0);
    const wrong = runClosedLoop({ ...loop, expect: 400 });
    await assert.rejects(
      wrong,
      /400 was expected:\nHTTP\/1.1 200 OK/,
      'an answer that is not as expected ends the run',
    );
  });
});

/** Answers 200 at /ready. A token is the form of its request. */
const ECHO = `require('node:http').createServer((request, response) => {
  if (request.url === '/ready') return response.end();
  let form = '';
  request.on('data', (part) => { form += part; }).on('end', () => response.end(JSON.stringify({ access_token: form })));
}).listen(Number(process.argv[1]), '127.0.0.1')`;

test('npm run bench:peers: a program that is not Node is asked in its own way, and measured from outside', async () => {
  const issuers = openIssuers();
  const peer = await serve(
    {
      name: 'echo',
      title: '',
      paths: { token: '/token' },
      claims: (port) => ({ sub: 'ada', aud: String(port) }),
      translate: ({ subject_token, ...form }) => ({ ...form, assertion: subject_token ?? '' }),
      command: ({ port, folder }) => ({
        ...{ run: [process.execPath, '-e', ECHO, String(port)], cwd: folder, ready: '/ready', version: '1.2' },
      }),
    },
    issuers,
  );
  try {
    assert.equal(peer.version, '1.2');
    assert.ok(peer.start.ready > 0 && peer.start.cpu > 0 && peer.start.memory > 0);
    const [request = Buffer.alloc(0)] = await peer.prepare(cold, 1);
    const { body } = await (await openConnection(peer.port)).send(request);
    const form = new URLSearchParams(JSON.parse(body.toString()).access_token);
    assert.equal(form.get('subject_token'), null);
    const { sub, aud } = claimsOf(form.get('assertion'));
    assert.deepEqual([sub, aud], ['ada', String(peer.port)]);
    const own = workloads.find(({ name }) => name === 'own');
    assert.ok(own);
    const [[round] = []] = await measure(own, [peer], issuers, effort);
    assert.ok(round && round.rate > 0 && round.cpu >= 0 && round.memory > 0);
  } finally {
    await peer.stop();
  }
  await assert.rejects(openConnection(peer.port), { code: 'ECONNREFUSED' });
});

test('npm run bench: counts a sample of a profile for the innermost frame that a bucket matches', () => {
  const node = (id: number, functionName: string, url: string, ...children: number[]) => ({
    id,
    children,
    callFrame: { functionName, url, scriptId: '', lineNumber: 0, columnNumber: 0 },
  });
  const profile = {
    startTime: 0,
    endTime: 60,
    nodes: [
      node(1, '(root)', '', 2, 5),
      node(2, 'emit', 'node:events', 3),
      node(3, 'verifyWith', 'file:///cambio/packages/server/src/keys/jws.ts', 4),
      node(4, 'run', ''),
      node(5, '(idle)', ''),
    ],
    samples: [2, 3, 4, 5],
    timeDeltas: [5, 10, 20, 25],
  };
  assert.deepEqual(sortProfile(profile, '/cambio').byBucket, [
    ['crypto: verify', 30],
    ['nothing to do', 25],
    ['HTTP: Node', 5],
  ]);
});
