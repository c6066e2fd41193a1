// Measures for how long the turns of the event loop take, since the last scrape, under the names that prom-client gives to this.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Aggregator, Gauge, type Registry } from 'prom-client';

/** An older Node cannot measure each turn. It measures the time between two samples instead, which contains their interval. */
const SAMPLE_EVERY_MS = 100;
const NANO = 1e9;

type Turns = ReturnType<typeof monitorEventLoopDelay>;

interface TurnGauge {
  readonly name: string;
  readonly aggregator: Aggregator;
  /** Returns nanoseconds. */
  readonly read: (turns: Turns) => number;
}

const gauges: readonly TurnGauge[] = [
  { name: 'min', aggregator: 'min', read: ({ min }) => min },
  { name: 'max', aggregator: 'max', read: ({ max }) => max },
  { name: 'mean', aggregator: 'average', read: ({ mean }) => mean },
  { name: 'stddev', aggregator: 'average', read: ({ stddev }) => stddev },
  { name: 'p50', aggregator: 'average', read: (turns) => turns.percentile(50) },
  { name: 'p90', aggregator: 'average', read: (turns) => turns.percentile(90) },
  { name: 'p99', aggregator: 'average', read: (turns) => turns.percentile(99) },
];

const nameOf = ({ name }: TurnGauge): string => `nodejs_eventloop_lag_${name}_seconds`;

/**
 * Replaces the metrics of prom-client, which wake the process up for each sample, and whose values contain the interval between two samples.
 * @returns a function that stops the measurement
 */
export function measureTurns(registry: Registry): () => void {
  const turns = monitorEventLoopDelay({ samplePerIteration: true, resolution: SAMPLE_EVERY_MS });
  turns.enable();
  const seconds = new Map<string, number>();
  const collect = (): void => {
    const interval = turns.min >= 0.9 * SAMPLE_EVERY_MS * 1e6 ? SAMPLE_EVERY_MS * 1e6 : 0;
    for (const { name, read } of gauges) {
      const nanoseconds = turns.count === 0 ? 0 : read(turns) - (name === 'stddev' ? 0 : interval);
      seconds.set(name, Math.max(0, nanoseconds) / NANO);
    }
    turns.reset();
  };
  for (const [index, gauge] of gauges.entries()) {
    registry.removeSingleMetric(nameOf(gauge));
    new Gauge({
      name: nameOf(gauge),
      help: `Time that a turn of the event loop took since the last scrape: ${gauge.name}`,
      aggregator: gauge.aggregator,
      registers: [registry],
      collect() {
        // The registry reads its metrics in this order.
        if (index === 0) collect();
        this.set(seconds.get(gauge.name) ?? 0);
      },
    });
  }
  return () => turns.disable();
}
