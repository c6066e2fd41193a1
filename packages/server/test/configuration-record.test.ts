// The configuration in force, in the audit: rows about changes, kept texts, and what a past decision was decided by.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { describeChange, findChanges } from '../src/audit/configuration-changes.ts';
import type { AuditEvent } from '../src/audit/event.ts';
import { eventOf } from '../src/audit/row.ts';
import { readKept } from '../src/config/kept-files.ts';
import { admin, administered, withOperators } from './support/admin-api.ts';
import { assertGood, exportOf, rowsOf, verify, verifyStored } from './support/audit.ts';
import { configuration, exchange } from './support/basics.ts';
import { beside, cambio } from './support/command.ts';
import { type Configuration, changed, changeFile, edited, yamlOf } from './support/configuration.ts';
import { everythingIn, start, type TestServer } from './support/harness.ts';
import { ISSUER, life } from './support/life.ts';
import { eventually, exchangeAt, type ServerNode, startNode } from './support/node.ts';
import { temporaryFolder } from './support/program.ts';

const short = (base: Configuration = configuration): Configuration =>
  changed(base, { rules: edited('gateway', { grant: { lifetime: '5m' } }) });

/** The rows about configurations, oldest first. */
const rowsIn = (server: Pick<TestServer, 'folder'>): AuditEvent[] =>
  (everythingIn(server).audit as { event: string; personal: string | null }[])
    .map(eventOf)
    .filter(({ action }) => action === 'configuration');

const said = ({ outcome, configured }: AuditEvent) => [
  outcome,
  configured?.cause,
  ...(configured?.changes ?? []),
  ...(configured?.faults ?? []).map((fault) => fault.replace(/:\d+:\d+:/, ':LINE:')),
];

/** The node reads its file when nothing in its folder has changed for 200 ms, and asking changes files of the database there. */
const paused = async <T>(ask: () => T): Promise<Awaited<T>> => {
  await wait(300);
  return await ask();
};

const becomes = (node: ServerNode, count: number): Promise<AuditEvent[]> =>
  eventually(
    () => paused(() => rowsIn(node)),
    (rows) => rows.length >= count,
  );

/** A node reports after a change which configuration it runs, and a command reads the report. */
const reported = (server: TestServer): Promise<unknown> =>
  eventually(
    () => everythingIn(server).nodes as readonly { kept: string }[],
    (nodes) => nodes.length > 0 && nodes.every(({ kept }) => kept === rowsIn(server).at(-1)?.configured?.digest),
  );

