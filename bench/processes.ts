// Reads the CPU and memory of processes from /proc (Linux only).
import { readdirSync, readFileSync } from 'node:fs';

/** The unit of times in /proc, on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;
const MICROSECONDS = 1e6 / TICKS_PER_SECOND;

/** The numbered fields of proc_pid_stat(5) from the third on. */
const [GROUP, USER, SYSTEM, ENDED_USER, ENDED_SYSTEM] = [2, 11, 12, 13, 14];

const fieldsOf = (pid: number | string): readonly string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');

const microseconds = (fields: readonly string[], ...which: readonly number[]): number =>
  which.reduce((sum, field) => sum + Number(fields[field]), 0) * MICROSECONDS;

/** Microseconds of CPU of a process since its start, threads that have ended included. */
export const cpuOfProcess = (pid: number): number => microseconds(fieldsOf(pid), USER, SYSTEM);

/** Microseconds of CPU of child processes of this one that have ended. */
export const cpuOfEnded = (): number => microseconds(fieldsOf('self'), ENDED_USER, ENDED_SYSTEM);

/** Bytes of resident memory. */
export const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** The processes of a process group. */
export const processesOf = (group: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isIn(name, group))
    .map(Number);

function isIn(pid: string, group: number): boolean {
  try {
    return Number(fieldsOf(pid)[GROUP]) === group;
  } catch {
    // It has ended.
    return false;
  }
}
