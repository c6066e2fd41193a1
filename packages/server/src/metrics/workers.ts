// Combines the metrics of several workers: the first process asks each of them, and adds them up.
import { AggregatorRegistry, type Registry } from 'prom-client';

/** In a worker: answers the first process. */
export function answerWithMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}

/** In the first process. @returns a function that reads the metrics of all running workers */
export function collectFromWorkers(): () => Promise<string> {
  const workers = new AggregatorRegistry();
  return () => workers.clusterMetrics();
}
