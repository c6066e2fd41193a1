// `cambio serve --workers N`: several processes, one port.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertGood, verifyStored } from '../support/audit.ts';
import { changed } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { life } from '../support/life.ts';
import {
  eventually,
  exchangeAt,
  isActiveAt,
  own,
  PROGRAM,
  refreshAt,
  revokeAt,
  type ServerNode,
  startNode,
} from '../support/node.ts';
import { runProgram, temporaryFolder } from '../support/program.ts';
import { scrape } from '../support/scrape.ts';

type Test = { after: (work: () => Promise<void>) => void };

/** The processes that a process started. */
const childrenOf = ({ pid }: ServerNode): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const linux = { skip: process.platform !== 'linux', timeout: 60_000 };

test(
  'workers answer on one port as one server and count as one, one that dies is replaced, and all of them drain',
  linux,
  async (t) => {
    const metrics = await freePort();
    const yaml = changed(life(), { server: { metrics: { port: metrics } } });
    const node = await startNode(t as Test, yaml, { options: ['--workers', '3'] });
    assert.match(node.printed(), /^cambio serves \S+ on 127\.0\.0\.1 port \d+, 3 workers\n$/);
    const before = childrenOf(node);
    assert.equal(before.length, 3);
    const { body } = await exchangeAt(node);
    const answers = await Promise.all(Array.from({ length: 30 }, () => refreshAt(node, body.refresh_token)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1);
    assert.equal((await revokeAt(node, body.access_token)).status, 200);
    // By whichever worker is asked, several times over.
    await eventually(
      () => Promise.all(Array.from({ length: 12 }, () => isActiveAt(node, body.access_token))),
      (all) => all.every((active) => active === false),
    );
    // Each heard some of the wrong guesses, and all of them know of twenty.
    const guess = (client_secret: string) =>
      node.token({ grant_type: 'client_credentials', client_id: 'plain', client_secret });
    const guesses = await Promise.all(Array.from({ length: 20 }, () => guess('wrong')));
    assert.deepEqual([...new Set(guesses.map(({ status }) => status))], [401]);
    await eventually(
      () => Promise.all(Array.from({ length: 12 }, () => guess('plain-secret'))),
      (all) => all.every(({ status }) => status === 429),
    );
    const together = await scrape(metrics);
    assert.equal(together.value('cambio_requests_total', { grant: 'refresh_token', outcome: 'issued' }), 30);
    assert.equal(together.value('cambio_nodes'), 3);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await eventually(
      async () => childrenOf(node),
      (now) => now.length === 3 && now[2] !== before[2],
      10_000,
    );
    assert.match(node.printed(), /a worker ended \(SIGKILL\), and is replaced/);
    assert.equal((await own(node)).status, 200);
    const last = Promise.all(Array.from({ length: 10 }, () => own(node)));
    assert.ok((await last).every(({ status }) => status === 200));
    const workers = childrenOf(node);
    node.signal('SIGTERM');
    assert.equal(await node.exited, 0, node.printed());
    const verdict = await verifyStored({ folder: node.folder, issuer: node.url, clock: { now: Date.now() } });
    assertGood(verdict);
    assert.ok(verdict.chains >= 2, 'a chain for each that wrote');
    for (const pid of workers) assert.throws(() => process.kill(pid, 0), /ESRCH/);
  },
);

test('a number of workers that is none, and a server that cannot start, are one clear line', {
  timeout: 60_000,
}, async (t) => {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  const none = await runProgram(t, [process.execPath, PROGRAM, 'serve', '--config', file, '--workers', '2']);
  assert.equal(none.code, 1);
  assert.equal(none.stderr.trim().split('\n').length, 1, none.stderr);
  const node = await startNode(t as Test, life());
  const env = { PORT: String(node.port) };
  const command = [process.execPath, PROGRAM, 'serve', '--config', node.file, '--workers'];
  const taken = await runProgram(t, [...command, '2'], { env });
  assert.deepEqual([taken.code, taken.stderr], [1, `cambio: port ${node.port} is in use\n`]);
  const odd = await runProgram(t, [...command, 'many'], { env });
  assert.deepEqual([odd.code, odd.stderr], [1, 'cambio: --workers takes a number from 1 to 256\n']);
});
