// The output of commands, and their questions before an action that cannot be undone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { administered, adminToken, startAdministered } from '../support/admin-api.ts';
import { API, actorToken, assertIssued, exchange, subjectToken } from '../support/basics.ts';
import { beside, cambio, environmentOf } from '../support/command.ts';
import { yamlOf } from '../support/configuration.ts';
import { claimsOf, fetchAnswer, start, type TestServer, type } from '../support/harness.ts';
import { startIssuer } from '../support/issuer.ts';
import { CRM, jag as jagForm, PLAIN, present, signedIn, VENDOR } from '../support/other-servers.ts';
import { PROGRAM, temporaryFolder } from '../support/program.ts';
import { granting, jagOf, redeem, redeemingOf } from '../support/redeeming.ts';

test('audit search --lineage finds the ancestors and the descendants of a token, by its id or its text', async (t) => {
  const server = await startAdministered(t);
  const first = await subjectToken(server);
  const actor = await actorToken(server);
  const acting = { actor_token: actor, actor_token_type: type('access_token') };
  const second = String((await exchange(server, { subject_token: first, ...acting })).body.access_token);
  const third = String((await exchange(server, { subject_token: second })).body.access_token);
  const sibling = String((await exchange(server, { subject_token: first })).body.access_token);
  const stranger = await subjectToken(server);
  const [one, agent, two, three, four, five] = [first, actor, second, third, sibling, stranger].map((text) =>
    String(claimsOf(text).jti),
  );
  const env = { CAMBIO_TOKEN: await adminToken(server) };
  const issuedBy = async (...args: string[]): Promise<readonly unknown[]> => {
    const ways = [
      await beside(t, server, ['audit search', '--output', 'json', ...args]),
      await cambio(t, ['audit', 'search', '--output', 'json', ...args, '--server', server.issuer], { env }),
    ];
    const [local, remote] = ways.map(({ code, stdout, stderr }) => {
      assert.deepEqual([code, stderr], [0, '']);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.flatMap((line) => JSON.parse(line).issued ?? []).map(({ id }: { id: string }) => id);
    });
    assert.deepEqual(remote, local);
    return local ?? [];
  };
  assert.deepEqual(await issuedBy('--token', String(two)), [three, two]);
  assert.deepEqual(await issuedBy('--token', second), [three, two]);
  const lineage = await issuedBy('--token', String(two), '--lineage');
  assert.deepEqual(lineage.toSorted(), [one, agent, two, three].toSorted());
  assert.deepEqual((await issuedBy('--token', first, '--lineage')).toSorted(), [one, two, three, four].toSorted());
  assert.deepEqual(await issuedBy('--token', String(five), '--lineage'), [five]);
  assert.deepEqual(await issuedBy('--token', `${five}x`), []);
  for (const [args, said] of [
    [['--client', 'gatway'], 'there is no client gatway. Did you mean gateway?\n'],
    [['--client', 'quark', '--rule', 'nope'], ['there is no client quark.', 'there is no rule nope.', ''].join('\n')],
    [['--client', 'gateway', '--subject', 'nobody'], ''],
  ] as const) {
    const none = await beside(t, server, ['audit search', ...args]);
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '0 rows\n', said]);
    const remote = await cambio(t, ['audit', 'search', ...args, '--server', server.issuer], { env });
    assert.deepEqual(remote, none);
  }
  const notAnId = await beside(t, server, ['audit search', '--request', 'abc']);
  assert.deepEqual(notAnId, await beside(t, server, ['explain', '--request', 'abc']));
  assert.match(notAnId.stderr, /^cambio: this is not the id of a request\. /);
  const table = await beside(t, server, ['audit search', '--token', String(three)]);
  assert.match(
    table.stdout,
    /^TIME +OUTCOME +REQUEST .*\n\d{4}-\d\d-\d\dT\S+Z +issued +token_exchange +gateway .*api\.example/,
  );
  const few = await beside(t, server, ['audit search', '--limit', '1']);
  assert.deepEqual(
    [few.stdout.split('\n').length, few.stderr],
    [3, '1 row, the maximum of --limit; there may be more\n'],
  );
});

