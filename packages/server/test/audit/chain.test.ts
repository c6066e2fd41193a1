// The audit detects every change, move, insertion and removal, and reports no fault in untouched records.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { digestPersonal, hashRow } from '../../src/audit/chain.ts';
import type { ExportedRow, ExportLine } from '../../src/audit/export.ts';
import { columnsOf, eventOf } from '../../src/audit/row.ts';
import { assertGood, exportOf, rowsOf, verify, verifyStored } from '../support/audit.ts';
import { exchange } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import type { Configuration } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { life, refresh } from '../support/life.ts';
import { shared } from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';

type Test = { readonly after: (work: () => Promise<void>) => void };

/** Writes grouped rows and rows in separate transactions, stops the server, and writes more with another process. */
async function recorded(t: Test, source: Configuration): Promise<TestServer> {
  const first = await start(t, source);
  const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(first)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  await refresh(first, answers[0]?.body.refresh_token);
  await exchange(first, { subject_token: 'no token' });
  await first.close();
  const second = await start(t, source, { folder: first.folder });
  await exchange(second);
  await second.close();
  return second;
}

const server = await recorded({ after }, life());
const lines = await exportOf(server);
const untouched = rowsOf(lines);
/** The chain with the most rows. */
const [longest = []] = [...Map.groupBy(untouched, ({ chain }) => chain).values()].toSorted(
  (a, b) => b.length - a.length,
);
const [, second, third] = longest as [ExportedRow, ExportedRow, ExportedRow];

const replaced = (row: ExportedRow, by: Partial<ExportedRow>): ExportLine[] =>
  lines.map((line) => (line === row ? { ...row, ...by } : line));
const without = (...gone: readonly ExportLine[]): ExportLine[] => lines.filter((line) => !gone.includes(line));
const statement = (kind: string, chain: string): ExportLine =>
  lines.find((line) => 'statement' in line && said(line).kind === kind && said(line).chain === chain) as ExportLine;
const said = ({ statement: jws }: { readonly statement: string }): Record<string, unknown> =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());

/** Hashes the rest of the chain again, as an attacker with knowledge of the format would. */
function rehashed(from: ExportedRow, by: Partial<ExportedRow>): ExportLine[] {
  let previous = longest[longest.indexOf(from) - 1]?.hash ?? '';
  const changed = new Map<ExportLine, ExportedRow>();
  for (const row of longest.slice(longest.indexOf(from))) {
    const next = row === from ? { ...row, ...by } : row;
    previous = hashRow(previous, { ...next, personalDigest: digestPersonal(next.personal ?? '') });
    changed.set(row, { ...next, hash: previous });
  }
  return lines.map((line) => changed.get(line) ?? line);
}

const other = untouched.find(({ chain }) => chain !== second.chain) as ExportedRow;
const last = longest.at(-1) as ExportedRow;
const edited = { event: second.event.replace('issued', 'refusd') };

const tampered: Readonly<
  Record<string, { readonly lines: ExportLine[]; readonly row: ExportedRow; readonly says: RegExp }>
> = {
  'an edited event': { lines: replaced(second, edited), row: second, says: /not what was written/ },
  'an edited personal field': {
    lines: replaced(second, { personal: String(second.personal).replace('gateway', 'goteway') }),
    row: second,
    says: /not what was written/,
  },
  'another hash': { lines: replaced(second, { hash: third.hash }), row: second, says: /not what was written/ },
  'an edited event with the following rows hashed again': {
    lines: rehashed(second, edited),
    row: last,
    says: /not the row that the head statement signs/,
  },
  'a removed row': { lines: without(second), row: third, says: /row 2 is missing before it/ },
  'a removed row whose place the next one takes': {
    lines: without(second).map((line) => (line === third ? { ...third, position: 2 } : line)),
    row: { ...third, position: 2 },
    says: /not what was written/,
  },
  'a removed last row': { lines: without(last), row: { ...last, event: '{}' }, says: /missing at the end/ },
  'two rows in the wrong order': {
    lines: lines.map((line) => (line === second ? third : line === third ? second : line)),
    row: second,
    says: /wrong place/,
  },
  'a duplicated row': {
    lines: [...lines.slice(0, lines.indexOf(second)), second, ...lines.slice(lines.indexOf(second))],
    row: second,
    says: /wrong place/,
  },
  'rows of two chains swapped': {
    lines: lines.map((line) =>
      line === second
        ? { ...other, chain: second.chain, position: second.position }
        : line === other
          ? { ...second, chain: other.chain, position: other.position }
          : line,
    ),
    row: { ...second, event: other.event },
    says: /not what was written/,
  },
  'a row copied to the end of its chain': {
    lines: lines.flatMap((line) => (line === last ? [last, { ...second, position: last.position + 1 }] : [line])),
    row: { ...second, position: last.position + 1 },
    says: /not what was written/,
  },
  'personal fields removed without an erasure': {
    lines: lines.map((line) => {
      if (line !== second) return line;
      const { personal = '', ...rest } = second;
      return { ...rest, personalDigest: digestPersonal(personal) };
    }),
    row: second,
    says: /no statement says that they were erased/,
  },
};

