// Makes the metrics available: on a listener of this process, or for a worker through the first process of its node.
import type { Readiness } from '../http/readiness.ts';
import { describeListenFailure } from '../primitives/failure.ts';
import type { ServerState } from './gauges.ts';
import type { MetricsAddress, Watched } from './listener.ts';
import { type Observer, unobserved } from './observer.ts';

export type PublishedState = Omit<ServerState, 'auditBacklog'> & { readonly readiness: () => Promise<Readiness> };

export interface OpenMetrics {
  readonly observer: Observer;
  /** Makes the metrics available. If their port is in use, reports that, and the server runs without metrics: then returns false. */
  readonly publish: (state: PublishedState) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

const off: OpenMetrics = { observer: unobserved, publish: async () => false, close: async () => undefined };

/** @param servedBy `the first process` adds up the metrics of its workers */
export async function openMetrics(
  place: MetricsAddress | undefined,
  servedBy: 'this process' | 'the first process',
  report: (line: string) => void,
): Promise<OpenMetrics> {
  if (place === undefined) return off;
  const { createMetrics } = await import('./metrics.ts');
  const { registerGauges } = await import('./gauges.ts');
  const { registry, auditBacklog, close, ...observer } = createMetrics();
  let stop = async (): Promise<void> => undefined;
  return {
    observer,
    publish: async ({ readiness, ...state }) => {
      registerGauges(registry, { ...state, auditBacklog });
      const watched = { metrics: () => registry.metrics(), readiness: async () => [await readiness()] };
      if (servedBy === 'the first process') {
        (await import('./workers.ts')).answerFirstProcess(registry, readiness);
        return true;
      }
      const served = await serveAt(place, watched, report);
      stop = served ?? stop;
      return served !== undefined;
    },
    close: async () => {
      close();
      await stop();
    },
  };
}

/** @returns a function that stops it; undefined if it is not served, which is reported */
export async function serveAt(
  place: MetricsAddress,
  watched: Watched,
  report: (line: string) => void,
): Promise<(() => Promise<void>) | undefined> {
  const { serveMetrics } = await import('./listener.ts');
  try {
    return await serveMetrics(place, watched);
  } catch (error) {
    report(`metrics are not served: ${describeListenFailure(error, place, 'server.metrics')}`);
    return undefined;
  }
}
