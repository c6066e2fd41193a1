// `cambio serve --workers N`: several processes, one port.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertGood, verifyStored } from '../support/audit.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { life } from '../support/life.ts';
import {
  eventually,
  exchangeAt,
  isActiveAt,
  own,
  refreshAt,
  revokeAt,
  type ServerNode,
  startNode,
} from '../support/node.ts';
import { PROGRAM, runProgram, temporaryFolder } from '../support/program.ts';
import { scrape } from '../support/scrape.ts';

type Test = { after: (work: () => Promise<void>) => void };

/** Process ids of the workers of a node. */
const childrenOf = ({ pid }: ServerNode): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const linux = { skip: process.platform !== 'linux' };

test(
  'workers answer on one port and share rate limits, a stopped worker is replaced, and all of them drain',
  linux,
  async (t) => {
    const metrics = await freePort();
    const yaml = changed(life(), { server: { metrics: { port: metrics } } });
    const node = await startNode(t as Test, yaml, { options: ['--workers', '3'] });
    const printed = await node.prints(/^cambio serves \S+ on 127\.0\.0\.1 port \d+, 3 workers\n$(?![\s\S])/m);
    assert.equal(printed.match(/^issuer /gm)?.length, 1, 'one summary for all of them');
    const before = childrenOf(node);
    assert.equal(before.length, 3);
    const { body } = await exchangeAt(node);
    const answers = await Promise.all(Array.from({ length: 30 }, () => refreshAt(node, body.refresh_token)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1);
    assert.equal((await revokeAt(node, body.access_token)).status, 200);
    // Ask often enough to reach every worker.
    await eventually(
      () => Promise.all(Array.from({ length: 12 }, () => isActiveAt(node, body.access_token))),
      (all) => all.every((active) => active === false),
    );
    // Each worker received some of the wrong guesses, and all know the sum.
    const guess = (client_secret: string) =>
      node.token({ grant_type: 'client_credentials', client_id: 'plain', client_secret });
    const guesses = await Promise.all(Array.from({ length: 20 }, () => guess('wrong')));
    assert.deepEqual([...new Set(guesses.map(({ status }) => status))], [401]);
    await eventually(
      () => Promise.all(Array.from({ length: 12 }, () => guess('plain-secret'))),
      (all) => all.every(({ status }) => status === 429),
    );
    await eventually(
      async () => {
        const together = await scrape(metrics);
        const issued = together.value('cambio_requests_total', { grant: 'refresh_token', outcome: 'issued' });
        return [issued, together.value('cambio_nodes')].join();
      },
      (values) => values === '30,3',
    );
    const seen = (await (await fetch(`http://127.0.0.1:${metrics}/readyz`)).json()) as Record<string, unknown>;
    assert.deepEqual(seen, { status: 'ok', workers: Array.from({ length: 3 }, () => ({ status: 'ok' })) });
    const asked = await cambio(t as Test, ['ready', '--server', `http://127.0.0.1:${metrics}`]);
    assert.deepEqual([asked.code, asked.stderr], [0, '']);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await eventually(
      async () => childrenOf(node),
      (now) => now.length === 3 && now[2] !== before[2],
    );
    await node.prints('a worker ended (SIGKILL), and is replaced');
    assert.equal((await own(node)).status, 200);
    const last = Promise.all(Array.from({ length: 10 }, () => own(node)));
    assert.ok((await last).every(({ status }) => status === 200));
    const workers = childrenOf(node);
    node.signal('SIGTERM');
    assert.equal(await node.exited, 0, await node.output);
    const verdict = await verifyStored({ folder: node.folder, issuer: node.url, clock: { now: Date.now() } });
    assertGood(verdict);
    assert.ok(verdict.chains >= 2, 'one chain for each worker that wrote');
    for (const pid of workers) assert.throws(() => process.kill(pid, 0), /ESRCH/);
  },
);

test('an invalid number of workers, and a server that cannot start, are reported in one line', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  const none = await runProgram(t, [process.execPath, PROGRAM, 'serve', '--config', file, '--workers', '2']);
  assert.equal(none.code, 1);
  assert.equal(none.stderr.trim().split('\n').length, 1, none.stderr);
  const node = await startNode(t as Test, life());
  const env = { PORT: String(node.port) };
  const command = [process.execPath, PROGRAM, 'serve', '--config', node.file, '--workers'];
  const taken = await runProgram(t, [...command, '2'], { env });
  assert.deepEqual(
    [taken.code, taken.stderr],
    [
      1,
      `cambio: cannot listen on 127.0.0.1 port ${node.port}: another program listens there. Stop that program, or write another port in server.port\n`,
    ],
  );
  const odd = await runProgram(t, [...command, 'many'], { env });
  assert.deepEqual(
    [odd.code, odd.stderr],
    [2, 'cambio: --workers many is not a whole number from 1 to 256. Example: --workers 4\n'],
  );
});

test('workers that stop while the file is invalid are replaced once it is corrected', linux, async (t) => {
  const node = await startNode(t as Test, life(), { options: ['--workers', '2'] });
  const good = readFileSync(node.file, 'utf8');
  writeFileSync(node.file, `${good}\nnonsense: 1\n`);
  await node.prints('keeping the previous configuration');
  assert.equal((await own(node)).status, 200);
  const before = childrenOf(node);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  // Each replacement reports the fault, exits, and is replaced.
  await node.prints('a worker ended (0)', 2);
  writeFileSync(node.file, good);
  const status = async (): Promise<number> => (await fetch(`${node.url}/readyz`).catch(() => undefined))?.status ?? 0;
  await eventually(status, (answered) => answered === 200);
  assert.equal((await own(node)).status, 200);
});

for (const workers of ['1', '2'])
  test(`SIGHUP does not stop a server that is still starting (--workers ${workers})`, linux, async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'cambio.yaml');
    writeFileSync(file, yamlOf(changed(life(), { server: { metrics: 'off' } })));
    const port = await freePort();
    const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', file, '--workers', workers], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const isInstalled = (): boolean => {
      const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? '0';
      return (BigInt(`0x${caught}`) & 1n) === 1n;
    };
    await eventually(async () => isInstalled(), Boolean);
    assert.equal(printed, '', 'it has not started yet');
    await eventually(
      async () => {
        child.kill('SIGHUP');
        assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
        return printed;
      },
      (text) => text.includes('cambio serves'),
    );
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });
