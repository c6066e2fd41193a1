// Counts and times every request cheaply: plain numbers by label, which the registry of prom-client prints when it is scraped.
// Its own instruments take microseconds each.
import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

export interface NamedMetric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Above this number of label combinations, every new one counts as `other`. This limits memory, here and in Prometheus. */
const MAX_SERIES = 2000;

/** @returns a function that counts one, for the given label values in order */
export function createCounter(registry: Registry, named: NamedMetric): (...values: readonly string[]) => void {
  const counts = createSeries(named, () => ({ count: 0 }));
  publish(registry, named, 'counter', () =>
    counts.all().map(({ labels, held }) => ({ labels, value: held.count, metricName: named.name })),
  );
  return (...values) => {
    counts.at(values).count++;
  };
}

/** @param named with the upper bounds of its buckets in seconds @returns a function that records a time in seconds */
export function createHistogram(
  registry: Registry,
  named: NamedMetric & { readonly buckets: readonly number[] },
): (seconds: number, ...values: readonly string[]) => void {
  const { name, buckets } = named;
  const timed = createSeries(named, () => ({ below: buckets.map(() => 0), sum: 0, count: 0 }));
  publish(registry, named, 'histogram', () =>
    timed.all().flatMap(({ labels, held: { below, sum, count } }) => {
      let total = 0;
      const bars = buckets.map((le, index) => {
        total += below[index] ?? 0;
        return { labels: { ...labels, le: String(le) }, value: total, metricName: `${name}_bucket` };
      });
      return [
        ...bars,
        { labels: { ...labels, le: '+Inf' }, value: count, metricName: `${name}_bucket` },
        { labels, value: sum, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ];
    }),
  );
  return (seconds, ...values) => {
    const held = timed.at(values);
    held.sum += seconds;
    held.count++;
    let index = 0;
    while (seconds > (buckets[index] ?? Number.POSITIVE_INFINITY)) index++;
    if (index < buckets.length) held.below[index] = (held.below[index] ?? 0) + 1;
  };
}

function createSeries<T>({ labels }: NamedMetric, make: () => T) {
  const series = new Map<string, { readonly labels: Record<string, string>; readonly held: T }>();
  const at = (values: readonly string[]): T => {
    const [first = ''] = values;
    const key = values.length === 1 ? first : values.join('\0');
    const known = series.get(key);
    if (known !== undefined) return known.held;
    const other = labels.map(() => 'other');
    if (series.size >= MAX_SERIES && key !== other.join('\0')) return at(other);
    const made = { labels: Object.fromEntries(labels.map((name, index) => [name, values[index] ?? ''])), held: make() };
    series.set(key, made);
    return made.held;
  };
  return { at, all: () => [...series.values()] };
}

type Value = MetricValue<string> & { metricName: string };

function publish(registry: Registry, { name, help }: NamedMetric, type: string, read: () => Value[]): void {
  const get = async () => ({ name, help, type, aggregator: 'sum', values: read() });
  // The registry prints anything with these members. Its type allows only instruments of the library.
  registry.registerMetric({ name, get } as unknown as Metric & { get: () => Promise<MetricObjectWithValues<Value>> });
}
