// Drafts over the admin API: checked, tested and explained in a thread that opens no file and reads no secret.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { replaceSection } from '../../../src/config/section.ts';
import { createDrafts, DraftsBusy, DraftTooCostly } from '../../../src/draft/drafts.ts';
import type { DescribedRule } from '../../../src/explain/describe-rule.ts';
import { admin, withOperators } from '../../support/admin-api.ts';
import { API, BACKEND, configuration, exchange, named, subjectToken } from '../../support/basics.ts';
import { beside } from '../../support/command.ts';
import { changed, dataOf, edited, yamlOf } from '../../support/configuration.ts';
import { start, type TestServer, type } from '../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../../support/issuer.ts';

type Body = Readonly<Record<string, unknown>>;

const RULE = {
  name: 'idp reads',
  client: 'gateway',
  subject: { issuer: ['idp'] },
  grant: { audiences: [API], scopes: ['read'] },
};
const FACTS = { issuer: 'idp', type: 'jwt', claims: { sub: 'ada' } };
const base = withOperators(changed(configuration, named('ada')));

interface Finding {
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}
interface Report {
  readonly usable: boolean;
  readonly findings: readonly Finding[];
  readonly tests: readonly {
    readonly rule: string;
    readonly test: string;
    readonly result: string;
    readonly why?: string;
  }[];
  readonly untested: readonly { readonly rule: string; readonly at: string }[];
  readonly rules: readonly DescribedRule[];
  readonly sections: readonly { readonly path: string; readonly line: number }[];
  readonly patch: string;
  readonly unpatched: readonly string[];
}

