// Whose word about the audit is believed? The server vouches for statements of its own keys alone, whatever stands in its database.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { digestPersonal, hashRow } from '../../src/audit/chain.ts';
import { assertGood, exportOf, rowsOf, verify, verifyStored } from '../support/audit.ts';
import { createForger } from '../support/audit-forger.ts';
import { exchange } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { changed } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { life } from '../support/life.ts';
import { eventually } from '../support/node.ts';

const DAY = 86_400_000;
const publishedBy = async ({ issuer }: TestServer) =>
  ((await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }).keys;

/** A server that wrote and stopped, and then goes on; `between` has the database in the meantime. */
async function interrupted(t: TestContext, between: (server: TestServer) => Promise<void>) {
  const server = await start(t as never, life());
  await exchange(server);
  const known = await publishedBy(server);
  await server.close();
  await between(server);
  const next = await start(t as never, life(), { folder: server.folder });
  await exchange(next);
  await next.close();
  return { server: next, known };
}

for (const isForged of [false, true]) {
  test(`${isForged ? 'forged statements are not vouched for by the server that finds them' : 'what the server signed before is vouched for'}`, async (t) => {
    let before = 0;
    const { server, known } = await interrupted(t, async (stopped) => {
      const last = rowsOf(await exportOf(stopped)).at(-1);
      assert.ok(last);
      if (!isForged) return;
      const forger = createForger(stopped);
      forger.state('cut', last.chain, last.position, last.hash);
      // More than are named at once: what stands below them is named all the same.
      for (let one = 1; one < 70; one++) forger.state('head', 'forged', one, randomBytes(32).toString('base64url'));
      before = (await exportOf(stopped)).filter((line) => 'statement' in line).length;
    });
    const verdicts = [await verifyStored(server), await verify(await exportOf(server), known)];
    const seen = (await exportOf(server)).flatMap((line) => ('statement' in line ? [claimsOf(line.statement)] : []));
    const ours = seen.filter(({ chain, kind }) => chain !== 'forged' && kind === 'head');
    assert.ok(ours.length >= 2 && ours.slice(1).every(({ seen: ids }) => (ids as string[]).length > 0));
    for (const verdict of verdicts) {
      if (!isForged) assertGood(verdict);
      else {
        const cut = verdict.faults.filter(({ problem }) =>
          /cut statement .* none of the keys to be trusted/.test(problem),
        );
        const heads = verdict.faults.filter(({ problem }) => /head statement .* none of the keys to be/.test(problem));
        assert.deepEqual([cut.length, heads.length], [1, 69], JSON.stringify(verdict.faults.slice(0, 3)));
        assert.ok(before > 69);
      }
    }
    const told = await beside(t, server, ['audit verify']);
    assert.equal(told.code, isForged ? 1 : 0, told.stdout);
  });
}

const claimsOf = (jws: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());

test('statements that the server cannot vouch for are reported when it signs', async (t) => {
  const server = await start(t as never, life());
  await exchange(server);
  await server.close();
  createForger(server).state('head', 'forged', 1, 'x');
  const erased = await beside(t, server, ['audit erase', '--yes', '--subject', 'gateway']);
  assert.match(erased.stdout, /^[1-9]/);
  assert.match(erased.stderr, /^1 statement about the audit in the database cannot be vouched for/);
});

test('what a key signed that is gone since is believed, by the keys of today; without them the record tells their thumbprints', async (t) => {
  const source = changed(life(), { keys: { rotateEvery: '1d', publishAhead: '1h' } });
  const server = await start(t as never, source);
  await exchange(server);
  const [{ kid: first }] = (await publishedBy(server)) as [{ kid: string }];
  await server.close();
  // Nothing is written while both keys are there; the process that removes the first has read it.
  const second = await start(t as never, source, { folder: server.folder, now: server.clock.now + DAY });
  second.clock.now += DAY;
  await eventually(
    () => publishedBy(second),
    (keys) => keys.length > 0 && keys.every(({ kid }) => kid !== first),
  );
  await exchange(second);
  const known = await publishedBy(second);
  await second.close();
  const lines = await exportOf(second);
  assert.equal(lines.filter((line) => 'key' in line).length, 2);
  const verdict = await verify(lines, known);
  assertGood(verdict);
  assertGood(await verifyStored(second));
  assert.ok(verdict.keys.includes(first));
  // The same id for another key is another key.
  const forger = createForger(second, first);
  forger.state('head', 'forged', 1, 'x');
  const forged = await verify(await exportOf(second), known);
  assert.ok(forged.faults.some(({ problem }) => problem.includes(forger.thumbprint)));
});

test('a row with a time that is yet to come is a fault, and one of now is none; what nobody signed is counted as unproven', async (t) => {
  for (const ahead of [0, 365 * DAY]) {
    const server = await start(t as never, life());
    await exchange(server);
    await server.close();
    const time = server.clock.now + ahead;
    const event = JSON.stringify({ time, requestId: 'added', outcome: 'issued' });
    const hash = hashRow('', { chain: 'added', position: 1, event, personalDigest: digestPersonal('{}') });
    server.sql(
      `insert into audit (time, request_id, outcome, event, personal, chain, position, hash)
       values (${time}, 'added', 'issued', '${event}', '{}', 'added', 1, '${hash}')`,
    );
    const problems = (await verifyStored(server)).faults.map(({ problem }) => problem);
    assert.deepEqual(problems, ahead === 0 ? [] : ['has a time that is yet to come']);
    const told = await beside(t, server, ['audit verify']);
    assert.match(told.stdout, ahead === 0 ? /but for 1 row that nothing proves/ : /1 fault/);
  }
});