test('a start, a changed file, an invalid one and a registered client each have one row: who, what, and by what it is found', async (t) => {
  const yaml = changed(withOperators(life(), ISSUER), {
    accounts: [{ username: 'ada', password: { plain: 'lovelace' } }],
  });
  const node = await startNode(t, yaml);
  const [first] = await becomes(node, 1);
  assert.deepEqual(first && said(first), ['applied', 'start']);
  assert.deepEqual([first?.configured?.by.pid, first?.configured?.file], [node.pid, join(node.folder, 'cambio.yaml')]);
  assert.ok(first?.configured?.by.host && first.configured.by.user);
  changeFile(node.file, { rules: edited('beside', { grant: { lifetime: '5m' } }) });
  await becomes(node, 2);
  const digests = rowsIn(node).map(({ configured }) => configured?.digest?.slice(0, 12));
  await node.prints(
    `the configuration ${digests[1]} replaces ${digests[0]}: 1 change\ncambio read ${node.file} again: ${node.file} changed\n`,
  );
  // The same invalid file is read again at SIGHUP, and another one has a row of its own.
  changeFile(node.file, { cleints: [] });
  await becomes(node, 3);
  node.signal('SIGHUP');
  // The reading leaves no trace. The pause keeps it apart from the next one, unless the machine is busy: then the next one has its cause.
  await wait(500);
  const twice = [1, 2].map(() => ({ username: 'ada@people.example', password: { plain: 'lovelace' } }));
  changeFile(node.file, { cleints: undefined, accounts: twice });
  await becomes(node, 4);
  changeFile(node.file, { accounts: [{ username: 'ada', password: { plain: 'lovelace' } }] });
  await becomes(node, 5);
  // A password is not kept: that it changed is all that the row says.
  changeFile(node.file, { accounts: [{ username: 'ada', password: { plain: 'byron' } }] });
  await becomes(node, 6);
  const made = join(temporaryFolder(t), 'reports.yaml');
  writeFileSync(made, 'auth: client_secret_post\ngrants: [client_credentials]\n');
  const config = ['--config', node.file];
  const env = { PORT: String(node.port) };
  const created = await cambio(t, ['clients', 'create', 'reports', '--entry', made, ...config], { env });
  assert.equal(created.code, 0, created.stderr);
  const rows = await becomes(node, 7);
  const late = rows[3]?.configured?.cause === 'signal' ? 'signal' : 'file';
  assert.deepEqual(rows.map(said), [
    ['applied', 'start'],
    ['applied', 'file', 'rule beside: grant.lifetime not set → 5m'],
    [
      'rejected',
      'file',
      `${node.file}:LINE: cleints: unknown key. Did you mean clients, which stands here too? Remove one of them.`,
    ],
    ['rejected', late, `${node.file}:LINE: accounts[1].username: Run cambio check, which says why.`],
    ['applied', 'file'],
    ['applied', 'file'],
    ['applied', 'clients', 'registered client reports added'],
  ]);
  assert.doesNotMatch(JSON.stringify(rows[3]), /ada@/);
  assert.equal(rows[5]?.configured?.digest, rows[5]?.configured?.before);
  const [operator] = rows[6]?.configured?.operators ?? [];
  assert.equal(operator?.client, 'command line');
  const change = (everythingIn(node).audit as { request_id: string; event: string }[]).find(
    ({ request_id }) => request_id === operator?.request,
  );
  assert.match(change?.event ?? '', /"operation":"create-client"/);
  const history = await cambio(t, ['policy', 'history', ...config, '--output', 'json'], { env });
  const items = JSON.parse(history.stdout) as { requestId: string }[];
  assert.deepEqual(
    items.map(({ requestId }) => requestId).toReversed(),
    rows.map(({ requestId }) => requestId),
  );
  const two = await cambio(t, ['policy', 'history', ...config, '--limit', '2'], { env });
  assert.match(two.stdout, /registered client reports added\n.*no change\n/);
  const who = `${userInfo().username}@${hostname()}`;
  assert.ok(two.stdout.includes(` ${who} (${operator?.request}) `), two.stdout);
  // The rows of all commands, and the configuration, are found by their party and say who it was.
  const about = await cambio(t, ['audit', 'search', '--subject', 'reports', ...config], { env });
  assert.match(about.stdout, new RegExp(`create-client +- +reports .* ${who} +registered client reports added `));
  // A failed test of a rule is a fault of the file, and a test that passes is not.
  const subject = { type: 'access_token', claims: { sub: 'ada', scope: 'read' } };
  const tested = (expect: unknown) => ({ rules: edited('beside', { tests: [{ subject, expect }] }) });
  changeFile(node.file, tested({ refused: 'scope_empty' }));
  const [failed] = (await becomes(node, 8)).slice(7);
  assert.equal(failed?.outcome, 'rejected');
  assert.match(
    failed?.configured?.faults?.join() ?? '',
    /cambio\.yaml:\d+:\d+: .*: Run cambio check, which says why\./,
  );
  changeFile(node.file, tested('allowed'));
  const [passed] = (await becomes(node, 9)).slice(8);
  assert.deepEqual(passed && said(passed), ['applied', 'file']);
  const texts = JSON.stringify(everythingIn(node).configuration_texts);
  for (const hidden of ['lovelace', 'byron', 'gateway-secret', '"ada']) assert.ok(!texts.includes(hidden), hidden);
});

