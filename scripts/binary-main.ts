// Starts the program of `npm run build:binary`, in which Node and the server are one file.
import cluster from 'node:cluster';

const [, , command = '', ...words] = process.argv;
// A worker is this file with the same words: there is no script to name.
if (cluster.isPrimary) cluster.setupPrimary({ exec: command, args: words, execArgv: [] });
// glibc reads this before the program begins, so the server begins once more: see bin/cambio.mjs.
const THRESHOLD = 'MALLOC_MMAP_THRESHOLD_';
if (command === 'serve' && process.platform === 'linux' && process.env[THRESHOLD] === undefined) {
  const env = { ...process.env, [THRESHOLD]: String(4 * 2 ** 20) };
  process.execve?.(process.execPath, [process.execPath, command, ...words], env);
}
await import('../packages/server/src/main.ts');