const post = async (server: TestServer, path: string, body: Body): Promise<Body> => {
  const answer = await admin(server, `POST ${path}`, { body });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
const check = async (server: TestServer, ...files: readonly Body[]): Promise<Report> =>
  (await post(server, '/policy/check', { files })) as unknown as Report;
const rulesOf = (...rules: readonly Body[]): string => stringify({ rules });

/** One server for all tests, because its thread takes a while to start. */
const shared: { server?: TestServer; idp?: FakeIssuer } = {};

const ends: (() => Promise<void>)[] = [];

after(async () => {
  for (const end of ends.reverse()) await end();
});

before(async () => {
  const t = { after: (work: () => Promise<void>) => void ends.push(work) };
  shared.idp = await startIssuer(t as Parameters<typeof startIssuer>[0]);
  shared.server = await start(t, changed(base, { issuers: [entry(shared.idp)], rules: [RULE] }));
  // The first question starts the thread.
  await check(shared.server);
});

async function startDrafts(change: Body = {}): Promise<{ server: TestServer; idp: FakeIssuer }> {
  const { server, idp } = shared;
  assert.ok(server && idp);
  await server.reload(changed(base, { issuers: [entry(idp)], rules: [RULE] }, change));
  return { server, idp };
}

test('reports the faults of a draft at their places, the results of its tests, and rules without a test', async (_t) => {
  const { server } = await startDrafts();
  const { body } = await admin(server, 'GET /policy/rules');
  const [main] = body.items as readonly { path: string; isMain: boolean; rules: { text: string; line: number } }[];
  assert.ok(main?.isMain);
  const file = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8').split('\n');
  assert.equal(file[Number(main.rules.line) - 1], 'rules:');
  assert.match(main.rules.text, /^rules:\n {2}- name: idp reads\n[\s\S]*- read\n$/);
  const same = await check(server, { path: main.path, rules: main.rules.text });
  assert.deepEqual([same.usable, same.findings, same.tests], [true, [], []]);
  assert.deepEqual(
    same.untested.map(({ rule }) => rule),
    ['idp reads'],
  );
  const tested = await check(server, {
    path: 'cambio.yaml',
    rules: rulesOf({
      ...RULE,
      tests: [
        { name: 'ada reads', subject: { issuer: 'idp', type: 'jwt', claims: { sub: 'ada' } }, expect: 'allowed' },
        { subject: FACTS, scope: ['write'], expect: 'allowed' },
      ],
    }),
  });
  assert.equal(tested.usable, false);
  assert.deepEqual(
    tested.tests.map(({ rule, test: name, result }) => [rule, name, result]),
    [
      ['idp reads', 'ada reads', 'passed'],
      ['idp reads', '2', 'failed'],
    ],
  );
  assert.match(tested.tests[1]?.why ?? '', /refused for scope_exceeded/);
  assert.deepEqual(tested.untested, []);
  const findingOf = async (rule: Body): Promise<Finding | undefined> => {
    const { usable, findings } = await check(server, { path: 'cambio.yaml', rules: rulesOf({ ...RULE, ...rule }) });
    assert.deepEqual([usable, findings.length], [findings[0]?.severity === 'warning', 1], JSON.stringify(findings));
    return findings[0];
  };
  const unknown = await findingOf({ client: 'gatewai' });
  assert.deepEqual([unknown?.severity, unknown?.line], ['warning', main.rules.line + 2]);
  assert.match(`${unknown?.path}: ${unknown?.message}`, /^rules\[idp reads\]\.client: .*Did you mean gateway\?/);
  assert.match((await findingOf({ grants: {} }))?.message ?? '', /unknown key\. Did you mean grant/);
  const broken = await check(server, { path: 'cambio.yaml', text: 'issuer: [' });
  assert.equal(broken.findings[0]?.severity, 'fault');
  for (const [sent, detail] of [
    [{ path: 'cambio.yaml' }, /needs text or rules, and not both/],
    [{ path: 'cambio.yaml', text: 'x', rules: 'y' }, /needs text or rules, and not both/],
    [{ path: 'x'.repeat(1025), text: '' }, /body\.files\[0\]\.path/],
  ] as const) {
    const refused = await admin(server, 'POST /policy/check', { body: { files: [sent] } });
    assert.equal(refused.status, 422, refused.text);
    assert.match(String(refused.body.detail), detail);
  }
  assert.equal((await admin(server, 'POST /policy/check', { body: { files: [] }, token: 'x' })).status, 401);
});

test('says in words what each rule of a draft does, those that deny first', async () => {
  const { server, idp } = await startDrafts();
  const rules = rulesOf(
    {
      ...RULE,
      subject: { issuer: ['idp', 'self'], types: ['jwt', 'access_token'], when: 'subject.claims.tenant == "blue"' },
      actor: { required: true, clients: ['agent', 'bot-*'], when: 'actor.sub != "x"' },
      grant: { audiences: [API, BACKEND], scopes: { 'api:r': ['read'] }, lifetime: '5m' },
    },
    { name: 'own', client: ['gateway', 'agent'], act: 'client', when: 'true', grant: { audiences: [API] } },
    { name: 'no bots', effect: 'deny', actor: { forbidden: true }, audiences: [API], because: 'they are bots' },
    { name: 'nothing', effect: 'deny', mode: 'audit' },
  );
  const report = await check(server, { path: '', rules });
  const [main] = report.sections;
  const lines = rules.split('\n');
  assert.deepEqual(
    report.rules.map(({ name, line }) => [name, line - (main?.line ?? 0)]),
    ['no bots', 'nothing', 'idp reads', 'own'].map((name) => [name, lines.indexOf(`  - name: ${name}`)]),
  );
  const [denied, watched, reads, own] = report.rules.map(({ name: _, file: __, line: ___, ...words }) => words);
  const common = { mode: 'enforce', conditions: [], types: ['access_token'] };
  assert.deepEqual(denied, {
    ...{ effect: 'deny', mode: 'enforce', subject: [], actor: ['nobody acts'], audiences: [API] },
    ...{ scopes: [], types: [], conditions: [], because: 'they are bots' },
  });
  assert.deepEqual([watched?.clients, watched?.audiences, watched?.actor], [undefined, undefined, []]);
  assert.deepEqual(reads, {
    ...{ ...common, effect: 'allow', clients: ['gateway'], audiences: [API, BACKEND], lifetime: 300 },
    subject: [
      `from ${idp.url} or this server`,
      'of type jwt or access_token',
      'issued to the client, or addressed to it, if it is from this server',
    ],
    actor: ['an actor token must be sent', 'issued to agent or bot-*', 'actor.sub != "x"'],
    scopes: [{ scope: 'read', from: ['api:r'] }],
    conditions: ['subject.claims.tenant == "blue"'],
  });
  assert.deepEqual([own?.clients, own?.conditions], [['gateway', 'agent'], ['true']]);
  assert.equal(own?.actor.at(-1), 'without one, the client acts');
  const faulty = await check(server, { path: '', rules: 'rules: 7\n' });
  assert.deepEqual([faulty.usable, faulty.rules, faulty.sections], [false, [], report.sections]);
});

test('writes what a draft changes as a patch that git and patch apply', async () => {
  const { server } = await startDrafts();
  const data = dataOf(readFileSync(join(server.folder, 'cambio.yaml'), 'utf8'));
  const { rules: _, ...others } = data;
  const names = Array.from({ length: 6 }, (__, index) => `rule ${index}`);
  const section = (...extra: readonly string[]): string =>
    yamlOf({ rules: [...names, ...extra].map((name) => ({ ...RULE, name })) });
  const edits: Readonly<Record<string, string>> = {
    'a line': section().replace('rule 2', 'rule two'),
    'lines far from each other': section().replace('rule 0', 'rule zero').replace('rule 5', 'rule five'),
    'a rule at the end': section('one more'),
    'all but nothing': 'rules: []\n',
    'the last line': section().replace(/- read\n$/, '- write\n'),
  };
  const rest = yamlOf(others);
  const files: Readonly<Record<string, string>> = {
    'the last section': rest + section(),
    'a file without its last line end': (rest + section()).trimEnd(),
    'the first section': `${section()}\n${rest}`,
    'right before a key': section() + yamlOf({ clients: others.clients, ...others }),
    'no section': rest,
  };
  for (const [where, text] of Object.entries(files)) {
    await server.reload(text);
    for (const [what, rules] of Object.entries(edits)) {
      const { patch } = await check(server, { path: 'cambio.yaml', rules });
      const before = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8');
      const wanted = replaceSection(before, 'rules', rules);
      assert.match(patch, /^--- a\/cambio\.yaml\n\+\+\+ b\/cambio\.yaml\n@@ /, `${where}: ${what}`);
      for (const [tool, ...options] of [
        ['git', 'apply', '-'],
        ['patch', '-p1'],
      ] as const) {
        const folder = mkdtempSync(join(tmpdir(), 'cambio-patch-'));
        writeFileSync(join(folder, 'cambio.yaml'), before);
        const { status, stderr, stdout } = spawnSync(tool, options, { cwd: folder, input: patch });
        assert.equal(status, 0, `${where}: ${what}: ${tool}: ${stderr}${stdout}\n${patch}`);
        assert.equal(readFileSync(join(folder, 'cambio.yaml'), 'utf8'), wanted, `${where}: ${what}: ${tool}`);
        rmSync(folder, { recursive: true });
      }
    }
  }
  // The line behind the section may hold a secret, and without it a patch would be applied at the end of the file.
  await server.reload(`${section()}${rest}`);
  const rules = section('one more');
  const open = await check(server, { path: 'cambio.yaml', rules });
  assert.deepEqual([open.usable, open.patch, open.unpatched], [true, '', [join(server.folder, 'cambio.yaml')]]);
  const whole = await check(server, { path: 'cambio.yaml', text: 'issuer: x\n' });
  assert.deepEqual([whole.patch, whole.unpatched], ['', []]);
});

test('decides a simulated exchange by a draft, and leaves the rules in force', async (_t) => {
  const { server } = await startDrafts();
  const draft = {
    files: [
      {
        path: 'cambio.yaml',
        rules: rulesOf(
          { ...RULE, grant: { audiences: [API, BACKEND], scopes: ['read', 'write'] } },
          { ...RULE, name: 'own', subject: { issuer: 'self', clients: ['gateway'] } },
        ),
      },
    ],
  };
  const ask = (body: Body) => post(server, '/explain', { client: 'gateway', subject: FACTS, scope: 'write', ...body });
  assert.equal((await ask({})).reason, 'scope_exceeded');
  const allowed = await ask({ draft });
  assert.equal(allowed.decision, 'allowed', JSON.stringify(allowed));
  assert.match(String((allowed.place as Body).at), /cambio\.yaml:\d+/);
  assert.equal((await ask({})).reason, 'scope_exceeded');
  const token = { subject: undefined, subject_token: await subjectToken(server), subject_token_type: 'access_token' };
  assert.equal((await ask({ ...token, scope: 'read' })).reason, 'no_rule_for_subject');
  assert.equal((await ask({ ...token, scope: 'read', draft })).decision, 'allowed');
  const damaged = `${token.subject_token.slice(0, -4)}AAAA`;
  assert.equal((await ask({ ...token, subject_token: damaged, draft })).reason, 'subject_token_signature');
  const faulty = await admin(server, 'POST /explain', {
    body: {
      client: 'gateway',
      subject: FACTS,
      draft: { files: [{ path: 'cambio.yaml', rules: 'rules: [{ name: x }]' }] },
    },
  });
  assert.equal(faulty.status, 422);
  assert.match(String(faulty.body.detail), /body\.draft: .*cambio\.yaml:\d+:\d+: rules\[x\]/);
});

test('reads no file, no folder and no variable of the server for a draft', async (t) => {
  process.env.DRAFT_SECRET_OF_TEST = 'the-secret-of-the-environment';
  t.after(() => {
    delete process.env.DRAFT_SECRET_OF_TEST;
  });
  const { server, idp } = await startDrafts();
  const { folder } = server;
  writeFileSync(join(folder, 'key.txt'), 'the-secret-of-a-file');
  mkdirSync(join(folder, 'teams'));
  writeFileSync(join(folder, 'teams/a.yaml'), 'rules: [{ name: the-secret-of-a-file }]');
  const configured = changed(base, { issuers: [entry(idp)], rules: [RULE] });
  const agent = (secret: Body) => ({ clients: edited('agent', { secret: () => secret }) });
  const rule = (name: string) => ({ rules: edited('idp reads', { name }) });
  const drafts: readonly (readonly [Body, RegExp | undefined])[] = [
    // A file or a variable that an entry names is not read, and that is not a fault.
    [{ sealingKey: { file: 'key.txt' } }, undefined],
    [agent({ file: 'key.txt' }), undefined],
    [agent({ file: 'absent.txt' }), undefined],
    [agent({ file: '/etc/shadow' }), undefined],
    [agent({ env: 'DRAFT_SECRET_OF_TEST' }), undefined],
    [{ branding: { logo: 'key.txt' } }, undefined],
    [{ branding: { logo: '/proc/self/environ' } }, undefined],
    [rule(`\${DRAFT_SECRET_OF_TEST}`), /DRAFT_SECRET_OF_TEST is not set/],
    [rule(`\${PATH}`), /PATH is not set/],
    [rule(`\${DRAFT_SECRET_OF_TEST:-other}`), undefined],
    // Nothing is included but what the configuration in force and the draft have.
    [{ include: 'key.txt' }, /cannot read .*the configuration in force and the draft have no such file/],
    [{ include: '/etc/passwd' }, /cannot read .*the configuration in force and the draft have no such file/],
    [{ include: 'teams/*.yaml' }, /no file matches teams/],
    [{ include: '/proc/*/environ' }, /no file matches/],
    [{ include: '../../../../etc/*' }, /no file matches/],
  ];
  const reportOf = (change: Body) => check(server, { path: 'cambio.yaml', text: yamlOf(changed(configured, change)) });
  for (const [change, expected] of drafts) {
    const report = await reportOf(change);
    const told = JSON.stringify(report);
    assert.doesNotMatch(told, /the-secret-of|root:|PATH=/, JSON.stringify(change));
    // The port of the server is a variable.
    const others = report.findings.filter(({ path }) => path !== 'server');
    if (expected === undefined) assert.deepEqual([report.usable, others], [true, []], told);
    else assert.match(told, expected);
  }
  // A file that is there and one that is not are the same to a draft.
  const [there, absent] = [await reportOf({ include: 'key.txt' }), await reportOf({ include: 'absent.txt' })];
  assert.equal(JSON.stringify(there).replaceAll('key.txt', 'absent.txt'), JSON.stringify(absent));
  const shown = await admin(server, 'POST /explain', {
    body: {
      client: 'gateway',
      subject: FACTS,
      draft: {
        files: [
          {
            path: 'cambio.yaml',
            rules: rulesOf({ ...RULE, grant: { ...RULE.grant, claims: { x: `"\${DRAFT_SECRET_OF_TEST:-none}"` } } }),
          },
        ],
      },
    },
  });
  assert.equal((shown.body.claims as Body | undefined)?.x, 'none', shown.text);
});

test('takes new and changed included files from the draft', async (_t) => {
  const { server } = await startDrafts({ include: ['groups/*.yaml'], rules: [] });
  const report = await check(server, {
    path: 'groups/new.yaml',
    text: rulesOf({ ...RULE, subject: { issuer: 'self', clients: ['gateway'] } }),
  });
  assert.deepEqual(
    [report.usable, report.untested.map(({ rule }) => rule)],
    [true, ['idp reads']],
    JSON.stringify(report),
  );
  assert.match(report.untested[0]?.at ?? '', /groups\/new\.yaml:2$/);
  const unread = await check(server, { path: 'elsewhere.yaml', text: 'rules: []' });
  assert.match(JSON.stringify(unread.findings), /the draft has the file elsewhere\.yaml, which include does not name/);
});

test('gives up on a draft that takes too long', async () => {
  const main = 'cambio.yaml';
  const text = 'issuer: http://127.0.0.1:8080';
  const draft = {
    base: { main, issuer: 'http://127.0.0.1:8080', files: [{ path: main, text }], variables: {}, hidden: [] },
    registered: [],
    texts: { files: [{ path: main, text: `${text}\nrules: [${'{ name: a }, '.repeat(20_000)}]` }] },
  };
  await assert.rejects(createDrafts(1)(draft, { kind: 'check' }, 'ada'), DraftTooCostly);
});

test('drafts of one caller that wait leave room for those of others', async () => {
  const main = 'cambio.yaml';
  const files = [{ path: main, text: 'issuer: http://127.0.0.1:8080' }];
  const base = { main, issuer: 'http://127.0.0.1:8080', files, variables: {}, hidden: [] };
  const ask = createDrafts();
  const askAs = (caller: string) => ask({ base, registered: [], texts: { files: [] } }, { kind: 'check' }, caller);
  const many = Array.from({ length: 20 }, () => askAs('bot'));
  const settled = Promise.allSettled(many);
  assert.equal((await askAs('ada')).kind, 'check');
  const refused = (await settled).filter((one) => one.status === 'rejected');
  assert.equal(refused.length, 12);
  assert.ok(refused.every(({ reason }) => reason instanceof DraftsBusy));
});

test('lists the names of the configuration for completion', async (_t) => {
  const { server } = await startDrafts();
  const { body: names } = await admin(server, 'GET /policy/names');
  const { clients, issuers, audiences, scopes } = names as Record<string, string[]>;
  assert.ok(
    clients?.includes('gateway') && audiences?.includes(API) && scopes?.includes('read'),
    JSON.stringify(names),
  );
  assert.equal(issuers?.[0], 'self');
});

test('describes the file and its expressions for completion', async (_t) => {
  const { server } = await startDrafts();
  const { body } = await admin(server, 'GET /schema');
  const { configuration: schema, expressions } = body as unknown as {
    readonly configuration: Body;
    readonly expressions: { readonly functions: readonly string[]; readonly variables: Body };
  };
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.ok(expressions.functions.includes('string.startsWith(string)'));
  assert.equal(expressions.variables.now, 'int');
});

test('a draft fetches no document of a client, whatever its text allows', async (t) => {
  const asked: string[] = [];
  const documents = createServer(({ url }, answer) => {
    asked.push(String(url));
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ client_id: id, redirect_uris: [`${id}/back`], token_endpoint_auth_method: 'none' }));
  });
  documents.listen(0, '127.0.0.1');
  await once(documents, 'listening');
  t.after(() => documents.close());
  const id = `http://127.0.0.1:${(documents.address() as AddressInfo).port}/client`;
  const { server } = await startDrafts();
  const clientDocuments = { domains: ['127.0.0.1'], audiences: [API], scopes: ['read'], allowPrivateNetwork: true };
  const draft = (change: Body) => ({
    files: [
      { path: '', text: yamlOf(changed(base, { issuers: [entry(shared.idp as FakeIssuer)], rules: [RULE] }, change)) },
    ],
  });
  const explained = (client: string) =>
    post(server, '/explain', { client, subject: FACTS, scope: 'read', draft: draft({ clientDocuments }) });
  assert.equal((await explained('gateway')).decision, 'allowed');
  assert.equal((await explained(id)).decision, 'refused');
  assert.deepEqual(asked, []);
});