test('audit search finds a grant by the server that redeems it, and by its jti at the issuer', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, redeemingOf([granting(idp, { id_jag: {} })]));
  const search = async (at: TestServer, ...args: string[]): Promise<readonly AuditEvent[]> => {
    const { code, stdout, stderr } = await beside(t, at, ['audit search', '--output', 'json', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)));
  };
  const jag = jagOf(idp, server, { jti: 'grant 7/8' });
  const answer = await redeem(server, jag);
  await redeem(server, jagOf(idp, server));
  const issued = claimsOf(answer.body.access_token).jti;
  for (const args of [
    ['--token', 'grant 7/8', '--issuer', idp.url],
    ['--token', jag],
    ['--token', jag, '--issuer', idp.url],
  ]) {
    const rows = await search(server, ...args);
    assert.deepEqual(
      rows.map((row) => row.issued?.[0]?.id),
      [issued],
      args.join(' '),
    );
  }
  assert.deepEqual(await search(server, '--token', 'grant-7', '--issuer', idp.url), []);
  assert.equal((await search(server, '--token', 'grant 7/8', '--issuer', idp.url, '--lineage')).length, 1);
  assert.equal((await search(server, '--token', String(issued), '--issuer', server.issuer)).length, 1);

  const { server: company, id_token } = await signedIn(t);
  const grant = await present(company, id_token, 'id_token', jagForm);
  assertIssued(company, grant);
  for (const audience of [VENDOR, CRM]) {
    const rows = await search(company, '--audience', audience, '--outcome', 'issued');
    assert.deepEqual(
      rows.map((row) => row.grantFor?.issuer),
      [VENDOR],
      audience,
    );
  }
  assert.deepEqual(await search(company, '--audience', PLAIN, '--outcome', 'issued'), []);
  const verified = await beside(t, company, ['audit verify']);
  assert.equal(verified.code, 0, verified.stdout);
});

test('lists and results are printed as text, JSON and CSV', async (t) => {
  const server = await startAdministered(t);
  const entry = join(server.folder, 'entry.yaml');
  writeFileSync(entry, `auth: client_secret_post\ngrants: [client_credentials]\naudiences: [${API}]\nscopes: [read]\n`);
  const made = await beside(t, server, ['clients create', 'reports', '--entry', entry, '--output', 'json']);
  const { id, source, secret } = JSON.parse(made.stdout);
  assert.deepEqual([id, source, typeof secret], ['reports', 'registered', 'string']);
  const [text = '', json = '', csv = ''] = await Promise.all(
    ['text', 'json', 'csv'].map(async (form) => (await beside(t, server, ['clients list', '--output', form])).stdout),
  );
  assert.match(text, /^ID +SOURCE +AUTH +GRANTS +STATE +SECRETS\n/);
  assert.match(text, /^reports +registered +client_secret_post +client_credentials +enabled +\S+ of \S+Z$/m);
  const ids = JSON.parse(json).map((client: { id: string }) => client.id);
  assert.deepEqual(ids, ids.toSorted());
  assert.match(csv, /^id,source,auth,grants,state,secrets\r\n/);
  assert.equal(csv.split('\r\n').length, ids.length + 2);
  const gone = await beside(t, server, ['clients show', 'report']);
  assert.deepEqual([gone.code, gone.stderr], [1, 'cambio: there is no client report. Did you mean reports?\n']);
  const inspected = await cambio(t, ['tokens', 'inspect', await subjectToken(server), '--output', 'json']);
  const said = JSON.parse(inspected.stdout);
  assert.deepEqual([said.kind, said.verified, said.claims.sub, said.actors], ['jwt', false, 'gateway', []]);
  const checked = await beside(t, server, ['check', '--output', 'json']);
  assert.deepEqual([checked.code, JSON.parse(checked.stdout)], [0, []]);
  const bad = join(server.folder, 'bad.yaml');
  writeFileSync(bad, 'issuer: 5\n');
  const faulty = await cambio(t, ['check', '--config', bad, '--output', 'json']);
  assert.equal(faulty.code, 1);
  assert.deepEqual([JSON.parse(faulty.stdout)[0].severity, JSON.parse(faulty.stdout)[0].line], ['fault', 1]);
  writeFileSync(entry, 'auth: [\n');
  const entryFault = await beside(t, server, ['clients update', 'reports', '--entry', entry]);
  assert.deepEqual([entryFault.code, entryFault.stderr.includes(entry)], [1, true], entryFault.stderr);
});