test('each decision has the digest of its configuration, and explain says what the rule said then and says now', async (t) => {
  const server = await start(t, administered, { recorded: true });
  const [begun] = rowsIn(server);
  const allowed = await exchange(server);
  const denied = await exchange(server, { scope: 'admin' });
  for (const answer of [allowed, denied])
    assert.equal(server.audit(answer)?.configuration, begun?.configured?.digest?.slice(0, 32));
  const explainedBy = async (answer: Awaited<ReturnType<typeof exchange>>) => {
    const request = answer.headers.get('x-request-id') ?? '';
    const { body } = await admin(server, 'POST /explain', { body: { request } });
    const printed = await beside(t, server, ['explain', '--request', request]);
    return { by: body.decidedBy as Record<string, unknown>, printed: printed.stdout };
  };
  const unchanged = await explainedBy(allowed);
  assert.deepEqual([unchanged.by.inForce, unchanged.by.entry], [true, 'rule gateway']);
  assert.doesNotMatch(unchanged.printed, /Decided by the configuration/);
  server.clock.now += 60_000;
  await server.reload(short(administered));
  const since = server.clock.now;
  server.clock.now += 60_000;
  await server.reload(changed(short(administered), { tokenErrorCode: 'invalid_request' }));
  await reported(server);
  const { by, printed } = await explainedBy(allowed);
  assert.deepEqual([by.inForce, by.entry, by.since], [false, 'rule gateway', since]);
  assert.deepEqual(by.changes, ['tokenErrorCode not set → invalid_request', 'rule gateway: grant.lifetime 30m → 5m']);
  assert.equal((by.said as { grant: { lifetime: string } }).grant.lifetime, '30m');
  assert.match(printed, /The rule gateway said then:\n(?: {4}.*\n)+ {6}lifetime: 30m\n/);
  assert.ok(printed.includes(`Since ${new Date(since).toISOString()} it says:\n`), printed);
  server.clock.now += 60_000;
  await server.reload(
    changed(administered, { rules: [{ ...(administered.rules as Configuration[])[0], name: 'other' }] }),
  );
  await reported(server);
  const gone = await explainedBy(allowed);
  assert.equal(gone.by.says, undefined);
  assert.match(gone.printed, /Since \S+ it is gone\./);
  assert.ok((gone.by.changes as string[]).includes('rule gateway removed'));
});

test('a value that waits for a restart is not recorded as in force, and the row, readyz and policy diff say that it waits', async (t) => {
  const first = await start(t, configuration, { recorded: true });
  const [begun] = rowsIn(first);
  const waiting = changed(configuration, {
    server: { trustProxy: ['192.0.2.7'], limits: { requestsPerAddress: 1 } },
    audit: { retention: '90d' },
    log: { level: 'debug' },
  });
  await first.reload(waiting);
  const words = [
    'log.level waits for a restart: not set → debug',
    'server.trustProxy waits for a restart: not set → ["192.0.2.7"]',
    'server.limits waits for a restart: not set → {"requestsPerAddress":1}',
    'audit.retention waits for a restart: not set → 90d',
  ];
  const [, second] = rowsIn(first);
  assert.equal(second?.configured?.digest, begun?.configured?.digest);
  assert.deepEqual(second?.configured?.changes, words);
  const warned = async ({ issuer } = first) => {
    const { warnings = [] } = (await (await fetch(`${issuer}/readyz`)).json()) as {
      warnings?: { reason: string; since: string }[];
    };
    return warnings;
  };
  const [warning] = await warned();
  assert.deepEqual([warning?.reason, warning?.since], ['restart_needed', new Date(first.clock.now).toISOString()]);
  const file = join(first.folder, 'cambio.yaml');
  const differs = await beside(t, first, ['policy diff', 'now', file]);
  assert.deepEqual([differs.code, /^server: trustProxy not set → /m.test(differs.stdout)], [1, true]);
  // Another value of the same file comes into force meanwhile, and is recorded.
  const answer = await exchange(first);
  await first.reload(short(waiting));
  const [, , third] = rowsIn(first);
  assert.ok(third?.configured?.changes?.includes('rule gateway: grant.lifetime 30m → 5m'));
  assert.ok(third?.configured?.changes?.some((line) => line.startsWith('server.trustProxy waits for a restart')));
  assert.notEqual(third?.configured?.digest, begun?.configured?.digest);
  assert.equal(first.audit(answer)?.configuration, begun?.configured?.digest?.slice(0, 32));
  await first.reload(short());
  assert.deepEqual(await warned(), []);
  const [, , , fourth] = rowsIn(first);
  assert.equal(fourth?.configured?.digest, third?.configured?.digest);
  await first.close();
  const restarted = await start(t, short(waiting), { folder: first.folder, recorded: true });
  const last = rowsIn(restarted).at(-1);
  assert.ok(last?.configured?.changes?.some((line) => line.startsWith('audit not set → ')));
  assert.ok(!last?.configured?.changes?.some((line) => line.includes('waits')));
  assert.deepEqual(await warned(restarted), []);
});