test('decides recorded exchanges again by a draft, in groups, and fails on what is newly allowed', async (t) => {
  const { server, idp } = await startDrafts();
  const ask = (scope: string) =>
    exchange(server, { subject_token: idp.sign(), subject_token_type: type('jwt'), scope, audience: API });
  assert.equal((await ask('read')).status, 200);
  const [first, second] = [await ask('write'), await ask('write')];
  assert.equal(server.audit(first)?.reason, 'scope_exceeded');
  const replay = (rule: Body, more: Body = {}) =>
    post(server, '/policy/replay', { files: [{ path: '', rules: rulesOf({ ...RULE, ...rule }) }], ...more });
  const same = await replay({});
  assert.deepEqual([same.items, same.groups, (same.counts as Body).same], [[], [], 3]);
  const wider = await replay({ grant: { audiences: [API], scopes: ['read', 'write'] } });
  const ids = [second, first].map(({ headers }) => headers.get('x-request-id'));
  assert.deepEqual(wider.groups, [
    { client: 'gateway', change: 'newly allowed', reason: 'scope_exceeded', count: 2, requestIds: ids },
  ]);
  assert.deepEqual((wider.counts as Body).changed, 2);
  assert.equal(wider.next, undefined);
  const none = await replay({ subject: { issuer: ['self'], clients: ['agent'] } });
  assert.deepEqual(
    (none.groups as Body[]).map(({ change, reason, count }) => [change, reason, count]),
    [
      ['refused otherwise', 'no_rule_for_subject', 2],
      ['newly refused', 'no_rule_for_subject', 1],
    ],
  );
  assert.equal((none.items as Body[]).length, 3);
  const later = new Date(server.clock.now + 1000).toISOString();
  assert.deepEqual((await replay({}, { since: later })).counts, { changed: 0, same: 0, undecided: 0, withheld: 0 });
  const rows = async () => {
    const { items } = (await admin(server, 'GET /audit?outcome=accepted')).body as { readonly items: readonly Body[] };
    return items.filter(({ operation }) => operation === 'replay-draft').length;
  };
  const { next } = (await admin(server, 'GET /audit?limit=1')).body;
  const before = await rows();
  await replay({});
  assert.equal(await rows(), before + 1);
  await replay({}, { cursor: next });
  assert.equal(await rows(), before + 2, 'a later page has an audit row, too');
  const file = join(server.folder, 'new.yaml');
  const asNow = { issuers: [entry(idp)], rules: [RULE] };
  const run = async (change: Body, ...options: readonly string[]) => {
    writeFileSync(file, yamlOf(changed(base, asNow, change)));
    return beside(t, server, ['policy replay', file, ...options]);
  };
  const unchanged = await run({}, '--fail-on', 'any');
  assert.equal(unchanged.code, 0, unchanged.stderr);
  const widened = { rules: edited('idp reads', { grant: { scopes: ['read', 'write'] } }) };
  const failed = await run(widened, '--fail-on', 'allow');
  assert.equal(failed.code, 1, failed.stderr);
  assert.match(failed.stdout, /newly allowed\n.*gateway for ada\n {2}was refused \(scope_exceeded\)/);
  assert.match(failed.stdout, /2 of 3 recorded decisions would change/);
  assert.equal((await run(widened, '--fail-on', 'refuse')).code, 0);
  assert.equal((await run(widened, '--fail-on', 'x')).code, 2);
});

