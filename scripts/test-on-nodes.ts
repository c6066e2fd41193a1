// Runs the built package, and the test of memory that strangers can use, on every Node that the package supports: the first, the
// last of each line, and the one in the lock file. Not part of `npm test`, because it installs each Node from the registry.
import { findNode, runTests, SERVER_NODES } from './nodes.ts';

const TESTS = ['bin/package', 'client-auth/memory', 'http/endpoints/introspect'];
const files = TESTS.map((name) => `packages/server/test/${name}.test.ts`);

let failed = 0;
for (const version of SERVER_NODES) {
  const node = findNode(version);
  const { passed, summary } =
    node === undefined ? { passed: false, summary: 'cannot be installed' } : runTests(files, { node });
  console.log(`Node ${version}: ${summary}`);
  if (!passed) failed++;
}
console.log(`${SERVER_NODES.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
