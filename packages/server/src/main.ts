// Starts the program: its output and its exit code.
import cluster from 'node:cluster';

// The reader of the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
// An older Node cannot replace itself with this process. It waits as its parent, and this process must end with it.
if (!cluster.isWorker && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
// SIGHUP ends a process without a listener. A server that is still starting reads its file once more after the start.
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined);
const { runProgram } = await import('./cli/program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
// A connection that hangs must not keep a stopped server running.
if (process.argv[2] === 'serve') setTimeout(() => process.exit(), 1000).unref();