test('writes a simulated exchange as a test that passes where the patch puts it', async (_t) => {
  const rule = { ...RULE, subject: { issuer: ['idp'], when: 'subject.claims.tenant == "blue"' } };
  const { server, idp } = await startDrafts({ rules: [rule] });
  const file = join(server.folder, 'cambio.yaml');
  const write = (body: Body) => post(server, '/policy/tests', { client: 'gateway', ...body });
  const subject = { issuer: 'idp', type: 'jwt', expiresIn: '5m', claims: { sub: 'ada', tenant: 'blue' } };
  const allowed = await write({ name: 'blue reads', subject, scope: 'read', audience: [API] });
  assert.deepEqual(
    [allowed.rule, allowed.decision, allowed.passes],
    ['idp reads', 'allowed', true],
    String(allowed.why),
  );
  assert.equal(
    allowed.yaml,
    `- name: blue reads
  subject:
    issuer: idp
    type: jwt
    expiresIn: 5m
    claims:
      sub: ada
      tenant: blue
  audience:
    - ${API}
  scope:
    - read
  expect: allowed
`,
  );
  const apply = (patch: unknown): void => {
    const applied = spawnSync('patch', ['-p0', file], { input: String(patch) });
    assert.equal(applied.status, 0, String(applied.stdout));
  };
  apply(allowed.patch);
  const token = idp.sign({ tenant: 'blue' });
  const answer = await exchange(server, { subject_token: token, subject_token_type: type('jwt'), scope: 'write' });
  const request = answer.headers.get('x-request-id');
  for (const body of [
    { subject: { request }, scope: 'write' },
    { subject_token: token, subject_token_type: 'jwt', scope: 'write' },
    { subject: { ...subject, claims: { sub: 'ada', tenant: 'red' } }, rule: 'idp reads' },
  ]) {
    const draft = { files: [{ path: 'cambio.yaml', text: readFileSync(file, 'utf8') }] };
    const refused = await write({ ...body, draft });
    assert.deepEqual([refused.decision, refused.passes], ['refused', true], JSON.stringify(refused));
    apply(refused.patch);
  }
  const report = await check(server, { path: 'cambio.yaml', text: readFileSync(file, 'utf8') });
  assert.deepEqual(
    report.tests.map(({ test: name, result }) => [name, result]),
    [
      ['blue reads', 'passed'],
      ['2', 'passed'],
      ['3', 'passed'],
      ['4', 'passed'],
    ],
  );
  const refused = await admin(server, 'POST /policy/tests', { body: { client: 'gateway', subject, rule: 'none' } });
  assert.match(refused.text, /there is no rule \\"none\\"/);
});

