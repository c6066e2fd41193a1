// How do several processes serve one port? The first one owns the port and starts the workers; each worker is a server.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { MetricsAddress } from '../metrics/listener.ts';
import { serveAt } from '../metrics/open.ts';
import type { Report } from '../primitives/log.ts';
import { newId } from '../primitives/random.ts';
import { untilToldToStop } from '../stop.ts';
import { EXIT } from './command.ts';
import { relayCounts } from './sharing.ts';

/** Delay before a worker that ended is replaced. It doubles each time, until a replacement listens. */
const REPLACE_AFTER_MS = { first: 500, longest: 10_000 };
/** Holds a random text that the workers of this node share. */
export const NODE_VARIABLE = 'CAMBIO_NODE';
/** A replacement that does not listen within this time, and the time to wait for the database, is stopped and replaced. */
const START_DEADLINE_MS = 60_000;

interface Supervision {
  readonly metrics: MetricsAddress | undefined;
  /** How long a worker waits for the database. */
  readonly waitMs: number;
  readonly report: Report;
}

/** @param started is called once all workers answer. @returns the exit code */
export async function superviseWorkers(
  count: number,
  { metrics, waitMs, report }: Supervision,
  started: (serving: { readonly port: number; readonly servesMetrics: boolean }) => void,
): Promise<number> {
  let stopping = false;
  const stopSignal = untilToldToStop().then(() => {
    stopping = true;
    signalAll('SIGTERM');
  });
  /** Workers that answer requests. Others may not handle signals yet; they read the file when they start. */
  const answering = new Set<Worker>();
  process.on('SIGHUP', () => {
    for (const worker of answering) worker.process.kill('SIGHUP');
  });
  let pause = REPLACE_AFTER_MS.first;
  const node = newId();
  relayCounts();
  let port = 0;
  // Start them one by one, so that a failure to start is reported once.
  for (let index = 0; index < count && !stopping; index++) {
    const worker = fork();
    const listening = await untilListening(worker);
    if (listening === undefined) {
      if (!stopping) signalAll('SIGTERM');
      return stopping ? EXIT.done : EXIT.failed;
    }
    port = listening;
    replaceOnce(worker);
  }
  const stopMetrics = await serveMetrics(metrics, report);
  if (!stopping) started({ port, servesMetrics: stopMetrics !== undefined });
  await stopSignal;
  await Promise.all(runningWorkers().map((worker) => once(worker, 'exit')));
  await stopMetrics?.();
  return EXIT.done;

  function fork(): Worker {
    const worker = cluster.fork({ [NODE_VARIABLE]: node });
    // The signal to stop came while the worker was starting.
    worker.on('online', () => stopping && worker.process.kill('SIGTERM'));
    worker.once('listening', () => answering.add(worker));
    worker.once('exit', () => answering.delete(worker));
    return worker;
  }

  function replacement(): Worker {
    const worker = fork();
    const late = setTimeout(() => worker.process.kill('SIGKILL'), START_DEADLINE_MS + waitMs).unref();
    worker.once('exit', () => clearTimeout(late));
    worker.once('listening', () => {
      clearTimeout(late);
      pause = REPLACE_AFTER_MS.first;
    });
    return worker;
  }

  function replaceOnce(worker: Worker): void {
    worker.once('exit', async (code, signal) => {
      if (stopping) return;
      report(`cambio: a worker ended (${signal ?? code}), and is replaced`, { level: 'warn' });
      const now = pause;
      pause = Math.min(2 * pause, REPLACE_AFTER_MS.longest);
      await wait(now);
      if (!stopping) replaceOnce(replacement());
    });
  }
}

const runningWorkers = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);

function signalAll(signal: NodeJS.Signals): void {
  for (const worker of runningWorkers()) worker.process.kill(signal);
}

/** @returns the port; undefined if the worker ends first */
const untilListening = (worker: Worker): Promise<number | undefined> =>
  new Promise((resolve) => {
    worker.once('listening', (address) => resolve(address.port));
    worker.once('exit', () => resolve(undefined));
  });

async function serveMetrics(
  place: MetricsAddress | undefined,
  report: Report,
): Promise<(() => Promise<void>) | undefined> {
  if (place === undefined) return undefined;
  const { watchWorkers } = await import('../metrics/workers.ts');
  return serveAt(place, watchWorkers(), report);
}
