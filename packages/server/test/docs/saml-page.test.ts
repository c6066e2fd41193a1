// Follows docs/guides/saml.md: runs its commands as written, and compares their output with the page.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/harness.ts';
import { installed, NPX } from '../support/pages-of-docs.ts';
import { path, repository, runProgram, startProgram, temporaryFolder } from '../support/program.ts';

const SERVE = 'npx @cambio/server serve --config cambio.yaml';
const missing = ['xmlsec1', 'openssl', 'jq', 'curl'].find((tool) => spawnSync(tool, ['--version']).error !== undefined);
const skip = process.platform === 'linux' ? missing && `${missing} is not installed` : 'the page is for Linux';

test('every command prints what the page on SAML shows', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const port = String(await freePort());
  const text = readFileSync(join(repository, 'docs/guides/saml.md'), 'utf8').replaceAll('8080', port);
  const blocks = [...text.matchAll(/```(bash|json)\n(.*?)```/gs)].map(([, kind = '', body = '']) => ({ kind, body }));
  const served = blocks.findIndex(({ body }) => body.trim() === SERVE);
  assert.ok(served > 0, 'the page starts a server');
  const around = { cwd: temporaryFolder(t), env: { PATH: [join(repository, 'node_modules/.bin'), path].join(':') } };
  const bash = (script: string) => runProgram(t, ['bash', '-euo', 'pipefail', '-c', `${NPX}\n${script}`], around);
  const scripts = (from: number, to?: number) => blocks.slice(from, to).filter(({ kind }) => kind === 'bash');
  const setUp = await bash(
    scripts(0, served)
      .map(({ body }) => body)
      .join(''),
  );
  assert.deepEqual([setUp.code, setUp.stderr], [0, '']);
  const server = startProgram(t, installed(SERVE).split(' '), around);
  await server.printed('serves');
  const walk = await bash(
    scripts(served + 1)
      .map(({ body }) => body)
      .join(''),
  );
  assert.deepEqual([walk.code, walk.stderr], [0, ''], walk.stdout);
  const expected = blocks
    .slice(served + 1)
    .filter(({ kind }) => kind === 'json')
    .map(({ body }) => body)
    .join('');
  assert.equal(walk.stdout, expected);
});