test('policy diff compares digests, requests, now and files, and exits with 1 where they differ', async (t) => {
  const server = await start(t, administered, { recorded: true });
  const answer = await exchange(server);
  const request = answer.headers.get('x-request-id') ?? '';
  const file = join(server.folder, 'cambio.yaml');
  await server.reload(short(administered));
  const other = join(server.folder, 'other.yaml');
  writeFileSync(other, yamlOf(administered));
  const [first, second] = rowsIn(server).map(({ configured }) => configured?.digest ?? '');
  const diff = async (...args: readonly string[]) => beside(t, server, ['policy diff', ...args]);
  const line = 'rule gateway: grant.lifetime 30m → 5m\n';
  for (const args of [
    [first?.slice(0, 8) ?? '', second ?? ''],
    [first ?? ''],
    ['--request', request],
    ['--request', request, 'now'],
    [other, file],
    [other, 'now'],
  ])
    assert.deepEqual(await diff(...args), { code: 1, stdout: line, stderr: '' }, args.join(' '));
  for (const args of [
    ['now', 'now'],
    ['now', file],
    [first ?? '', other],
  ])
    assert.deepEqual(await diff(...args), { code: 0, stdout: 'no change\n', stderr: '' }, args.join(' '));
  const json = JSON.parse((await diff(first ?? '', '--output', 'json')).stdout);
  assert.deepEqual(
    [json.from, json.to, json.changes[0].entry, json.changes[0].before],
    [first, second, 'rule gateway', '30m'],
  );
  const unknown = await diff('abcdef0123');
  assert.deepEqual(
    [unknown.code, /no configuration that began with abcdef0123 is kept/.test(unknown.stderr)],
    [1, true],
  );
  assert.equal((await diff()).code, 2);
  const remote = await admin(server, `GET /configurations/${first}/changes?to=${second}`, { token: undefined });
  assert.deepEqual(remote.body.items, json.changes);
  const paged = await admin(server, 'GET /configurations?limit=1');
  assert.equal((paged.body.items as unknown[]).length, 1);
  const rest = await admin(server, `GET /configurations?limit=1&cursor=${paged.body.next}`);
  assert.equal((rest.body.items as { digest: string }[])[0]?.digest, first);
  const now = await admin(server, 'GET /configurations/now');
  assert.equal(now.body.digest, second);
  assert.equal((await admin(server, 'GET /configurations/xyz')).status, 422);
});

