// The columns of the database decide nothing that must be proven: changing them hides no chain and causes no deletion.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertGood, exportOf, rowsOf, verify, verifyStored } from '../support/audit.ts';
import { exchange } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { everythingIn, start, type TestServer } from '../support/harness.ts';
import { life } from '../support/life.ts';
import { eventually } from '../support/node.ts';

const DAY = 86_400_000;

/** Runs a separate process that issues a token and stops. Its chain ends with it. */
async function runOnce(t: TestContext, before?: TestServer) {
  const again = before && { folder: before.folder, now: before.clock.now };
  const server = await start(t, life(), again);
  await exchange(server);
  await server.close();
  return server;
}

async function runTimes(t: TestContext, count: number, before?: TestServer): Promise<TestServer> {
  let server = before;
  for (let one = 0; one < count; one++) server = await runOnce(t, server);
  return server as TestServer;
}

const chainsOf = async (server: TestServer): Promise<Set<string>> =>
  new Set(rowsOf(await exportOf(server)).map(({ chain }) => chain));

/** Ways to make old statements look like the newest before a process signs, and to undo that. */
const hidings: Readonly<Record<string, { readonly hide: string; readonly undo: string }>> = {
  'the oldest raised above all': {
    hide: `create table if not exists pinned as select jws from audit_statements limit 8;
      update audit_statements set sequence = sequence + 1000000000000 where jws in (select jws from pinned)`,
    undo: 'update audit_statements set sequence = -sequence where jws in (select jws from pinned); drop table pinned',
  },
  'the newest set back': {
    hide: 'update audit_statements set sequence = -sequence where sequence > 8',
    undo: 'update audit_statements set sequence = -sequence where sequence < 0',
  },
  'all in the reverse order': {
    hide: 'update audit_statements set sequence = 1000000 - sequence',
    undo: 'update audit_statements set sequence = 1000000 - sequence',
  },
  'the newest removed, and put back': {
    hide: `create table if not exists aside as select * from audit_statements where false;
      insert into aside select * from audit_statements where sequence > 8; delete from audit_statements where sequence > 8`,
    undo: 'insert into audit_statements select * from aside; drop table aside',
  },
};

for (const [what, { hide, undo }] of Object.entries(hidings)) {
  test(`reports statements hidden from later signers, and a chain removed with them: ${what} (A15)`, async (t) => {
    let server = await runTimes(t, 10);
    server.sql(hide);
    const before = await chainsOf(server);
    server = await runOnce(t, server);
    const target = [...(await chainsOf(server))].filter((chain) => !before.has(chain));
    for (let one = 0; one < 2; one++) {
      server.sql(hide);
      server = await runOnce(t, server);
    }
    server.sql(undo);
    // Changed columns alone hide nothing: all statements were named. Statements that were away and put back are faults.
    const { faults } = await verifyStored(server);
    if (!/put back/.test(what)) assert.deepEqual(faults, []);
    else assert.match(faults.map(({ problem }) => problem).join(), /no later statement names them/);
    for (const chain of target) {
      server.sql(`delete from audit where chain = '${chain}'; delete from audit_statements where chain = '${chain}'`);
    }
    for (const verdict of [await verifyStored(server), await verify(await exportOf(server))]) {
      assert.ok(target.length > 0 && verdict.faults.length > 0, JSON.stringify(verdict));
    }
  });
}

test('signs a chain although a forged statement occupies the place of the signed one', async (t) => {
  const server = await start(t, life());
  await exchange(server);
  const chains = await chainsOf(server);
  for (const chain of chains) {
    for (const kind of ['head', 'found'])
      for (let position = 1; position < 9; position++)
        server.sql(
          `insert into audit_statements (kind, chain, position, jws, jwk) values ('${kind}', '${chain}', ${position}, x'00', '')`,
        );
  }
  await server.close();
  server.sql(`delete from audit_statements where jws = x'00'`);
  const verdict = await verifyStored(server);
  assertGood(verdict);
  assert.deepEqual([verdict.unsigned, verdict.statements], [0, chains.size]);
});