for (const [what, { lines: changed, row, says }] of Object.entries(tampered)) {
  test(`reports ${what}, and no fault of the untouched record (A15)`, async () => {
    assertGood(await verify(lines));
    const { faults } = await verify(changed);
    const named = faults.find(({ chain, problem }) => chain === row.chain && says.test(problem));
    assert.ok(named, JSON.stringify(faults));
    if (!/at the end/.test(named.problem)) assert.equal(named.position, row.position);
    if (named.requestId !== undefined) assert.equal(named.requestId, JSON.parse(row.event).requestId);
  });
}

test('reports a removed chain, by its statements, and a removed statement, by the later ones', async () => {
  const gone = await verify(lines.filter((line) => !('chain' in line && line.chain === second.chain)));
  assert.match(gone.faults[0]?.problem ?? '', /^rows 1 to \d+ are missing at the end$/);
  const all = lines.filter((line) => 'statement' in line);
  const [first] = all;
  assert.ok(all.length >= 2);
  const hidden = await verify(lines.filter((line) => line !== first));
  assert.ok(hidden.faults.some(({ problem }) => /names another, .*, which is not there/.test(problem)));
});

test('rejects a changed statement, a statement without its key, and an unreadable one', async () => {
  const head = statement('head', second.chain) as { statement: string };
  const [header = '', , signature = ''] = head.statement.split('.');
  const claims = { ...said(head), position: 1, hash: longest[0]?.hash };
  const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  const changed = await verify(lines.map((line) => (line === head ? { statement: forged } : line)));
  assert.ok(changed.faults.some(({ problem }) => /signature of the head statement is wrong/.test(problem)));
  const keyless = await verify(lines.filter((line) => !('key' in line)));
  assert.ok(keyless.faults.some(({ problem }) => /^the key .* is not there$/.test(problem)));
  const garbled = await verify([...lines, { statement: 'no statement' }]);
  assert.ok(garbled.faults.some(({ problem }) => /cannot be read/.test(problem)));
});

test('with known keys, trusts only statements that these keys vouch for', async () => {
  const [key] = lines.filter((line) => 'key' in line).map((line) => line.key);
  assert.ok(key);
  assertGood(await verify(lines, [key]));
  assertGood(await verify(lines, [{ ...key, kid: 'another' }]));
  // Another key with the same kid.
  const stranger = await recorded({ after }, life());
  const theirs = (await exportOf(stranger)).find((line) => 'key' in line);
  assert.ok(theirs);
  const impostor = await verify(lines, [{ ...theirs.key, kid: key.kid }]);
  assert.ok(
    impostor.faults.some(({ problem }) => /head statement is signed with the key .* not a trusted key/.test(problem)),
  );
});

test('counts the rows after the last signature, whose removal would not be noticed', async (t) => {
  const running = await start(t, life());
  await exchange(running);
  const unsigned = await verifyStored(running);
  assertGood(unsigned);
  assert.deepEqual([unsigned.rows, unsigned.unsigned, unsigned.signedAt], [2, 2, undefined]);
  await running.close();
  const signed = await verifyStored(running);
  assertGood(signed);
  assert.deepEqual([signed.rows, signed.unsigned, signed.signedAt], [2, 0, Math.floor(running.clock.now / 1000)]);
});

/** What a search misses, because another program changed or added rows that were indexed already. */
const unindexed = (entries: number): string =>
  `the index of searches lacks ${entries} entries: run \`cambio audit reindex\``;

test('in a database, reports changed search columns and inserted rows', async (t) => {
  const own = await recorded(t as Test, life());
  assertGood(await verifyStored(own));
  own.sql(`update audit set client = 'somebody' where sequence = 2`);
  const hidden = await verifyStored(own);
  assert.deepEqual(
    hidden.faults.map(({ problem }) => problem),
    ['has another client in its column than in its event', unindexed(1)],
  );
  own.sql(`update audit set client = 'gateway' where sequence = 2`);
  own.sql(`insert into audit (time, request_id, outcome, event) values (1, 'added', 'issued', '{}')`);
  const added = await verifyStored(own);
  assert.deepEqual(
    added.faults.map(({ requestId }) => requestId),
    ['added'],
  );
  assert.match(added.faults[0]?.problem ?? '', /in no chain/);
});

