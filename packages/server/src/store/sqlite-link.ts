// Links to a connection of SQLite: on a thread of its own, so that the event loop never waits for a disk, or in this thread.
import { Worker } from 'node:worker_threads';
import { describeError } from '../primitives/failure.ts';
import { type Access, createConnection, type Failure, type Reply, type Request } from './sqlite-connection.mjs';
import { sqliteThread } from './sqlite-thread-location.ts';

export interface Link extends Asked {
  /** Asks the current thread alone: a transaction cannot continue in another one. */
  readonly pin: () => Asked;
}

/** Requests are answered in their order. */
export interface Asked {
  /** @throws Error with the properties of the error of the driver, or one that says that the thread has ended */
  readonly ask: (request: Request) => Promise<SqliteAnswer>;
}

export type SqliteAnswer = Exclude<Reply, { readonly error: Failure }>;

function unwrap(reply: Reply): SqliteAnswer {
  if (!('error' in reply)) return reply;
  throw Object.assign(new Error(reply.error.message), reply.error.facts);
}

/**
 * How long a statement waits for a lock that another process holds. On a thread it is shorter than the wait of a request, so that
 * most callers are answered once it is known that nothing was committed.
 */
const BUSY_MS = { here: 1000, thread: 500 } as const;

/** For commands, which have nothing else to do meanwhile. */
export function linkHere(file: string, access: Access): Link {
  const { answer } = createConnection(file, access, BUSY_MS.here);
  const here: Asked = { ask: async (request) => unwrap(answer(request)) };
  return { ...here, pin: () => here };
}

const ENDED = 'the thread of the database has ended';
/** After a thread has ended, requests fail for this long before another one starts. */
const RESTART_MS = 500;

const ended: Asked = { ask: () => Promise.reject(new Error(ENDED)) };

/** @param report gets a line if the thread ends by itself. A later request starts another one */
export function linkToThread(file: string, access: Access, report: (line: string) => void): Link {
  let endedAt = Number.NEGATIVE_INFINITY;
  const start = (): Asked =>
    startThread(file, access, (error) => {
      endedAt = performance.now();
      thread = undefined;
      report(
        `${ENDED}, and another one starts: ${error === undefined ? 'the cause is not known' : describeError(error)}`,
      );
    });
  let thread: Asked | undefined = start();
  const current = (): Asked => {
    if (thread === undefined && performance.now() < endedAt + RESTART_MS) return ended;
    thread ??= start();
    return thread;
  };
  return { ask: (request) => current().ask(request), pin: current };
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** The thread keeps the process running only while requests wait for it. */
function startThread(file: string, access: Access, onEnd: (error: Error | undefined) => void): Asked {
  const worker = new Worker(sqliteThread, {
    name: `database, ${access}`,
    workerData: { file, access, busyMs: BUSY_MS.thread },
    env: {},
    // What was preloaded into the process is not for this thread.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting: Waiting[] = [];
  let closing = false;
  let hasEnded = false;
  let failure: Error | undefined;
  worker.unref();
  worker.on('message', (reply: Reply) => {
    waiting.shift()?.resolve(reply);
    if (waiting.length === 0) worker.unref();
  });
  worker.on('error', (error: Error) => {
    failure = error;
  });
  worker.on('exit', () => {
    hasEnded = true;
    for (const { reject } of waiting.splice(0)) reject(new Error(ENDED, { cause: failure }));
    if (!closing) onEnd(failure);
  });
  return {
    ask: async (request) => {
      if (closing) throw new Error('the database is closed');
      // Nobody would answer.
      if (hasEnded) throw new Error(ENDED, { cause: failure });
      closing = request === 'close';
      // It throws if the request cannot be sent. Then no reply comes, and nobody may wait for that of another request.
      worker.postMessage(request);
      const replied = new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject }));
      if (waiting.length === 1) worker.ref();
      return unwrap(await replied);
    },
  };
}
