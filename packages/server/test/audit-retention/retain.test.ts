// Erasure of people, deletion of old rows, exports and searches: the audit stays provable.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cell } from '../../src/audit/csv.ts';
import type { ExportLine } from '../../src/audit/export.ts';
import { assertGood, exportOf, reading, rowsOf, verify, verifyStored } from '../support/audit.ts';
import {
  API,
  actorToken,
  BACKEND,
  client,
  configuration,
  exchange,
  forgedToken,
  subjectToken,
} from '../support/basics.ts';
import { beside, cambio } from '../support/command.ts';
import { added, type Configuration, changed } from '../support/configuration.ts';
import { everythingIn, start, type TestServer, type } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { repository, temporaryFolder } from '../support/program.ts';

const HOUR = 3_600_000;
const ISSUER = 'https://login.example';
/** Has a client for each subject of a forged token. */
const peopled = changed(configuration, { clients: added(...['ada', 'bob', 'zora'].map((sub) => client(sub))) });
/** Has a fixed issuer, so that the server can restart on another port. */
const settled = (changes: Configuration = {}): Configuration => changed(peopled, { issuer: ISSUER }, changes);

/** @returns the id of the request */
const about = async (server: TestServer, sub: string): Promise<string> => {
  const answer = await exchange(server, { subject_token: await forgedToken(server, { sub, sub_id: undefined }) });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers.get('x-request-id') ?? '';
};

/** The whole database but for the texts of configurations, in which clients have the names that stand for people here. */
const textOf = (server: TestServer): string => {
  const { configuration_texts: _, ...others } = everythingIn(server);
  return JSON.stringify(others);
};
const exportFile = (folder: string, lines: readonly ExportLine[]): string => {
  const file = join(folder, 'audit.jsonl');
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
};

test('erasing a person removes the name from the whole database, keeps other people, and leaves chains that verify', async (t) => {
  const server = await start(t, settled());
  const requests = new Map<string, string>();
  for (const sub of ['zora', 'ada', 'zora']) requests.set(sub, await about(server, sub));
  const acting = { actor_token: await actorToken(server), actor_token_type: type('access_token') };
  await exchange(server, { subject_token: await forgedToken(server, { sub: 'ada' }), ...acting });
  await server.close();
  assert.match(textOf(server), /zora/);
  const before = await verifyStored(server);
  assertGood(before);
  const erased = await beside(t, server, ['audit erase', '--yes', '--subject', 'zora', '--issuer', ISSUER]);
  assert.deepEqual([erased.code, erased.stdout.split(';')[0]], [0, '2 rows erased']);
  assert.doesNotMatch(textOf(server), /zora/);
  assert.match(textOf(server), /ada/);
  const [row = '', keptRow = ''] = ['zora', 'ada'].map((sub) => requests.get(sub));
  const explained = await beside(t, server, ['explain', '--request', row]);
  assert.deepEqual([explained.code, explained.stderr], [0, '']);
  assert.match(
    explained.stdout,
    /^Request \S+: token \(token_exchange\) at \S+, by gateway; its personal fields were erased$/m,
  );
  for (const step of ['subject token', 'actor token', 'delegation'])
    assert.match(explained.stdout, new RegExp(`^  ✓ ${step} .*its personal fields were erased$`, 'm'));
  assert.doesNotMatch(explained.stdout, /undefined|did not come so far/);
  // The rule that decided is not personal.
  assert.match(explained.stdout, /“[^”]+” decides$/m);
  const kept = await beside(t, server, ['explain', '--request', keptRow]);
  assert.match(kept.stdout, /^Request .*, from 127\.0\.0\.1, by gateway$/m);
  assert.doesNotMatch(kept.stdout, /erased/);
  const verdict = await verifyStored(server);
  assertGood(verdict);
  assert.deepEqual([verdict.erased, verdict.rows], [2, before.rows + 1], 'a new row records the erasure');
  await reading(server, async ({ searchEvents }) => {
    const { found } = await searchEvents({ outcome: 'erased' }, { limit: 10 });
    assert.deepEqual(
      found.map(({ event }) => [event.action, event.count]),
      [['erase', 2]],
    );
    assert.equal((await searchEvents({ subject: 'ada' }, { limit: 10 })).found.length, 2);
    assert.equal((await searchEvents({ subject: 'zora' }, { limit: 10 })).found.length, 0);
  });
  const again = await beside(t, server, ['audit erase', '--yes', '--subject', 'zora']);
  assert.match(again.stdout, /^0 rows erased/);
  // The sub of another issuer does not match.
  const other = await beside(t, server, [
    'audit erase',
    '--yes',
    '--subject',
    'ada',
    '--issuer',
    'https://other.example',
  ]);
  assert.match(other.stdout, /^0 rows erased/);
  // An actor can be erased too.
  const actor = await beside(t, server, ['audit erase', '--yes', '--subject', 'agent']);
  assert.match(actor.stdout, /^[1-9]\d* rows? erased/);
  assertGood(await verifyStored(server));
});

