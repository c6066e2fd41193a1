// Does the server run where it is installed? Its tarball holds JavaScript, types, the launcher and the licence.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { path, repository, runProgram, temporaryFolder } from './program.ts';

test('the packed server starts, and checks a file', { timeout: 180_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const run = async (cwd: string, ...command: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(t, command, { cwd, env: { PATH: path } });
    assert.equal(code, 0, stderr + stdout);
    return stdout;
  };
  await run(join(repository, 'packages/server'), 'npm', 'pack', '--pack-destination', folder);
  await run(folder, 'tar', 'xzf', ...readdirSync(folder));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const installed = join(folder, 'package');
  assert.deepEqual(readdirSync(installed).sort(), ['LICENSE', 'bin', 'dist', 'package.json']);
  assert.ok(existsSync(join(installed, 'dist/app.d.ts')));
  writeFileSync(
    join(folder, 'cambio.yaml'),
    'issuer: http://localhost:8080\nserver: { port: 8080 }\nstore: sqlite:cambio.db\n',
  );
  const cambio = [process.execPath, join(installed, 'bin/cambio.mjs')];
  assert.match(await run(folder, ...cambio, 'check', '--config', 'cambio.yaml'), /cambio\.yaml: good/);
});
