// cambio policy unused: which rights no request used, and the patch that removes them without changing a recorded decision.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { UnusedReport } from '../../src/explain/unused.ts';
import { admin, administered, adminToken } from '../support/admin-api.ts';
import { exportOf } from '../support/audit.ts';
import { API, assertIssued, BACKEND, client as clientEntry, exchange, gateway, stranger } from '../support/basics.ts';
import { beside, jsonOf, type Outcome } from '../support/command.ts';
import { added, changed } from '../support/configuration.ts';
import { type Form, start, type TestServer } from '../support/harness.ts';

const patient = { timeout: 120_000 };
const DAY_MS = 86_400_000;

const client = (id: string, more = ''): string =>
  `  - { id: ${id}, auth: client_secret_post, secret: { file: ${id}.secret }, grants: [client_credentials, token_exchange], ${more} }`;

const files = Object.fromEntries(
  ['gateway', 'nightly', 'stranger', 'backend', 'auditor'].map((id) => [`${id}.secret`, `${id}-secret`]),
);

const beforeRules = `# The rules of the shop.
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read, write, admin] }
  - { audience: ${BACKEND}, scopes: [read, all] }
  - { audience: https://crm.example, scopes: [crm.read, crm.write] }
  - { audience: "\${ISSUER}/admin", scopes: [admin:read] }
clients:
  # The front door.
${client('gateway', `audiences: [${API}, ${BACKEND}], scopes: [read, write, admin, crm.read, openid]`)}
  # Runs at night; nobody knows whether it still does.
${client('nightly', `audiences: [${API}], scopes: [read]`)}
${client('stranger', `audiences: [${API}], scopes: [read]`)}
${client('backend', `audiences: [${API}], resource: ${BACKEND}`)}
${client('auditor', `audiences: ["\${ISSUER}/admin"], scopes: [admin:read]`)}
`;

const source = `${beforeRules}rules:
  # Suspended people, whatever else is allowed.
  - name: suspended
    effect: deny
    when: subject.sub == "mallory"

  # What the night needs.
  - name: night   # since 2024
    client: [nightly]
    grant: { audiences: [${API}], scopes: [read] }

  - name: day
    client: [gateway, nightly]
    subject: { clients: [gateway], types: [access_token] }
    grant:
      audiences:
        - ${API}       # the default
        - ${BACKEND}   # nobody asks for it
      scopes: [read, # everybody
        write,
        admin]
    tests:
      - { subject: { claims: { sub: ada } }, expect: allowed }

  - name: careful
    client: stranger
    actor: { required: true }
    grant: { audiences: [${API}], scopes: [read] }

  - name: careless
    client: stranger
    subject: { types: [access_token] }
    grant: { audiences: [${API}], scopes: [read, write] }

  - name: trial
    mode: audit
    client: gateway
    grant: { audiences: [${API}], scopes: [write] }

  - name: crm
    client: gateway
    subject: { types: [access_token] }
    grant:
      audiences: [https://crm.example]
      scopes:
        read: [crm.read]
        write: [crm.write]
# The end.
`;

const unused = async (t: TestContext, server: TestServer, ...args: readonly string[]): Promise<UnusedReport> =>
  jsonOf(
    await beside(t, server, ['policy unused', '--since', '30d', '--output', 'json', ...args]),
  ) as unknown as UnusedReport;

const shown = (rights: UnusedReport['unused']): readonly string[] =>
  rights.map(({ kind, name, of }) => `${kind} ${name}${of === undefined ? '' : ` of ${of}`}`).toSorted();

async function useSome(server: TestServer): Promise<void> {
  assertIssued(server, await exchange(server, { scope: 'read' }));
  assertIssued(server, await exchange(server, { scope: 'write' }));
  assertIssued(server, await exchange(server, { audience: 'https://crm.example', scope: 'crm.read' }));
  const own = await server.token({ grant_type: 'client_credentials', ...stranger });
  assertIssued(server, await exchange(server, { ...stranger, subject_token: String(own.body.access_token) }));
  assert.equal((await exchange(server, { audience: 'https://unknown.example' })).status, 400);
  assert.equal((await exchange(server, { scope: 'all' })).status, 400);
  // The gateway asks for its own token at the default audience only.
  assertIssued(server, await server.token({ grant_type: 'client_credentials', ...gateway }));
}