test('reports a row before the first position, and a row with only half of a place', async (t) => {
  const own = await recorded(t as Test, life());
  assertGood(await verifyStored(own));
  const [{ chain, hash }] = rowsOf(await exportOf(own)) as [ExportedRow];
  const insert = (sequence: number, place: string): void =>
    own.sql(
      `insert into audit (sequence, time, request_id, outcome, event, personal, chain, position, hash)
       values (${sequence}, 1, 'added', 'issued', '{"requestId":"added"}', '{}', ${place})`,
    );
  const places: Record<string, RegExp> = {
    [`'${chain}', 0, '${hash}'`]: /stands before row 1, with which its chain begins/,
    [`'${chain}', -7, '${hash}'`]: /stands before row 1/,
    [`'', 0, '${hash}'`]: /stands before row 1/,
    [`'${chain}', null, '${hash}'`]: /stands in no chain/,
    [`'${chain}', 99, null`]: /stands in no chain/,
    [`null, 1, '${hash}'`]: /stands in no chain/,
  };
  for (const [place, says] of Object.entries(places)) {
    insert(1_000_000, place);
    const { faults } = await verifyStored(own);
    assert.ok(
      faults.some(({ requestId, problem }) => requestId === 'added' && says.test(problem)),
      `${place}: ${JSON.stringify(faults)}`,
    );
    own.sql(`delete from audit where request_id = 'added'`);
  }
  // Such a row could come from a version without chains, so it is counted. Only the index, which has passed it, is reported.
  for (const sequence of [0, -3]) {
    insert(sequence, 'null, null, null');
    const verdict = await verifyStored(own);
    assert.deepEqual(
      verdict.faults.map(({ problem }) => problem),
      [unindexed(3)],
    );
    assert.equal(verdict.unchained, 1);
    const exported = await verify(await exportOf(own));
    assertGood(exported);
    assert.equal(exported.unchained, 1);
    own.sql(`delete from audit where request_id = 'added'`);
  }
  const untampered = await verifyStored(own);
  assert.deepEqual([untampered.unchained, untampered.foundOnly], [0, 0]);
  assertGood(untampered);
});

test('counts rows that only a found statement signs: a forged chain with an old time is signed too', async (t) => {
  const own = await start(t as Test & Parameters<typeof start>[0], life());
  await exchange(own);
  await own.close();
  const events = [1, 2].map((position) => `{"requestId":"forged-${position}","time":1,"outcome":"issued"}`);
  let previous = '';
  for (const [index, event] of events.entries()) {
    const position = index + 1;
    previous = hashRow(previous, { chain: 'forged', position, event, personalDigest: digestPersonal('{}') });
    own.sql(
      `insert into audit (time, request_id, outcome, event, personal, chain, position, hash)
       values (1, 'forged-${position}', 'issued', '${event}', '{}', 'forged', ${position}, '${previous}')`,
    );
  }
  const before = await verifyStored(own);
  const later = { folder: own.folder, now: own.clock.now + 24 * 3_600_000 };
  const next = await start(t as Test & Parameters<typeof start>[0], life(), later);
  await exchange(next);
  await next.close();
  const verdict = await verifyStored(next);
  assert.deepEqual([before.foundOnly, before.unsigned], [0, 2]);
  assert.deepEqual([verdict.foundOnly, verdict.unsigned], [2, 0]);
  const printed = await beside(t, next, ['audit verify']);
  assert.match(printed.stdout, /2 rows signed by another process only/);
  assert.match(printed.stdout, /but for 2 rows that nothing proves/);
});

test('derives the columns of a row from its event alone', () => {
  const row = { iss: 'https://idp.example', sub: 'alice' };
  const [found] = untouched;
  const event = eventOf({ event: found?.event ?? '{}', personal: found?.personal ?? null });
  const subject = { ...row, id: '1', declaredType: 'jwt', type: 'jwt', audiences: [], chain: [], expiresAt: 1 };
  const foreign = { ...event, subject, principal: { iss: 'https://us.example', sub: 'idp:alice' } };
  const acting = {
    ...foreign,
    chain: [
      { ...row, sub: 'a' },
      { ...row, sub: 'b' },
    ],
    targets: ['x', 'y'],
  };
  assert.deepEqual(
    [columnsOf(foreign).subject, columnsOf(foreign).principal, columnsOf(foreign).actor],
    ['alice', 'idp:alice', null],
  );
  assert.deepEqual([columnsOf(acting).actor, columnsOf(acting).audience], ['\u0001', '\u0001']);
  assert.equal(columnsOf({ ...foreign, subject: { ...subject, sub: '𝒳'.repeat(512) } }).subject?.length, 44);
});

test('two nodes on one PostgreSQL write separate chains that verify; swapping rows between them is reported', async (t) => {
  const postgres = await startPostgres({ after: (work) => t.after(work) });
  const url = await postgres.database();
  const source = shared(url, life());
  const nodes = [await start(t, source), await start(t, source)] as const;
  await Promise.all(nodes.flatMap((node) => [exchange(node), exchange(node), exchange(node)]));
  for (const node of nodes) await node.close();
  assertGood(await verifyStored(nodes[0]));
  assertGood(await verify(await exportOf(nodes[1])));
  const rows = await query(url, 'select chain, count(*) from audit group by chain');
  assert.ok(rows.length >= 2, 'a chain for each');
  const [a, b] = rows.map(({ chain }) => chain);
  await query(
    url,
    `update audit as row set event = other.event, personal = other.personal from audit as other
     where row.position = 1 and other.position = 1 and row.chain in ('${a}', '${b}') and other.chain in ('${a}', '${b}') and row.chain <> other.chain`,
  );
  const { faults } = await verifyStored(nodes[0]);
  const wrong = faults.filter(({ problem }) => /not what was written/.test(problem));
  assert.deepEqual(wrong.map(({ chain }) => chain).toSorted(), [a, b].toSorted());
});
