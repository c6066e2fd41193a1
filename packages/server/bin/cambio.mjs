#!/usr/bin/env node
// Starts src/main.ts (in the repository) or dist/main.js (when installed) on Node 24.7 or later, the first that has argon2,
// whichever Node ran this file. Plain JavaScript with nothing imported that an old Node lacks.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIRED = '24.7';
const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '../src/main.ts');
const main = existsSync(source) ? source : join(here, '../dist/main.js');

/** The Node that the lock file brought, else this one where it is new enough. */
function findNode() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const { resolve } = createRequire(import.meta.url);
  // Packages of Node are named in two ways.
  for (const name of ['node', 'node-bin'].map((prefix) => `${prefix}-${system}-${process.arch}`)) {
    try {
      const bin = join(dirname(resolve(`${name}/package.json`)), 'bin');
      const found = ['node', 'node.exe'].map((file) => join(bin, file)).find((file) => existsSync(file));
      if (found !== undefined) return found;
    } catch {
      // Not installed: optional, and only for some platforms.
    }
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [requiredMajor, requiredMinor] = REQUIRED.split('.').map(Number);
  const isEnough = major > requiredMajor || (major === requiredMajor && minor >= requiredMinor);
  return isEnough ? process.execPath : undefined;
}

const node = findNode();
if (node === undefined) {
  console.error(`cambio needs Node ${REQUIRED} or later; this is ${process.version}`);
  process.exit(1);
}
// Node opens a debugger at SIGUSR1 unless it is told not to.
const args = [
  '--conditions=source',
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  // The young generation of a thread, in MiB. Each time that it is full, V8 copies what requests hold that wait for a commit: half as
  // often as with 4. With 16 it is half as often again. But a start fills all of it, twice over, and V8 never gives that memory back.
  // The threads of the database keep their first 1 MiB, because nothing survives there.
  '--max-semi-space-size=8',
  main,
  ...process.argv.slice(2),
];
// Node keeps what it has compiled. Beside the program: only a user who may change the program can write there.
process.env.NODE_COMPILE_CACHE ??= join(here, '../node_modules/.cache/compile');
// glibc keeps large memory that was freed, in each thread: 19 MiB of every password hash. Beyond this size it returns it.
process.env.MALLOC_MMAP_THRESHOLD_ ??= String(4 * 2 ** 20);
process.removeAllListeners('warning'); // execve is still marked experimental, which the user need not read
if (typeof process.execve === 'function' && process.platform !== 'win32') {
  process.execve(node, [node, ...args], process.env);
}
// The channel tells the program when this process ends, however it ends.
const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
// Nor does this process open one.
process.on('SIGUSR1', () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`cambio: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