const EXPECTED = [
  'audience https://backend.example of client gateway',
  'audience https://backend.example of rule day',
  'client nightly',
  'client nightly of rule day',
  'rule night',
  'scope admin of rule day',
  'scope crm.write of rule crm',
  'scope write of rule careless',
].toSorted();

const SERVED = ['client auditor', ...EXPECTED].toSorted();

test('lists unused rights from the database and from an export, and keeps what protects', patient, async (t) => {
  const server = await start(t, source, { files });
  await useSome(server);
  const report = await unused(t, server);
  assert.deepEqual(shown(report.unused), SERVED);
  assert.deepEqual(
    report.kept.map(({ kind, name, note }) => [kind, name, note]),
    [
      [
        'rule',
        'suspended',
        'it denied nothing. A rule that denies stays, because it is there for what must not happen',
      ],
      ['rule', 'careful', 'without it, “careless” could decide, and gives more'],
      ['rule', 'trial', 'mode: audit, so it decides nothing; no request matched it either'],
      ['client', 'backend', 'it is an API: introspection that succeeds leaves no row'],
    ],
  );
  assert.deepEqual(report.untested, ['suspended', 'night', 'careful', 'careless', 'trial', 'crm']);
  const night = report.unused.find(({ name }) => name === 'night');
  assert.deepEqual(night?.path, ['rules', 1]);
  assert.match(night?.at ?? '', /cambio\.yaml:\d+$/);
  assert.match(lineAt(night?.at ?? ''), /name: night/);

  const { since: _, ...exported } = await unused(t, server, '--against', await writeExport(server));
  assert.deepEqual(exported, Object.fromEntries(Object.entries(report).filter(([name]) => name !== 'since')));

  const text = await beside(t, server, ['policy unused', '--since', '30d']);
  assert.match(text.stdout, /^Not used since \S+, where the log begins: less than a day\. What was used before is not/);
  assert.match(text.stdout, /^scope +admin +rule day +- +\S+cambio\.yaml:\d+$/m);
  assert.match(text.stdout, /^6 rules without a test: suspended, night, careful, careless, trial, crm$/m);

  const answer = await admin(server, `GET /policy/unused?since=${new Date(server.clock.now - DAY_MS).toISOString()}`, {
    token: await adminToken(server, 'auditor'),
  });
  assert.equal(answer.status, 200, answer.text);
  const { unused: served } = answer.body as unknown as UnusedReport;
  assert.deepEqual(shown(served), EXPECTED, 'by the admin API, whose client has been used now');
  const row = server.audit(answer);
  assert.deepEqual([row?.operation, row?.outcome, row?.client], ['unused-rights', 'accepted', 'auditor']);
});

test(
  'the last operators stay, and their rights: without admin:write nobody could use the admin API',
  patient,
  async (t) => {
    const audience = `${administered.issuer}/admin`;
    const second = clientEntry('second', { audiences: [API, audience], scopes: ['read', 'admin:write'] });
    const server = await start(t, changed(administered, { clients: added(second) }));
    const form = {
      grant_type: 'client_credentials',
      client_id: 'second',
      client_secret: 'second-secret',
      scope: 'read',
    };
    assertIssued(server, await server.token(form));
    const why = 'the admin API needs a client that can get admin:write, and none used that in this time';
    for (const against of [[], ['--against', await writeExport(server)]]) {
      const { kept, unused: gone } = await unused(t, server, ...against);
      const operators = kept.filter(({ note }) => note === why);
      assert.deepEqual(shown(operators), [
        `audience ${server.issuer}/admin of client second`,
        'client operator',
        'scope admin:write of client second',
      ]);
      assert.ok(shown(gone).includes('client auditor'));
    }
    assertIssued(
      server,
      await server.token({ ...form, client_id: 'operator', client_secret: 'operator-secret', scope: 'admin:write' }),
    );
    const later = await unused(t, server);
    assert.deepEqual(
      later.kept.filter(({ note }) => note === why),
      [],
    );
    assert.ok(shown(later.unused).includes('scope admin:write of client second'));
  },
);

