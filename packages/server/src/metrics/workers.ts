// How are the metrics of several workers one? The first process asks each of them, and adds up.
import { AggregatorRegistry, type Registry } from 'prom-client';

/** In a worker: answers the first process. */
export function answerWithMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}

/** In the first process. @returns what reads the metrics of all that live */
export function collectFromWorkers(): () => Promise<string> {
  const workers = new AggregatorRegistry();
  return () => workers.clusterMetrics();
}
