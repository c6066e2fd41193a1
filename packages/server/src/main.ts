// The process of the program: what it remembers between runs, its output and its exit code.
import cluster from 'node:cluster';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the program, where only those who may change the program can write.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

// Whoever reads may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
// An older Node cannot make way for this process: it waits beside it, and this process must not outlive it.
if (!cluster.isWorker && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
// A process ends at SIGHUP unless somebody listens. A server that still starts reads its file once more when it has started.
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined);
const { runProgram } = await import('./cli/program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
// A connection that hangs does not keep a server that has ended.
if (process.argv[2] === 'serve') setTimeout(() => process.exit(), 1000).unref();
