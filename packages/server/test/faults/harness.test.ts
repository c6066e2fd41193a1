// Does the fault harness find faults? Runs one killed server in full; then breaks each promise behind the harness's back, and
// expects it to name the promise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from './bench.ts';
import { openStore, readRows, startMembers } from './cluster.ts';
import { examine } from './examine.ts';
import { type Invariant, judge, judgeFlawless, type Row } from './invariants.ts';
import { type Attempt, isAcknowledged, type Kind, type Ledger, type Told } from './ledger.ts';
import { untilBusy } from './rows/kill-server.ts';
import { underLoad } from './session.ts';
import { judgeStore } from './whole.ts';

/** The judge can read the id of a JWT only. */
const isOpaque = ({ told }: Attempt): boolean => String(told?.body.access_token ?? 'ey').startsWith('ey') === false;

const linux = { skip: process.platform !== 'linux' };

test('keeps its promises when the server is killed, and finds each promise that is broken', linux, async (t) => {
  const bench = openBench(true).forOne();
  t.after(bench.end);
  const store = await openStore('SQLite', bench);
  const members = await startMembers(bench, store, 1);
  const plan = { store, members, lives: 6, failures: 'excused' } as const;
  const { ledgers, violations } = await underLoad(plan, async (session) => {
    for (const member of members) {
      for (let time = 0; time < 4; time++) await untilBusy(session);
      await member.kill();
      await member.start();
      await examine(session.caller, members);
      member.up = true;
      for (let time = 0; time < 4; time++) await untilBusy(session);
    }
  });
  assert.deepEqual(violations, []);
  const [{ attempts }] = ledgers;
  const rows = await readRows(store);
  assert.ok(attempts.filter(isAcknowledged).length > 50);

  const found = (changed: readonly Attempt[], audit: readonly Row[] = rows): Set<string> => {
    const ledger: Ledger = { attempts: [...changed], families: [], revoked: [], seen: [] };
    return new Set([...judge(ledger, audit), ...judgeFlawless(changed)].map(({ invariant }) => invariant));
  };
  const bites = (invariant: Invariant, changed: readonly Attempt[], audit?: readonly Row[]): void =>
    assert.ok(found(changed, audit).has(invariant), `${invariant}: ${[...found(changed, audit)]}`);
  const one = (kind: Kind, expects: Attempt['expects'] = 'good'): Attempt => {
    const attempt = attempts.find(
      (each) => isAcknowledged(each) && each.kind === kind && each.expects === expects && !isOpaque(each),
    );
    assert.ok(attempt?.told, `${kind} ${expects}`);
    return attempt;
  };
  const instead = (attempt: Attempt, change: Partial<Attempt>): Attempt[] =>
    attempts.map((each) => (each === attempt ? { ...each, ...change } : each));
  const telling = (attempt: Attempt, told: Partial<Told>): Attempt[] =>
    instead(attempt, { told: { status: 200, requestId: '', body: {}, ...attempt.told, ...told } });

  assert.deepEqual(found(attempts), new Set());
  const exchanged = one('exchange');
  const { requestId = '', body = {} } = exchanged.told ?? {};
  bites('I1', telling(one('refresh', 'redeem'), { status: 400, body: { error: 'invalid_grant' } }));
  bites('I2', telling(one('introspect', 'dead'), { body: { active: true } }));
  bites(
    'I3',
    attempts,
    rows.filter((row) => row.requestId !== requestId),
  );
  bites('I3', attempts, [...rows, ...rows.filter((row) => row.requestId === requestId)]);
  bites(
    'I3',
    attempts,
    rows.map((row) => (row.requestId === requestId ? { ...row, issued: ['another'] } : row)),
  );
  const refreshed = one('refresh');
  bites('I4', [...attempts, ...telling(refreshed, { body: { ...body, refresh_token: 'another' } })]);
  bites('I5', [...attempts, one('single-use')]);
  bites('I6', instead(exchanged, { unverified: 'signature verification failed' }));
  bites('I7', instead(exchanged, { form: { ...exchanged.form, scope: 'nothing' } }));
  bites('I8', telling(exchanged, { status: 400, body: { error: 'invalid_grant' } }));
  bites('I8', telling(exchanged, { status: 500, body: { error: 'server_error' } }));
  const { told: _, ...unanswered } = exchanged;
  bites('Z', [...attempts.filter((each) => each !== exchanged), { ...unanswered, excused: false }]);

  await store.sql(`delete from audit where request_id = '${requestId}'`);
  assert.deepEqual(
    (await judgeStore(store)).map(({ invariant }) => invariant),
    ['I10'],
  );
});