test('lists what a client can reach, with the conditions that remain', async (t) => {
  const rules = [
    { name: 'never bob', effect: 'deny', subject: { issuer: 'idp', when: 'subject.sub == "bob"' }, because: 'he left' },
    {
      ...RULE,
      subject: { issuer: ['idp'], when: '"staff" in subject.claims.groups' },
      actor: { required: true, clients: ['agent'] },
      grant: { audiences: [API, BACKEND], scopes: ['read', 'write'], lifetime: '5m' },
    },
    {
      ...RULE,
      name: 'only ada',
      subject: { issuer: 'idp', when: 'subject.sub == "ada"' },
      grant: { audiences: [API], scopes: { 'api:r': ['read'] } },
    },
  ];
  const { server, idp } = await startDrafts({ rules });
  const reach = async (query: string) => {
    const { status, body, text } = await admin(server, `GET /reach?client=gateway${query}`);
    assert.equal(status, 200, text);
    return body.items as readonly Body[];
  };
  const all = await reach('');
  assert.deepEqual(
    all.map(({ audience, by, rule }) => [audience, rule ?? by]),
    [
      [API, 'idp reads'],
      [BACKEND, 'idp reads'],
      [API, 'only ada'],
      [API, 'client_credentials'],
      [BACKEND, 'client_credentials'],
    ],
  );
  const [first, second, third, own] = all;
  assert.deepEqual(first?.requires, [
    `the subject token is from ${idp.url}`,
    'an actor token is sent, and the actor is agent',
    'it depends on subject.claims.groups: "staff" in subject.claims.groups',
  ]);
  assert.deepEqual(first?.unless, [
    `“never bob” denies, where the subject token is from ${idp.url} and it depends on subject.sub: subject.sub == "bob" (he left)`,
  ]);
  assert.deepEqual([first?.scopes, second?.scopes], [[{ scope: 'read' }, { scope: 'write' }], [{ scope: 'read' }]]);
  assert.deepEqual(third?.scopes, [{ scope: 'read', from: ['api:r'] }]);
  assert.deepEqual([own?.requires, own?.unless, first?.lifetime], [[], [], 300]);
  assert.match(String(first?.at), /cambio\.yaml:\d+$/);
  const ada = await reach('&subject=ada&issuer=idp');
  assert.deepEqual(
    ada.map(({ rule, unless }) => [rule, unless]),
    [
      ['idp reads', []],
      ['idp reads', []],
      ['only ada', []],
    ],
  );
  assert.deepEqual(ada[2]?.requires, [`the subject token is from ${idp.url}`]);
  const bob = await reach('&subject=bob&issuer=idp');
  assert.deepEqual(
    bob.map(({ rule, unless }) => [rule, unless]),
    [
      ['idp reads', [`“never bob” denies, where the subject token is from ${idp.url} (he left)`]],
      ['idp reads', [`“never bob” denies, where the subject token is from ${idp.url} (he left)`]],
    ],
  );
  assert.deepEqual(await reach('&subject=ada'), []);
  assert.equal((await admin(server, 'GET /reach?client=nobody')).status, 404);
  const { code, stdout } = await beside(t, server, [
    'reach',
    '--client',
    'gateway',
    '--subject',
    'ada',
    '--issuer',
    'idp',
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /AUDIENCE .*REQUIRES/);
  assert.match(stdout, /only ada/);
});