test('an export proves which text was in force, and replay skips the rows about configurations', async (t) => {
  const server = await start(t, configuration, { recorded: true });
  await exchange(server);
  await server.reload(short());
  await server.close();
  assertGood(await verifyStored(server));
  const lines = await exportOf(server);
  assertGood(await verify(lines));
  const problems = async (changedLines: typeof lines) =>
    (await verify(changedLines)).faults.map(({ problem }) => problem);
  const edit = lines.map((one) =>
    'configurationText' in one ? { configurationText: one.configurationText.replace('30m', '90m') } : one,
  );
  assert.match(
    (await problems(edit)).join('\n'),
    /was decided by the configuration [0-9a-f]{64}, whose part [0-9a-f]{64} is not there/,
  );
  const without = lines.filter((one) => !('configurationText' in one));
  assert.match(
    (await problems(without)).join('\n'),
    /was decided by the configuration [0-9a-f]{64}, whose text is not there/,
  );
  const file = join(server.folder, 'audit.jsonl');
  writeFileSync(file, lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const replayed = await beside(t, server, ['check', '--against', file]);
  assert.match(replayed.stdout, /^1 of 1 recorded decisions would change\n1 other row, which no rule decided$/m);
  assert.ok(rowsOf(lines).length === 4);
});

test('the texts are kept as long as a row refers to them, and deleted with the last one', async (t) => {
  const keep = { after: () => undefined };
  const yaml = changed(configuration, { audit: { retention: '90d' } });
  const first = await start(keep, yaml, { recorded: true });
  await exchange(first);
  await first.reload(short(yaml));
  await first.close();
  const texts = () => JSON.stringify(everythingIn(first).configuration_texts);
  const day = 86_400_000;
  const later = async (days: number, after: Parameters<typeof start>[0]) =>
    start(after, short(yaml), { folder: first.folder, now: first.clock.now + days * day, recorded: true });
  const second = await later(60, keep);
  await second.close();
  assert.match(texts(), /30m/, 'rows of 60 days ago refer to it');
  const third = await later(160, t);
  await eventually(
    async () => texts(),
    (text) => !text.includes('30m'),
  );
  assert.match(texts(), /5m/);
  await third.close();
  assertGood(await verifyStored(third));
});

test('included files are kept each for itself, and rules that move between them are named', async (t) => {
  const [rule] = configuration.rules as Configuration[];
  const main = changed(configuration, { include: 'teams/*.yaml', rules: undefined });
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'teams'));
  const files = { main: join(folder, 'cambio.yaml'), a: join(folder, 'teams/a.yaml'), b: join(folder, 'teams/b.yaml') };
  writeFileSync(files.main, yamlOf(main));
  writeFileSync(files.a, yamlOf({ rules: [rule, { ...rule, name: 'second' }] }));
  const one = join(folder, 'one.yaml');
  writeFileSync(one, yamlOf(changed(main, { include: undefined, rules: [rule, { ...rule, name: 'second' }] })));
  const env = { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' };
  const joined = await cambio(t, ['policy', 'diff', one, files.main], { env });
  assert.equal(
    joined.stdout,
    'include not set → teams/*.yaml\nrule gateway: file the main file → teams/a.yaml\nrule second: file the main file → teams/a.yaml\n',
  );
  const kept = readKept(files.main, env);
  assert.deepEqual(
    kept.map(({ path, content }) => [path, (content.rules as object[] | undefined)?.length ?? 0]),
    [
      ['', 0],
      ['teams/a.yaml', 2],
    ],
  );
  writeFileSync(files.a, yamlOf({ rules: [rule] }));
  writeFileSync(files.b, yamlOf({ rules: [{ ...rule, name: 'second' }] }));
  const moved = findChanges({ files: kept, registered: {} }, { files: readKept(files.main, env), registered: {} });
  assert.deepEqual(moved.map(describeChange), ['rule second: file teams/a.yaml → teams/b.yaml']);
});

test('the workers of a node write one row for each change', { skip: process.platform !== 'linux' }, async (t) => {
  const node = await startNode(t, life(), { options: ['--workers', '3'] });
  await exchangeAt(node);
  changeFile(node.file, { rules: edited('beside', { grant: { lifetime: '5m' } }) });
  const lifetimes = () => Promise.all(Array.from({ length: 9 }, async () => (await exchangeAt(node)).body.expires_in));
  await eventually(
    () => paused(lifetimes),
    (all) => all.every((seconds) => seconds === 300),
  );
  assert.deepEqual(rowsIn(node).map(said), [
    ['applied', 'start'],
    ['applied', 'file', 'rule beside: grant.lifetime not set → 5m'],
  ]);
});