test('audit verify reports entries that the index of searches lacks, and audit reindex writes them while a server runs', async (t) => {
  const server = await start(t, settled());
  await about(server, 'ada');
  await about(server, 'zora');
  await eventually(
    async () => everythingIn(server).audit_index as { readonly term: string }[],
    (entries) => entries.some(({ term }) => term === 'zora'),
  );
  assertGood(await verifyStored(server));
  server.sql("delete from audit_index where term = 'zora'");
  const { faults } = await verifyStored(server);
  assert.match(
    faults.map(({ problem }) => problem).join(),
    /^the index of searches lacks \d+ entries: run `cambio audit reindex`$/,
  );
  const written = await beside(t, server, ['audit reindex', '--output', 'json']);
  assert.equal(written.code, 0, written.stderr);
  const { added, removed } = JSON.parse(written.stdout);
  assert.ok(added > 0);
  assert.equal(removed, 0);
  assertGood(await verifyStored(server));
  const again = await beside(t, server, ['audit reindex']);
  assert.match(
    again.stdout,
    /^The index has all rows up to \d+: 0 missing entries were added, and 0 entries without a row were removed\.$/m,
  );
  await server.close();
});

test('erases the salt with the personal fields, so that the digest reveals nothing', async (t) => {
  const server = await start(t, settled());
  await about(server, 'zora');
  await server.close();
  await beside(t, server, ['audit erase', '--yes', '--subject', 'zora']);
  const row = (await exportOf(server)).find((line) => 'personalDigest' in line);
  assert.ok(row);
  assert.deepEqual(Object.keys(row).toSorted(), ['chain', 'event', 'hash', 'personalDigest', 'position']);
});

test('deletes rows older than the retention once they are signed, records the deletion, and the rest verifies', async (t) => {
  const keep = { after: () => undefined };
  const yaml = settled({ audit: { retention: '90d' } });
  const first = await start(keep, yaml);
  await about(first, 'ada');
  await first.close();
  const day = 24 * HOUR;
  const now = first.clock.now + 60 * day;
  const second = await start(keep, yaml, { folder: first.folder, now });
  await about(second, 'bob');
  await second.close();
  assertGood(await verifyStored(second));
  const old = rowsOf(await exportOf(second)).length;
  const third = await start(t as { after: (work: () => Promise<void>) => void }, yaml, {
    folder: first.folder,
    now: now + 60 * day,
  });
  await eventually(
    async () => textOf(third),
    (text) => !/"ada"/.test(text.replaceAll('\\', '')) && /"retention/.test(text.replaceAll('\\', '')),
  );
  await third.close();
  assert.match(textOf(third), /bob/, 'younger');
  const lines = await exportOf(third);
  assertGood(await verifyStored(third));
  assertGood(await verify(lines));
  assert.ok(rowsOf(lines).length < old + 4);
  // A row before the cut was inserted later.
  const [row] = rowsOf(lines);
  const revived = [...lines.filter((line) => line !== row), ...(row ? [{ ...row, position: 1 }, row] : [])];
  const isCut = rowsOf(lines).every(({ position }) => position > 1);
  assert.ok(!isCut || (await verify(revived)).faults.some(({ problem }) => /stands before row/.test(problem)));
  // Without their statement, the deleted rows are missing.
  const cut = lines.filter((line) => !('statement' in line && /"kind":"cut"/.test(payloadOf(line.statement))));
  assert.ok((await verify(cut)).faults.some(({ problem }) => /missing/.test(problem)));
});

const payloadOf = (jws: string): string => Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();

test('an export verifies in another folder with the published keys, by the command and by the program in the docs', async (t) => {
  const server = await start(t, settled());
  await about(server, 'ada');
  const keys = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).text();
  await server.close();
  const folder = temporaryFolder(t);
  const lines = await exportOf(server);
  const file = exportFile(folder, lines);
  const known = join(folder, 'jwks.json');
  writeFileSync(known, keys);
  const run = () => cambio(t, ['audit', 'verify', file, '--keys', known]);
  const untouched = await run();
  assert.deepEqual([untouched.code, untouched.stderr], [0, '']);
  assert.match(untouched.stdout, /good: nothing was changed/);
  const program =
    /```python\n([\s\S]*?)```/.exec(readFileSync(join(repository, 'docs/reference/audit-log.md'), 'utf8'))?.[1] ?? '';
  const python = () => spawnSync('python3', ['-', file], { input: program, encoding: 'utf8' });
  const there = python().error === undefined;
  if (there) assert.match(python().stdout, /^\d+ rows, good$/m);
  const unsigned = lines.filter((line) => !('statement' in line));
  exportFile(folder, unsigned);
  const unproven = await run();
  assert.equal(unproven.code, 0);
  assert.match(
    unproven.stdout,
    /nothing is signed: [\s\S]*\nnot proven yet: the first statement is signed within checkpointEvery/,
  );
  const [victim] = rowsOf(lines);
  assert.ok(victim);
  exportFile(
    folder,
    lines.map((line) => (line === victim ? { ...victim, event: victim.event.replace('token', 'tokem') } : line)),
  );
  const edited = await run();
  assert.equal(edited.code, 1);
  assert.match(
    edited.stdout,
    new RegExp(`chain ${victim.chain} row 1, request ${JSON.parse(victim.event).requestId}: is not what`),
  );
  if (there) assert.match(python().stdout, new RegExp(`^${victim.chain} 1 is not what was written$`, 'm'));
});