test('refuses to revoke an unknown name, unless --unknown is given', async (t) => {
  const server = await startAdministered(t);
  const env = { CAMBIO_TOKEN: await adminToken(server) };
  const again = 'To revoke the tokens of a name that is no longer known, add unknown (--unknown)';
  for (const [args, said] of [
    [['--client', 'gatway'], `there is no client gatway. Did you mean gateway? ${again}`],
    [['--client', 'quark'], `there is no client quark. ${again}`],
    [['--subject', 'ada', '--issuer', 'foo'], `there is no issuer foo. ${again}`],
  ] as const) {
    const local = await beside(t, server, ['tokens revoke', ...args]);
    assert.deepEqual([local.code, local.stderr], [1, `cambio: ${said}\n`]);
    const remote = await cambio(t, ['tokens', 'revoke', ...args, '--server', server.issuer], { env });
    assert.deepEqual([remote.code, remote.stderr], [1, local.stderr]);
    assert.equal((await beside(t, server, ['tokens revoke', ...args, '--unknown'])).code, 0);
  }
  for (const args of [
    ['--client', 'gateway'],
    ['--subject', 'ada'],
    ['--subject', 'ada', '--issuer', server.issuer],
  ])
    assert.equal((await beside(t, server, ['tokens revoke', ...args])).code, 0);
});

test('actors suspend refuses an unknown issuer in its own words, and audit search names the party', async (t) => {
  const server = await startAdministered(t);
  const other = ['actors suspend', '--issuer', 'https://e.example', '--subject', 'runner-7'];
  const { code, stderr } = await beside(t, server, other);
  assert.deepEqual(
    [code, stderr],
    [
      1,
      'cambio: there is no issuer https://e.example. To suspend a party of an issuer that is not known, add unknown (--unknown)\n',
    ],
  );
  for (const command of [
    [...other, '--unknown'],
    ['actors suspend', 'gateway'],
    ['actors resume', 'gateway'],
  ])
    assert.equal((await beside(t, server, command)).code, 0);
  const { stdout } = await beside(t, server, ['audit search']);
  assert.match(stdout, /resume-actor +\S+ +gateway /);
  assert.match(stdout, /suspend-actor +\S+ +gateway /);
  assert.match(stdout, /suspend-actor +\S+ +runner-7 /);
  const absent = await beside(t, server, ['policy diff', '--request', 'nope']);
  assert.deepEqual(
    [absent.code, /^cambio: this is not the id of a request\./.test(absent.stderr)],
    [1, true],
    absent.stderr,
  );
  const id = '01a22bc0-3357-77d7-9f8a-7bebf2c93673';
  const unknown = await beside(t, server, ['policy diff', '--request', id]);
  assert.deepEqual(
    [unknown.code, unknown.stderr.startsWith(`cambio: no audit row has the id ${id}`)],
    [1, true],
    unknown.stderr,
  );
});

