// Reads the CPU of a process from /proc, by thread (Linux only). The scheduler counts it in nanoseconds; /proc/PID/stat has ticks of 10 ms,
// which miss most of a process that wakes up for a moment only.
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of CPU, by the name of the thread. */
export type ThreadTimes = ReadonlyMap<string, number>;

export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const read = (file: string): string => readFileSync(`/proc/${pid}/task/${id}/${file}`, 'utf8').trim();
    const name = id === String(pid) ? 'main' : read('comm');
    times.set(name, (times.get(name) ?? 0) + Number(read('schedstat').split(' ')[0]) / 1e6);
  }
  return times;
}

/** Milliseconds of CPU of all threads. A thread that has ended does not count. */
export const cpuOf = (pid: number): number => [...threadTimes(pid).values()].reduce((sum, ms) => sum + ms, 0);