test('reports a statement whose columns differ from its text, and a row at a position that no reader reaches', async (t) => {
  const server = await runTimes(t, 2);
  assertGood(await verifyStored(server));
  const tamperings: Readonly<Record<string, readonly [string, RegExp]>> = {
    "update audit_statements set chain = 'other' where sequence = 1": [
      'update audit_statements set chain = (select chain from audit where sequence = 1) where sequence = 1',
      /the head statement stands in the database as the head statement of chain other/,
    ],
    'update audit_statements set position = position + 7 where sequence = 1': [
      'update audit_statements set position = position - 7 where sequence = 1',
      /up to row/,
    ],
    "update audit_statements set jwk = 'no key' where sequence = 1": [
      'update audit_statements set jwk = (select jwk from audit_statements where sequence = 2) where sequence = 1',
      /^$/,
    ],
    "update audit set personal_digest = 'x' where sequence = 1": [
      'update audit set personal_digest = null where sequence = 1',
      /has its personal fields and also their digest/,
    ],
    [`insert into audit (time, request_id, outcome, event, personal, chain, position, hash)
      values (1, 'beyond', 'issued', '{}', '{}', 'x', -9007199254740993, '')`]: [
      "delete from audit where request_id = 'beyond'",
      /1 rows or statements stand where none can be/,
    ],
  };
  for (const [tamper, [undo, says]] of Object.entries(tamperings)) {
    server.sql(tamper);
    assert.match((await verifyStored(server)).faults.map(({ problem }) => problem).join('; '), says, tamper);
    server.sql(undo);
    assertGood(await verifyStored(server));
  }
});

const FORGED = `insert into audit_statements (kind, chain, position, jws, jwk)
  select 'head', chain, max(position), 'x', '{}' from audit group by chain`;

for (const [what, tamper, isDeleted] of [
  ['untouched old rows are deleted', '', true],
  ['old rows with a changed time column are kept', 'update audit set time = time - 1', false],
  ['old rows with a changed event are kept', `update audit set event = event || ' '`, false],
] as const) {
  test(`retention deletes only rows that are proven to be old: ${what}`, async (t) => {
    const first = await runOnce(t);
    first.sql(tamper || 'select 1');
    const chains = await chainsOf(first);
    const yaml = changed(life(), { audit: { retention: '30d' } });
    const later = { folder: first.folder, now: first.clock.now + 31 * DAY };
    const second = await start(t, yaml, later);
    await exchange(second);
    await second.close();
    const left = rowsOf(await exportOf(second)).filter(({ chain }) => chains.has(chain));
    assert.equal(left.length === 0, isDeleted);
    const { faults } = await verifyStored(second);
    assert.equal(faults.length === 0, isDeleted, JSON.stringify(faults));
  });
}

test('retention ignores a column that makes a young row old, and an unsigned statement', async (t) => {
  const yaml = changed(life(), { audit: { retention: '30d' } });
  for (const [tamper, undo] of [
    [`update audit set time = time - ${60 * DAY}`, `update audit set time = time + ${60 * DAY}`],
    [FORGED, `delete from audit_statements where jws = 'x'`],
  ] as const) {
    const first = await start(t, yaml);
    await exchange(first);
    if (tamper !== FORGED) await first.close();
    first.sql(tamper);
    const rows = rowsOf(await exportOf(first));
    // Restores a copy of the statements from before the process signed.
    const now = tamper === FORGED ? first.clock.now + 60 * DAY : first.clock.now;
    if (tamper === FORGED) {
      first.sql('create table kept as select * from audit_statements');
      await first.close();
      first.sql('delete from audit_statements; insert into audit_statements select * from kept; drop table kept');
    }
    const second = await start(t, yaml, { folder: first.folder, now });
    await eventually(
      async () => exchange(second),
      ({ status }) => status === 200,
    );
    await second.close();
    second.sql(undo);
    const left = new Set(rowsOf(await exportOf(second)).map(({ hash }) => hash));
    assert.ok(
      rows.every(({ hash }) => left.has(hash)),
      tamper,
    );
    assert.doesNotMatch(JSON.stringify(everythingIn(second).audit_statements), /"cut"/);
  }
});
