// Does PostgreSQL end with the test file that started it, however the file ends?
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from './node.ts';
import { isOpenToAll, runProgram, temporaryFolder } from './program.ts';

const MODULE = join(import.meta.dirname, 'postgres.ts');

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

for (const [how, ending] of [
  ['throws while it sets up', "throw new Error('no set-up')"],
  ['is killed', "process.kill(process.pid, 'SIGKILL')"],
] as const) {
  test(`a test file that ${how} leaves neither PostgreSQL nor its folder`, async (t) => {
    const script = `
      const { startPostgres, query } = await import(${JSON.stringify(MODULE)});
      const postgres = await startPostgres({ after: () => undefined });
      const url = (await postgres.database()).replace('test_0', 'postgres');
      const [{ data_directory }] = await query(url, 'show data_directory');
      const [{ pid }] = await query(url, "select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid");
      console.log(JSON.stringify({ pid, data: data_directory }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      ${ending};`;
    const command = [process.execPath, '--conditions=source', '--input-type=module', '-e', script];
    const { stdout, stderr } = await runProgram(t, command);
    assert.notEqual(stdout, '', stderr);
    const { pid, data } = JSON.parse(stdout);
    await eventually(
      async () => [isRunning(pid), existsSync(data)].some(Boolean),
      (left) => !left,
    );
  });
}

test('a folder is accessible if every user may enter it and its parents', {
  skip: process.platform === 'win32',
}, (t) => {
  assert.deepEqual([isOpenToAll('/'), isOpenToAll(temporaryFolder(t))], [true, false]);
});
