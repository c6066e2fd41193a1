// F26, F27: the disk takes 200 ms to write a commit, and another process holds the lock of the database. Both delay commits. Nothing
// else may wait for them.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { get } from '../caller.ts';
import { configuration } from '../cast.ts';
import { type Member, openFolder, sqliteAt, startMember, untilReady } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { otherPaths, walkOtherPaths } from '../other-paths.ts';
import { ALWAYS, countOf, percentile, type Session, slowest, underLoad } from '../session.ts';

const SYNC_MS = 200;
const LOCK_MS = 3000;
/** Load before the fault, so that what is measured is not the first compilation of the code. */
const WARM_MS = 2000;
/** Milliseconds between two requests that need no commit. */
const EVERY_MS = 20;
const MAX_LIVE_MS = 50;
const MAX_REFUSAL_MS = 20;

/** Every call of the system that waits for the disk takes longer, in whichever thread it is made. */
const SLOW = [
  ...['strace', '-D', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', 'signal=none'],
  ...['-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:delay_enter=${SYNC_MS}ms`],
];

function canDelay(): boolean {
  try {
    execFileSync('strace', [...SLOW.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Waits {
  readonly live: number[];
  readonly refused: number[];
  /** Of a server that does nothing: what the machine and the caller take. */
  readonly idle: number[];
}

const IDLE = `const server = require('node:http').createServer((_, answer) => answer.end());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

/** @returns the URL of a server that does nothing */
async function startIdle({ after }: Bench): Promise<string> {
  const child = spawn(process.execPath, ['-e', IDLE], { stdio: ['ignore', 'pipe', 'inherit'] });
  after(async () => void child.kill());
  const [port] = await once(child.stdout, 'data');
  return `http://127.0.0.1:${String(port).trim()}`;
}

/** Asks what needs no commit, again and again, while the work runs. */
async function askBeside({ url }: Member, idle: string, work: () => Promise<void>): Promise<Waits> {
  const waits: Waits = { live: [], refused: [], idle: [] };
  let ended = false;
  const askOften = async (at: string, status: number, taken: number[]): Promise<void> => {
    while (!ended) {
      const began = performance.now();
      const answer = await get(at);
      taken.push(answer?.status === status ? performance.now() - began : Number.POSITIVE_INFINITY);
      await wait(EVERY_MS);
    }
  };
  const asking = [
    askOften(`${url}/livez`, 200, waits.live),
    askOften(`${url}/nowhere`, 404, waits.refused),
    askOften(idle, 200, waits.idle),
  ];
  try {
    await work();
  } finally {
    ended = true;
    await Promise.all(asking);
  }
  return waits;
}

function judgeWaits({ blame }: Session, { live, refused, idle }: Waits): string {
  const [slowestLive, p99] = [Math.max(...live), percentile(refused, 99)];
  const beside = `${Math.max(...idle).toFixed(1)} and ${percentile(idle, 99).toFixed(1)} ms`;
  if (slowestLive > MAX_LIVE_MS) blame('I8', `livez took ${slowestLive.toFixed(1)} ms`);
  if (p99 > MAX_REFUSAL_MS) blame('I8', `p99 of refusals without a commit is ${p99.toFixed(1)} ms`);
  return `livez at most ${slowestLive.toFixed(1)} ms, p99 of refusals without a commit ${p99.toFixed(1)} ms (a server that does nothing: ${beside})`;
}

async function beside(
  bench: Bench,
  { under, repetitions }: { readonly under?: readonly string[]; readonly repetitions: number },
  once: (file: string) => Promise<void>,
): Promise<Outcome> {
  const file = `${openFolder(bench)}/cambio.db`;
  const store = sqliteAt(file);
  const member = await startMember(bench, configuration(store.location, otherPaths), [], under);
  const idle = await startIdle(bench);
  let [waits, walked] = ['', ''];
  const plan = { store, members: [member], lives: 8, pause: 5, failures: 'expected' } as const;
  const outcome = await underLoad(plan, async (session) => {
    const walkers = walkOtherPaths(session, member);
    await wait(WARM_MS);
    const all = await askBeside(member, idle, async () => {
      for (let time = 0; time < repetitions; time++) await once(file);
    });
    waits = judgeWaits(session, all);
    await untilReady(member);
    await examine(session.caller, [member], 10);
    walked = await walkers.judge();
  });
  const [ledger] = outcome.ledgers;
  return {
    ...outcome,
    repetitions,
    checked: [...ALWAYS, 'I9'],
    note: `${waits}; ${walked}; ${countOf(ledger, 503)} answers were 503, the slowest after ${slowest(ledger, 503)} ms`,
  };
}

async function holdLock(file: string): Promise<void> {
  await wait(500);
  const database = new DatabaseSync(file, { timeout: 5000 });
  try {
    database.exec('begin immediate');
    await wait(LOCK_MS);
    database.exec('rollback');
  } finally {
    database.close();
  }
}

export const slowDisk: Fault = {
  id: 'F26',
  title: `every wait for the disk takes ${SYNC_MS} ms longer, SQLite`,
  run: async (bench) => {
    if (!canDelay()) throw new Error('needs strace, and the right to trace');
    return beside(bench, { under: SLOW, repetitions: bench.times(20, 3) }, () => wait(1000));
  },
};

export const lockHeld: Fault = {
  id: 'F27',
  title: `another process holds the lock of the database for ${LOCK_MS / 1000} s, SQLite`,
  run: (bench) => beside(bench, { repetitions: bench.times(5, 1) }, holdLock),
};
