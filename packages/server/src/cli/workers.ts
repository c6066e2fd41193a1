// How do several processes answer on one port? The first holds the port and starts the others; each of them is a server.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { MetricsAddress } from '../metrics/listener.ts';
import { serveAt } from '../metrics/open.ts';
import type { Report } from '../primitives/log.ts';
import { untilToldToStop } from '../stop.ts';
import { EXIT } from './command.ts';
import { relayCounts } from './sharing.ts';

/** Milliseconds before one that died is replaced. */
const REPLACE_AFTER = 500;

/** @param started is told the port, once all of them answer. @returns the exit code */
export async function superviseWorkers(
  count: number,
  { metrics, report }: { readonly metrics: MetricsAddress | undefined; readonly report: Report },
  started: (port: number) => void,
): Promise<number> {
  let stopping = false;
  const toldToStop = untilToldToStop().then(() => {
    stopping = true;
    tellAll('SIGTERM');
  });
  process.on('SIGHUP', () => tellAll('SIGHUP'));
  relayCounts();
  let port = 0;
  // The first alone, so that what cannot start is said once.
  for (let index = 0; index < count && !stopping; index++) {
    const worker = fork();
    const listening = await untilListening(worker);
    if (listening === undefined) {
      if (!stopping) tellAll('SIGTERM');
      return stopping ? EXIT.done : EXIT.failed;
    }
    port = listening;
    replaceOnce(worker);
  }
  const stopMetrics = await serveMetrics(metrics, report);
  if (!stopping) started(port);
  await toldToStop;
  await Promise.all(living().map((worker) => once(worker, 'exit')));
  await stopMetrics();
  return EXIT.done;

  function fork(): Worker {
    const worker = cluster.fork();
    // Told to stop while it was being born.
    worker.on('online', () => stopping && worker.process.kill('SIGTERM'));
    return worker;
  }

  function replaceOnce(worker: Worker): void {
    worker.once('exit', async (code, signal) => {
      if (stopping) return;
      report(`cambio: a worker ended (${signal ?? code}), and is replaced`, { level: 'warn' });
      await wait(REPLACE_AFTER);
      if (!stopping) replaceOnce(fork());
    });
  }
}

const living = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);

function tellAll(signal: NodeJS.Signals): void {
  for (const worker of living()) worker.process.kill(signal);
}

/** @returns the port; undefined where it ends before */
const untilListening = (worker: Worker): Promise<number | undefined> =>
  new Promise((resolve) => {
    worker.once('listening', (address) => resolve(address.port));
    worker.once('exit', () => resolve(undefined));
  });

async function serveMetrics(place: MetricsAddress | undefined, report: Report): Promise<() => Promise<void>> {
  if (place === undefined) return async () => undefined;
  const { collectFromWorkers } = await import('../metrics/workers.ts');
  return serveAt(place, collectFromWorkers(), report);
}