test('an action that cannot be undone is announced: with --yes it is done, and without a terminal it is not', async (t) => {
  const server = await startAdministered(t);
  const subject_token = await subjectToken(server);
  const works = async (): Promise<number> => (await exchange(server, { subject_token })).status;
  for (const args of [
    ['tokens revoke', '--all'],
    ['audit erase', '--subject', 'gateway'],
    ['store rollback', '--discard'],
  ]) {
    const { code, stdout, stderr } = await beside(t, server, args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^cambio: This .* Nothing was done: there is no terminal to ask at\. Add --yes to do it\n$/);
  }
  assert.equal(await works(), 200);
  const asked = await beside(t, server, ['audit erase', '--subject', 'gateway']);
  assert.match(asked.stderr, /erases the personal fields of 2 rows of the audit about gateway, for good\./);
  const [row] = (
    await beside(t, server, [
      'audit search',
      '--client',
      'gateway',
      '--output',
      'json',
      '--outcome',
      'issued',
      '--subject',
      'gateway',
    ])
  ).stdout.split('\n');
  const { requestId } = JSON.parse(String(row));
  const erased = await beside(t, server, ['audit erase', '--subject', 'gateway', '--yes']);
  assert.match(erased.stdout, /^2 rows erased/);
  const told = await beside(t, server, ['explain', '--request', requestId]);
  assert.match(told.stdout, /Request \S+: token \(\w+\) at \S+, by gateway; its personal fields were erased/);
  assert.equal((await beside(t, server, ['tokens revoke', '--all', '--yes'])).code, 0);
});

test('at a terminal, a command asks, does nothing for no, and colours its header unless NO_COLOR is set', {
  skip: !existsSync('/usr/bin/script'),
}, async (t) => {
  const server = await startAdministered(t);
  const file = join(server.folder, 'cambio.yaml');
  const typed = (command: string, input: string, env: Record<string, string> = {}): string => {
    const line = `stty cols 60; ${process.execPath} ${PROGRAM} ${command} --config ${file}`;
    // Node prints no colour where these are set, as CI services do.
    const colourless = { CI: undefined, NODE_DISABLE_COLORS: undefined, FORCE_COLOR: undefined };
    const surroundings = { ...process.env, ...environmentOf(server), ...colourless, TERM: 'xterm', ...env };
    const args = { input, env: surroundings as NodeJS.ProcessEnv, encoding: 'utf8' } as const;
    return spawnSync('/usr/bin/script', ['-qec', line, '/dev/null'], args).stdout;
  };
  assert.match(typed('tokens revoke --all', 'no\n'), /This revokes every token[\s\S]*Type yes[\s\S]*nothing was done/);
  assert.match(typed('tokens revoke --all', 'yes\n'), /Revoked all that was issued so far/);
  assert.ok(typed('keys list', '', { NO_COLOR: '' }).startsWith('\u001b[1mKID'));
  const plain = typed('keys list', '', { NO_COLOR: '1' });
  assert.match(plain, /^KID +ALG +STATE\r\n\S+ +ES256 +active\r\n {4}created at \S+Z\r\n/);
});

test('a command refuses the database of another version and changes nothing; store migrate migrates it', async (t) => {
  const server = await startAdministered(t);
  await server.close();
  assert.equal((await beside(t, server, ['store rollback', '--discard', '--yes'])).code, 0);
  const said =
    /^cambio: the database is 1 step behind this version of cambio \(\S+\), and this command does not change the schema: start the server of this version, or run cambio store migrate\. To stay with the version before, use its own commands\n$/;
  for (const name of [
    'audit search',
    'audit tail',
    'audit verify',
    'audit export',
    'clients list',
    'keys list',
    'keys rotate',
  ]) {
    const { code, stdout, stderr } = await beside(t, server, [name]);
    assert.deepEqual([code, stdout], [1, ''], name);
    assert.match(stderr, said, name);
  }
  const migrated = await beside(t, server, ['store migrate']);
  assert.deepEqual([migrated.code, migrated.stderr], [0, '']);
  assert.equal((await beside(t, server, ['keys list'])).code, 0);
  const folder = temporaryFolder(t);
  const fresh = { ...server, folder };
  writeFileSync(join(folder, 'cambio.yaml'), yamlOf(administered));
  const early = await beside(t, fresh, ['keys list']);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /no database at \S+cambio\.db yet: start the server first, or run cambio store migrate/);
  assert.equal(existsSync(join(folder, 'cambio.db')), false);
  assert.equal((await beside(t, fresh, ['store migrate'])).code, 0);
  const again = await start(t, administered, { folder });
  assert.equal((await fetchAnswer(`${again.issuer}/readyz`)).status, 200);
});
