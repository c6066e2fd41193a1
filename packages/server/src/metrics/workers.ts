// Combines what several workers know: the first process asks each of them, adds up their metrics, and lists their readiness.
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Readiness } from '../http/readiness.ts';
import type { Watched } from './listener.ts';

interface Question {
  readonly readinessFor: number;
}

interface Reply extends Question {
  readonly readiness: Readiness;
}

const has = (message: unknown, key: keyof Reply): boolean =>
  typeof message === 'object' && message !== null && key in message;
const isQuestion = (message: unknown): message is Question => has(message, 'readinessFor');
const isReply = (message: unknown): message is Reply => isQuestion(message) && has(message, 'readiness');

/** In a worker: answers the first process. */
export function answerFirstProcess(registry: Registry, readiness: () => Promise<Readiness>): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
  process.on('message', async (message) => {
    if (!isQuestion(message)) return;
    const { readinessFor } = message;
    process.send?.(
      { readinessFor, readiness: await readiness() } satisfies Reply,
      undefined,
      undefined,
      () => undefined,
    );
  });
}

/** A worker that does not reply within this time is not ready. It may wait for the database twice. */
const REPLY_MS = 3000;

/** In the first process. @returns functions that read the metrics and the readiness of all running workers */
export function watchWorkers(): Watched {
  const registry = new AggregatorRegistry();
  let questions = 0;
  return {
    metrics: () => registry.clusterMetrics(),
    readiness: () => {
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected() === true);
      return Promise.all(workers.map((worker) => ask(worker as Worker, ++questions)));
    },
  };
}

const ask = (worker: Worker, readinessFor: number): Promise<Readiness> =>
  new Promise((resolve) => {
    const asked = Date.now();
    const end = (readiness: Readiness): void => {
      clearTimeout(late);
      worker.off('message', listen);
      resolve(readiness);
    };
    const listen = (message: unknown): void => {
      if (isReply(message) && message.readinessFor === readinessFor) end(message.readiness);
    };
    const late = setTimeout(
      () => end({ obstacles: [{ reason: 'worker_silent', since: asked, details: [] }], warnings: [] }),
      REPLY_MS,
    );
    worker.on('message', listen);
    worker.send({ readinessFor } satisfies Question, undefined, undefined, () => undefined);
  });
