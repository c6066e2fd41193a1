// Does the benchmark run, from the contenders to the page? Times are not asserted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortProfile } from './buckets.ts';
import { contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { runClosedLoop } from './load.ts';
import { measureOverload } from './overload.ts';
import { formatResults } from './report.ts';
import { knows, run, withServed } from './run.ts';
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
  assert.match(page, /\| cold: CPU of an exchange, in that of bare \| ≤ 1.3 \| \d+\.\d\d \| (met|\*\*missed\*\*) \|/);
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
