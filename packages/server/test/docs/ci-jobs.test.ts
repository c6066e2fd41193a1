// Runs the commands of the ready CI jobs (examples/ci) on a configuration and the decisions of a running server.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { administered, adminToken } from '../support/admin-api.ts';
import { exchange, subjectToken } from '../support/basics.ts';
import { environmentOf } from '../support/command.ts';
import { added, changed, edited, yamlOf } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { PROGRAM, repository, temporaryFolder } from '../support/program.ts';

interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly steps?: readonly {
    readonly name?: string;
    readonly run?: string;
    readonly env?: Readonly<Record<string, string>>;
  }[];
  readonly script?: readonly string[];
  readonly before_script?: readonly string[];
}

const readJobs = (name: string): Record<string, Job> & { readonly jobs?: Record<string, Job> } =>
  parse(readFileSync(join(repository, 'examples/ci', name), 'utf8'), { merge: true });

/** A merge request: a checkout whose last commit changes the configuration, and in which `cambio` is the program of this repository. */
function checkout(t: TestContext, server: TestServer, configuration = administered) {
  const folder = temporaryFolder(t);
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'cambio'), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  chmodSync(join(bin, 'cambio'), 0o755);
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  git('init', '--quiet');
  for (const commit of [administered, configuration]) {
    writeFileSync(join(folder, 'cambio.yaml'), yamlOf(commit));
    git('add', 'cambio.yaml');
    git('commit', '--quiet', '--allow-empty', '--message', 'change');
  }
  const surroundings = {
    ...process.env,
    ...environmentOf(server),
    PATH: [bin, process.env.PATH].join(delimiter),
    RUNNER_TEMP: folder,
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    CAMBIO_SERVER: server.issuer,
    CI_MERGE_REQUEST_DIFF_BASE_SHA: git('rev-parse', 'HEAD^1').trim(),
  };
  const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
      const options = { cwd: folder, env: { ...surroundings, ...env } };
      execFile('bash', ['-eo', 'pipefail', '-c', script], options, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  return { run, read: (name: string) => readFileSync(join(folder, name), 'utf8') };
}

/** A server that has decided. */
async function decided(t: TestContext): Promise<TestServer> {
  const server = await start(t, administered);
  assert.equal((await exchange(server, { subject_token: await subjectToken(server) })).status, 200);
  return server;
}

/** The same file with a warning, and with a rule that allows less than was given. */
const [first] = administered.rules as readonly { readonly name: string }[];
const wrong = changed(
  administered,
  { rules: edited(String(first?.name), { grant: { scopes: [] } }) },
  { rules: added({ name: 'old', effect: 'deny', client: 'nobody' }) },
);

/** What `wrong` changes. */
const CHANGES = /^rule old/m;

test('the job for GitHub Actions passes for a good file, and fails for a warning and a changed decision', async (t) => {
  const server = await decided(t);
  const token = await adminToken(server, 'auditor');
  const { steps = [], env = {} } = readJobs('github-actions.yml').jobs?.check ?? {};
  const ours = steps.filter(({ run }) => run?.includes('cambio '));
  assert.deepEqual(
    ours.map(({ name }) => name),
    [
      'Check the file and run the tests of its rules',
      'List what changes',
      'Get the decisions of the last week',
      'Compare with recorded decisions',
      'List the rights that no request used',
    ],
  );
  // A file under review could name the token of every step that has it.
  assert.deepEqual(
    steps.filter((step) => 'CAMBIO_TOKEN' in { ...env, ...step.env }).map(({ name }) => name),
    [ours[2]?.name],
  );
  const outcomes = async (configuration = administered) => {
    const { run, read } = checkout(t, server, configuration);
    const codes: unknown[] = [];
    let said = '';
    for (const step of ours) {
      const { code, stdout, stderr } = await run(
        step.run ?? '',
        step.env === undefined ? env : { ...env, CAMBIO_TOKEN: token },
      );
      codes.push(code);
      said += stdout + stderr;
    }
    return { codes, said, summary: read('summary.md') };
  };
  const good = await outcomes();
  assert.deepEqual([good.codes, /::(?:error|warning)/.test(good.said)], [[0, 0, 0, 0, 0], false], good.said);
  assert.match(good.summary, /^no change\nNot used since/);
  const bad = await outcomes(wrong);
  assert.deepEqual(bad.codes, [1, 0, 0, 1, 0], bad.said);
  assert.match(bad.summary, CHANGES);
  assert.match(bad.said, /^::warning file=cambio\.yaml,line=\d+::rules\[old\]\.client[^:]*: [^\n]+\n/);
  assert.match(bad.said, /1 of \d+ recorded decisions would change/);
});

test('the jobs for GitLab pass for a good file, and fail for a warning and a changed decision', async (t) => {
  const server = await decided(t);
  const jobs = readJobs('gitlab-ci.yml');
  const token = await adminToken(server, 'auditor');
  const outcomes = async (configuration = administered) => {
    const { run, read } = checkout(t, server, configuration);
    const codes: Record<string, unknown> = {};
    let said = '';
    for (const name of ['recorded decisions', 'check', 'decisions']) {
      const { script = [], variables = {} } = jobs[name] ?? {};
      assert.ok(
        script.some((line) => line.includes('cambio ')),
        name,
      );
      const { code, stdout, stderr } = await run(script.join('\n'), { ...variables, CAMBIO_TOKEN: token });
      codes[name] = code;
      said += stdout + stderr;
    }
    return { codes, said, report: JSON.parse(read('codequality.json')) };
  };
  const good = await outcomes();
  assert.deepEqual([good.codes, good.report], [{ 'recorded decisions': 0, check: 0, decisions: 0 }, []], good.said);
  const bad = await outcomes(wrong);
  assert.deepEqual(bad.codes, { 'recorded decisions': 0, check: 1, decisions: 1 }, bad.said);
  assert.match(bad.said, /^cambio\.yaml:\d+: warning: rules\[old\]\.client/m);
  assert.match(bad.said, CHANGES);
  const [{ description, check_name, severity, location, fingerprint }] = bad.report;
  assert.match(description, /^rules\[old\]\.client/);
  assert.deepEqual([check_name, severity, location.path], ['file', 'minor', 'cambio.yaml']);
  assert.ok(location.lines.begin > 1 && fingerprint.length > 10);
});