test('an export without a row and a statement proves nothing', async (t) => {
  const file = join(temporaryFolder(t), 'audit.jsonl');
  for (const text of ['', '\n', '{"key":{"kty":"EC"}}\n', '{"configurationText":"{}"}\n']) {
    writeFileSync(file, text);
    const { code, stdout } = await cambio(t, ['audit', 'verify', file]);
    assert.deepEqual(
      [code, stdout.trimEnd().split('\n').at(-1)],
      [1, 'nothing is proven: there is no row and no statement'],
      text,
    );
  }
});

test('searches by person, client, target and time, newest first, in pages without a gap', async (t) => {
  const server = await start(t, peopled);
  const start_ = server.clock.now;
  for (let index = 0; index < 12; index++) {
    server.clock.now += 1000;
    await about(server, index % 3 === 0 ? 'zora' : 'ada');
  }
  const subject_token = await subjectToken(server);
  await exchange(server, {
    subject_token,
    audience: [API, BACKEND],
    actor_token: await actorToken(server),
    actor_token_type: type('access_token'),
  });
  await exchange(server, { subject_token, audience: 'https://nowhere.example' });
  await reading(server, async ({ searchEvents }) => {
    const all = async (filter: Parameters<typeof searchEvents>[0], limit: number) => {
      const events = [];
      let cursor: string | undefined;
      do {
        const page = await searchEvents(filter, { cursor, limit });
        events.push(...page.found.map(({ event }) => event));
        cursor = page.next;
      } while (cursor !== undefined);
      return events;
    };
    const whole = await all({}, 1000);
    for (const limit of [1, 3, 1000]) assert.deepEqual(await all({}, limit), whole);
    assert.ok(whole.every(({ time }, index) => time <= (whole[index - 1]?.time ?? time)));
    const count = async (filter: Parameters<typeof searchEvents>[0]) => (await all(filter, 2)).length;
    assert.equal(await count({ subject: 'zora' }), 4);
    assert.equal(await count({ subject: 'zora', outcome: 'issued', rule: 'gateway', client: 'gateway' }), 4);
    assert.equal(await count({ subject: 'zora', client: 'agent' }), 0);
    assert.equal(await count({ subject: 'zora', issuer: 'https://other.example' }), 0);
    assert.equal(await count({ subject: 'zora', issuer: server.issuer, since: start_ + 2000 }), 3);
    assert.equal(await count({ subject: 'zora', until: start_ + 2000 }), 1);
    assert.equal(await count({ audience: BACKEND }), 1, 'one of several');
    assert.equal(await count({ audience: 'https://nowhere.example', outcome: 'refused', reason: 'target_unknown' }), 1);
    assert.equal(await count({ actor: 'agent' }), 1);
    await assert.rejects(searchEvents({}, { cursor: 'no cursor', limit: 1 }), /not a cursor/);
  });
  const csv = await beside(t, server, ['audit search', '--subject', 'zora', '--output', 'csv']);
  assert.deepEqual([csv.code, csv.stdout.split('\r\n').length], [0, 6], 'a header, four rows, and the end');
  const older = await beside(t, server, ['audit search', '--subject', 'zora', '--format', 'csv']);
  assert.equal(older.stdout, csv.stdout);
  assert.match(csv.stdout, /^time,requestId,/);
  const wrong = await beside(t, server, ['audit search', '--since', 'yesterday']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^cambio: --since yesterday is not a time\. Use 2026-/);
});

test('quotes a cell of CSV, and prefixes a formula so that a spreadsheet shows it as text', () => {
  for (const [text, expected] of [
    ['plain', 'plain'],
    ['2026-01-31T08:00:00.000Z', '2026-01-31T08:00:00.000Z'],
    ['https://api.example/x_y', 'https://api.example/x_y'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    [' -1', `"' -1"`],
    ['@sum', `"'@sum"`],
    ['\uff1d1', `"'\uff1d1"`],
    ['\t=1', `"'\t'=1"`],
    // Where semicolons divide cells, quotes that begin after one mean nothing.
    ['x;=HYPERLINK(1)', `"x;'=HYPERLINK(1)"`],
    ['x; "=1', `"x;' ""=1"`],
    ['x|@a\n-1\t+1', `"x|'@a\n'-1\t'+1"`],
    ['a;b', '"a;b"'],
    ['{"a":["b",-1]}', '"{""a"":[""b"",-1]}"'],
    ['a,b', '"a,b"'],
    ['=a"b', '"\'=a""b"'],
    ['two\nlines', '"two\nlines"'],
    ['', ''],
  ] as const) {
    assert.equal(cell(text), expected);
  }
});