test('an old use is reported with its time, and a log of the whole window says so', patient, async (t) => {
  const server = await start(t, source, { files, now: Date.now() - 40 * DAY_MS });
  assertIssued(server, await exchange(server, { scope: 'admin' }));
  server.clock.now = Date.now();
  const report = await unused(t, server);
  const day = report.unused.find(({ kind, name }) => kind === 'rule' && name === 'day');
  assert.equal(day?.lastUsed?.slice(0, 10), new Date(Date.now() - 40 * DAY_MS).toISOString().slice(0, 10));
  assert.equal(
    (await unused(t, server, '--since', '60d')).unused.some(({ name }) => name === 'day'),
    false,
  );
  const text = await beside(t, server, ['policy unused', '--since', '30d']);
  assert.match(text.stdout, /^Not used since \S+:$/m);
});

test('the patch removes unused rights only, keeps all other text, and changes no decision', patient, async (t) => {
  const server = await start(t, source, { files });
  await useSome(server);
  await adminToken(server, 'auditor');
  const patched = await patch(t, server);
  const file = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8');
  const gone = [
    '  # Runs at night; nobody knows whether it still does.',
    client('nightly', `audiences: [${API}], scopes: [read]`),
    '  # What the night needs.',
    '  - name: night   # since 2024',
    '    client: [nightly]',
    `    grant: { audiences: [${API}], scopes: [read] }`,
    `        - ${BACKEND}   # nobody asks for it`,
    '        write: [crm.write]',
  ];
  for (const line of gone.slice(0, 5)) assert.equal(file.includes(line), false, line);
  assert.match(file, /^ {4}client: \[gateway\]$/m);
  assert.match(file, /scopes: \[read, # everybody\n {8}write\]\n/);
  assert.match(
    file,
    /^# The rules of the shop\.$[\s\S]*# The front door\.[\s\S]*# Suspended people[\s\S]*# The end\.\n$/m,
  );
  const added = patched.stdout.split('\n').filter((line) => /^\+[^+]/.test(line));
  assert.equal(added.length, 4, patched.stdout);
  // The later rule gives no more now, so that the earlier one protects nothing.
  assert.deepEqual(shown((await unused(t, server)).unused), ['rule careful']);
  await patch(t, server);
  assert.deepEqual((await unused(t, server)).unused, []);
  assert.equal((await patch(t, server)).stdout, '');
});

/** Rights that no token has, and on which a recorded decision depends. */
const TRAPS: Readonly<
  Record<string, { readonly rules: string; readonly stays: string; readonly forms: readonly Form[] }>
> = {
  'a scope that a rule that denies reads': {
    rules: `
  - { name: no admin, effect: deny, when: '"admin" in scope' }
  - { name: open, client: gateway, grant: { audiences: [${API}], scopes: [read, admin] } }`,
    forms: [{}, { scope: 'read' }],
    stays: 'scope admin of rule open',
  },
  'a scope that a condition of its rule reads': {
    rules: `
  - { name: few, client: gateway, when: size(scope) < 2, grant: { audiences: [${API}], scopes: [read, admin] } }
  - { name: open, client: gateway, grant: { audiences: [${API}], scopes: [read, write] } }`,
    forms: [{}, { scope: 'read' }],
    stays: 'scope admin of rule few',
  },
  'a rule whose absence lets a later one give more': {
    rules: `
  - { name: agents, client: gateway, actor: { required: true }, grant: { audiences: [${API}], scopes: [read] } }
  - { name: open, client: gateway, grant: { audiences: [${API}], scopes: [read, write] } }`,
    forms: [{}],
    stays: 'rule agents',
  },
  'a rule whose absence lets a later one with other patterns of actors give more': {
    rules: `
  - { name: agents, client: gateway, actor: { required: true, clients: [stranger*] }, grant: { audiences: [${API}], scopes: [read] } }
  - { name: open, client: gateway, actor: { clients: [stranger, backend*] }, grant: { audiences: [${API}], scopes: [read, write] } }`,
    forms: [{}],
    stays: 'rule agents',
  },
  'a rule that the request of a refusal was allowed by': {
    rules: `
  - { name: open, client: gateway, grant: { audiences: [${API}], scopes: [read] } }
  - { name: later, client: gateway, grant: { audiences: [${API}], scopes: [write] } }`,
    forms: [{ scope: 'write' }],
    stays: 'used',
  },
};

for (const [name, { rules, stays, forms }] of Object.entries(TRAPS)) {
  test(`the patch leaves ${name}`, patient, async (t) => {
    const text = `${beforeRules}rules:${rules}\n`;
    const server = await start(t, text, { files });
    for (const form of forms) await exchange(server, form);
    await patch(t, server);
    const left = await unused(t, server);
    const all = shown([...left.unused, ...left.kept]);
    assert.equal(all.includes(stays), stays !== 'used', all.join('\n'));
    const now = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8');
    assert.equal(now.includes('name: open'), true);
  });
}

test('an entry that is shared by an anchor or an alias stays', patient, async (t) => {
  const text = `${beforeRules}rules:
  - { name: day, client: gateway, grant: &common { audiences: [${API}], scopes: [read, write] } }
  - { name: night, client: stranger, grant: *common }
`;
  const server = await start(t, text, { files });
  assertIssued(server, await exchange(server, { scope: 'read' }));
  const { stdout, stderr } = await patch(t, server);
  assert.match(stderr, /scope write of rule day/);
  assert.doesNotMatch(stdout, /^[-+].*common/m);
});

test('the patch changes included files, too', patient, async (t) => {
  const team = `# The night team.
rules:
  - name: night   # since 2024
    client: stranger
    grant: { audiences: [${API}], scopes: [read] }
  - name: day
    client: gateway
    grant:
      audiences: [${API}]
      scopes: [read, admin]   # for everybody
`;
  const main = `${beforeRules}rules:
  - { name: crm, client: gateway, subject: { types: [id_token] }, grant: { audiences: [https://crm.example] } }
include: [team.yaml]
`;
  const server = await start(t, main, { files: { ...files, 'team.yaml': team } });
  assertIssued(server, await exchange(server, { scope: 'read' }));
  const { unused: found } = await unused(t, server);
  assert.match(found.find(({ name }) => name === 'night')?.at ?? '', /team\.yaml:3$/);
  const { stdout } = await patch(t, server);
  assert.match(stdout, /^--- cambio\.yaml$[\s\S]*^--- team\.yaml$/m);
  const rest = readFileSync(join(server.folder, 'team.yaml'), 'utf8');
  assert.equal(rest.includes('night   #'), false);
  assert.match(rest, /^# The night team\.\nrules:\n {2}- name: day$[\s\S]*scopes: \[read\] {3}# for everybody/m);
  assert.equal(readFileSync(join(server.folder, 'cambio.yaml'), 'utf8').includes('name: crm'), false);
});

test('a wrong use of options is refused with what to write', patient, async (t) => {
  const server = await start(t, source, { files });
  for (const [args, said] of [
    [['--since', 'never'], /--since never is not a time/],
    [['--since', '2999-01-01'], /--since 2999-01-01 leaves no time in which a right could be used/],
    [['--since', '0d', '--patch'], /--since 0d leaves no time/],
    [['--since', '30d', '--patch', '--output', 'json'], /--patch prints a diff/],
    [['--since', '30d', '--server', 'https://x.example'], /give either --config or --server/],
    [['--since', '30d', '--server', 'https://x.example', '--patch'], /--patch goes with --config/],
  ] as const) {
    const { code, stderr } = await beside(t, server, ['policy unused', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
  const nothing = await beside(t, server, ['policy unused', '--since', '30d', '--patch']);
  assert.deepEqual([nothing.code, nothing.stdout], [0, '']);
  assert.match(nothing.stderr, /^There is no patch: no request was granted since /);
});

/** @returns the file of an export of the audit log */
async function writeExport(server: TestServer): Promise<string> {
  const file = join(server.folder, 'audit.jsonl');
  const lines = await exportOf(server);
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

/** Applies the patch with `patch`, checks that `git apply` takes it too, and that no recorded decision changes. */
async function patch(t: TestContext, server: TestServer): Promise<Outcome> {
  const outcome = await beside(t, server, ['policy unused', '--since', '30d', '--patch']);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stderr, /where the log begins/);
  if (outcome.stdout !== '') {
    const options = { cwd: server.folder, input: outcome.stdout };
    execFileSync('git', ['apply', '-p0', '--check', '-'], options);
    execFileSync('patch', ['-p0'], options);
  }
  const { code, stdout, stderr } = await beside(t, server, ['check', '--against', await writeExport(server)]);
  assert.deepEqual([code, stderr], [0, ''], stdout);
  assert.match(stdout, /^0 of \d+ recorded decisions would change/m);
  return outcome;
}

const lineAt = (place: string): string => {
  const [, file = '', line] = /^(.*):(\d+)$/.exec(place) ?? [];
  return readFileSync(file, 'utf8').split('\n')[Number(line) - 1] ?? '';
};
