// The server vouches only for statements that its own keys signed, even if others are in its database.
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

/** Stops a server that has written rows, runs `between`, and starts it again. */
async function interrupted(t: TestContext, between: (server: TestServer) => Promise<void>) {
  const server = await start(t, life());
  await exchange(server);
  const known = await publishedBy(server);
  await server.close();
  await between(server);
  const next = await start(t, life(), { folder: server.folder });
  await exchange(next);
  await next.close();
  return { server: next, known };
}

for (const isForged of [false, true]) {
  test(`${isForged ? 'does not vouch for forged statements in the database' : 'vouches for statements of an earlier process'}`, async (t) => {
    let before = 0;
    const { server, known } = await interrupted(t, async (stopped) => {
      const last = rowsOf(await exportOf(stopped)).at(-1);
      assert.ok(last);
      if (!isForged) return;
      const forger = createForger(stopped);
      forger.state('cut', last.chain, last.position, last.hash);
      // There are more statements than one names; the ones after the limit are named too.
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
        const cut = verdict.faults.filter(({ problem }) => /cut statement .* not a trusted key/.test(problem));
        const heads = verdict.faults.filter(({ problem }) => /head statement .* not a trusted key/.test(problem));
        assert.deepEqual([cut.length, heads.length], [1, 69], JSON.stringify(verdict.faults.slice(0, 3)));
        assert.ok(before > 69);
      }
    }
    const printed = await beside(t, server, ['audit verify']);
    assert.equal(printed.code, isForged ? 1 : 0, printed.stdout);
  });
}

const claimsOf = (jws: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());

test('reports statements that it cannot vouch for when it signs', async (t) => {
  const server = await start(t, life());
  await exchange(server);
  await server.close();
  createForger(server).state('head', 'forged', 1, 'x');
  const erased = await beside(t, server, ['audit erase', '--yes', '--subject', 'gateway']);
  assert.match(erased.stdout, /^[1-9]/);
  assert.match(erased.stderr, /^1 statement about the audit in the database cannot be vouched for/);
});

test('with the current keys, trusts statements of a removed key; without them, prints the thumbprints of the record', async (t) => {
  const source = changed(life(), { keys: { rotateEvery: '1d', publishAhead: '1h' } });
  const server = await start(t, source);
  await exchange(server);
  const [{ kid: first }] = (await publishedBy(server)) as [{ kid: string }];
  await server.close();
  // No row is written while both keys exist. The process that removes the first key has read its statements.
  const second = await start(t, source, { folder: server.folder, now: server.clock.now + DAY });
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
  // Another key with the same kid is not trusted.
  const forger = createForger(second, first);
  forger.state('head', 'forged', 1, 'x');
  const forged = await verify(await exportOf(second), known);
  assert.ok(forged.faults.some(({ problem }) => problem.includes(forger.thumbprint)));
});

test('reports a row with a time in the future, and counts an unsigned row with the current time as unproven', async (t) => {
  for (const ahead of [0, 365 * DAY]) {
    const server = await start(t, life());
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
    assert.deepEqual(problems, ahead === 0 ? [] : ['has a time in the future']);
    const printed = await beside(t, server, ['audit verify']);
    assert.match(printed.stdout, ahead === 0 ? /but for 1 row that nothing proves/ : /1 fault/);
  }
});
