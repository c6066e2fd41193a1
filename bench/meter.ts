// Measures the resources of a contender. It is loaded into each of its processes before they start, so that all are measured alike,
// and answers the driver over the channel. The first process answers for all.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { type Profiler, Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Usage {
  /** Microseconds of CPU since the start, sum of all processes. */
  readonly cpu: number;
  /** Bytes of resident memory, sum of all processes. */
  readonly memory: number;
  /** Milliseconds of event loop delay since `watch`, of the worst process. */
  readonly held: { readonly p99: number; readonly max: number };
}

/** `watch` and `profile` start a measurement. `profiled` returns the profile of the first process. */
export type Question = { readonly meter: 'usage' | 'watch' | 'profile' | 'profiled' };

/** Milliseconds. */
const RESOLUTION_MS = 10;
const NANO = 1e6;

/** Microseconds between the samples of a profile. */
const SAMPLE_MICROSECONDS = 200;

const session = new Session();
let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'meter' in message;

process.on('message', async (message) => {
  if (!isQuestion(message)) return;
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  if (message.meter === 'watch') watch();
  if (message.meter === 'profile') await startProfile();
  if (message.meter === 'profiled') return process.send?.(await endProfile());
  const usages = [usage(), ...(await Promise.all(workers.map((worker) => ask(worker, message))))];
  process.send?.(usages.reduce(together));
});
// A worker ends when it is told to stop, although the driver may still send a request.
if (cluster.isPrimary) process.channel?.unref();

function watch(): void {
  delay ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  delay.reset();
}

async function startProfile(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
  await session.post('Profiler.start');
}

async function endProfile(): Promise<Profiler.Profile> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const since = (nanoseconds: number | undefined): number => Math.max(0, (nanoseconds ?? 0) / NANO - RESOLUTION_MS);
  const held = { p99: since(delay?.percentile(99)), max: since(delay?.max) };
  return { cpu: user + system, memory: process.memoryUsage.rss(), held };
}

const together = (one: Usage, other: Usage): Usage => ({
  cpu: one.cpu + other.cpu,
  memory: one.memory + other.memory,
  held: { p99: Math.max(one.held.p99, other.held.p99), max: Math.max(one.held.max, other.held.max) },
});

async function ask(worker: Worker, question: Question): Promise<Usage> {
  worker.send(question);
  for (;;) {
    const [answer] = await once(worker, 'message');
    if ('cpu' in answer) return answer;
  }
}
