// Runs the built package, and the test of memory that strangers can use, on every Node that the package supports: the first, the
// last of each line, and the one in the lock file. Not part of `npm test`, because it installs each Node from the registry.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
/** `engines.node` of packages/server starts with the first. */
const VERSIONS = ['24.7.0', '24.22.3', '26.10.0'];
const TESTS = ['bin/package', 'client-auth/memory', 'http/endpoints/introspect'];

const platform = `node-${process.platform}-${process.arch}`;
let failed = 0;
for (const version of VERSIONS) {
  const folder = join(ROOT, 'node_modules/.cache/nodes', version);
  const node = join(folder, 'node_modules', platform, 'bin/node');
  if (!existsSync(node)) {
    const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${platform}@${version}`];
    spawnSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'], cwd: ROOT });
  }
  const files = TESTS.map((name) => `packages/server/test/${name}.test.ts`);
  const { status, stdout } = spawnSync(node, ['--conditions=source', '--test', ...files], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const lines = (stdout ?? '').split('\n').filter((line) => /^(?:✖|ℹ (?:pass|fail))/.test(line));
  console.log(`Node ${version}: ${lines.join(', ') || 'could not be started'}`);
  if (status !== 0) failed++;
}
console.log(`${VERSIONS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
