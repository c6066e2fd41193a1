// The launcher `cambio` runs the program on any Node, and passes on its streams, signals and exit code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { cambio } from '../support/command.ts';
import { freePort } from '../support/harness.ts';
import { findOldNode, repository, runProgram, startProgram, temporaryFolder } from '../support/program.ts';

const BIN = join(repository, 'packages/server/bin/cambio.mjs');
/** Time within which Node would print that its debugger listens. */
const DEBUGGER_MS = 500;
const configuration = (port: number, { host = '127.0.0.1', store = 'cambio.db' } = {}): string =>
  `issuer: http://${host}:${port}\nserver: { port: ${port}, metrics: off }\nstore: sqlite:${store}\n`;

const oldNode = findOldNode();
/** The launcher is replaced by the program if its Node can do that, and otherwise passes signals on. Both ways are tested. */
const launchers = [
  { name: 'the Node of the repository', command: [process.execPath, BIN], signal: 'SIGINT' },
  { name: 'an older Node', command: oldNode === undefined ? undefined : [oldNode, BIN], signal: 'SIGTERM' },
] as const;

for (const { name, command, signal } of launchers) {
  suite(`cambio started by ${name}`, { concurrency: 4 }, () => {
    const skip = command === undefined ? 'there is no Node older than 24 in the path' : false;
    const cambio = [...(command ?? [])];

    test('passes on standard output, standard error and exit codes unchanged', { skip }, async (t) => {
      const folder = temporaryFolder(t);
      const [good, bad] = [join(folder, 'good.yaml'), join(folder, 'bad.yaml')];
      writeFileSync(good, configuration(8080));
      writeFileSync(bad, 'issuer: http://localhost\ncolour: blue\nserver: { port: red }\n');
      const checked = await runProgram(t, [...cambio, 'check', '--config', good]);
      assert.deepEqual([checked.code, checked.stderr], [0, '']);
      // One line, without output of the launcher.
      const [line = '', ...others] = checked.stdout.split('\n');
      assert.equal(line.startsWith(`${good}: good (0 clients, 0 resources, 0 rules`), true, checked.stdout);
      assert.deepEqual(others, ['']);
      const faulty = await runProgram(t, [...cambio, 'check', '--config', bad]);
      assert.deepEqual([faulty.code, faulty.stdout], [1, '']);
      assert.match(faulty.stderr, /^.*bad\.yaml:2:1: colour: unknown key\. Known here: /m);
      assert.match(faulty.stderr, /^.*bad\.yaml:3:\d+: server\.port: /m);
    });

    test('stops the server when it is stopped by SIGKILL, and opens no debugger', { skip }, async (t) => {
      const port = await freePort();
      const file = join(temporaryFolder(t), 'cambio.yaml');
      writeFileSync(file, configuration(port));
      const server = startProgram(t, [...cambio, 'serve', '--config', file]);
      await server.printed(`port ${port}`);
      server.tell('SIGUSR1');
      await wait(DEBUGGER_MS);
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
      server.tell('SIGKILL');
      const { stderr } = await server.ended;
      assert.doesNotMatch(stderr, /Debugger/);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`));
    });

    test(`passes ${signal} on, and the server drains`, { skip }, async (t) => {
      const port = await freePort();
      const file = join(temporaryFolder(t), 'cambio.yaml');
      writeFileSync(file, configuration(port));
      const server = startProgram(t, [...cambio, 'serve', '--config', file]);
      await server.printed(`port ${port}`);
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
      server.tell(signal);
      const { code, stdout, stderr } = await server.ended;
      const ready = `cambio serves http://127.0.0.1:${port} on 127.0.0.1 port ${port}\n`;
      assert.deepEqual([code, stdout.slice(-ready.length), stderr], [0, ready, '']);
      assert.match(stdout, /^cambio +\d\S+, by .*\nissuer +http.*\nlistens .*\nstore +SQLite, .*\nkeys +ES256;/);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`));
    });
  });
}

test('exits with 2 for wrong usage and with 0 for help', async (t) => {
  const run = (...args: string[]) => cambio(t, args);
  const usages = [[], ['nonsense'], ['serve'], ['check', '--nonsense']];
  const [help, ...wrong] = await Promise.all([run('--help'), ...usages.map((args) => run(...args))]);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  for (const command of ['serve', 'check', 'demo']) assert.match(help.stdout, new RegExp(`^ +${command}\\b`, 'm'));
  for (const { code, stdout, stderr } of wrong) {
    assert.deepEqual([code, stdout], [2, '']);
    assert.notEqual(stderr, '');
  }
});

test('on an older Node, cambio names the version that it needs', async (t) => {
  if (oldNode === undefined) return t.skip('there is no Node older than 24 in the path');
  const alone = join(temporaryFolder(t), 'cambio.mjs');
  copyFileSync(BIN, alone);
  const { code, stdout, stderr } = await runProgram(t, [oldNode, alone, 'check']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^cambio needs Node 24\.7 or later; this is v\d+\.\d+\.\d+\n$/);
});

test('cambio demo shows an exchange, a delegation and a refusal with its reason, and leaves no files', async (t) => {
  const TMPDIR = temporaryFolder(t);
  const { code, stdout, stderr } = await runProgram(t, [process.execPath, BIN, 'demo'], { env: { TMPDIR } });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"/);
  assert.match(stdout, /"sub": "shop"[^}]*"act": \{\s*"sub": "assistant",\s*"iss": "https:\/\/login\.example"\s*\}/);
  assert.match(stdout, /"error_description": "The actor is not allowed to act for this subject"/);
  assert.match(stdout, /"reason": "no_rule_for_actor"/);
  assert.deepEqual(readdirSync(TMPDIR), []);
});

test('a file that cannot be used is reported in one line, without a stack trace, and exits with 1', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const file = join(folder, 'cambio.yaml');
  const serve = (yaml: string) => {
    writeFileSync(file, yaml);
    return cambio(t, ['serve', '--config', file]);
  };
  writeFileSync(join(folder, 'cambio.db'), 'no database, though longer than the header of one. '.repeat(20));
  const failures = [
    await cambio(t, ['serve', '--config', join(folder, 'absent.yaml')]),
    await serve('issuer: [\n'),
    await serve(configuration(port, { host: 'login.example' })),
    await serve(configuration(port)),
    await serve(configuration(port, { store: 'cambio.yaml/cambio.db' })),
  ];
  for (const { code, stdout, stderr } of failures) {
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^cambio: [^\n]+\n$/);
  }
});

test('the support for tests: a program that has ended may be signalled before its output is read', async (t) => {
  const program = startProgram(t, ['sh', '-c', 'yes done | head -c 60000']);
  // It ends while this process is busy, as on a busy machine: the exit is known before the end of the output.
  spawnSync('sleep', ['0.5']);
  assert.equal(await program.exited, 0);
  program.tellGroup('SIGKILL');
  assert.match((await program.ended).stdout, /done/);
});
