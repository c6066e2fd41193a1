// Follows docs/reference/token-types.md: runs its commands as written, and compares their output with the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/harness.ts';
import { installed } from '../support/pages-of-docs.ts';
import { path, repository, runProgram, startProgram, temporaryFolder } from '../support/program.ts';

const PAGE = join(repository, 'docs/reference/token-types.md');
const SERVE = 'npx @cambio/server serve --config cambio.yaml';

test('every command prints what the page on token types shows', async (t) => {
  const port = String(await freePort());
  const text = readFileSync(PAGE, 'utf8').replaceAll('8080', port);
  const blocks = [...text.matchAll(/```(bash|json)\n(.*?)```/gs)].map(([, kind, body = '']) => ({ kind, body }));
  const served = blocks.findIndex(({ body }) => body.trim() === SERVE);
  assert.ok(served > 0, 'the page starts a server');
  const around = {
    cwd: temporaryFolder(t),
    env: { PATH: [join(repository, 'node_modules/.bin'), path].join(':') },
  };
  const bash = (script: string) => runProgram(t, ['bash', '-euo', 'pipefail', '-c', script], around);
  const setUp = await bash(
    blocks
      .slice(0, served)
      .map(({ body }) => body)
      .join(''),
  );
  assert.equal(setUp.code, 0, setUp.stderr);
  const server = startProgram(t, installed(SERVE).split(' '), around);
  await server.printed('serves');
  // One shell for all blocks, because later ones use variables of earlier ones. A mark separates their output.
  const walk = blocks.slice(served + 1);
  const MARK = '---- end of block';
  const commands = walk.filter(({ kind }) => kind === 'bash').map(({ body }) => `${body}\necho '${MARK}'\n`);
  const { stdout, stderr, code } = await bash(commands.join(''));
  assert.deepEqual([code, stderr], [0, ''], stdout);
  const printed = stdout.split(`${MARK}\n`).slice(0, -1);
  const expected = walk.flatMap(({ kind }, index) =>
    kind === 'json' ? [] : [walk[index + 1]?.kind === 'json' ? walk[index + 1]?.body : ''],
  );
  assert.deepEqual(printed.map(toMinutes), expected.map(toMinutes));
});

/** The remaining lifetime depends on the speed of the test: compare whole minutes. */
const toMinutes = (text: string | undefined): string | undefined =>
  text?.replace(/("expires_in": )(\d+)/g, (_whole, name, left) => `${name}${Math.round(Number(left) / 60)} min`);
