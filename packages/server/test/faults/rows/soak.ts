// F25, shortened: a long load, and its effect on memory, descriptors and the log of the database.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Member, openFolder, sqliteAt, startMembers } from '../cluster.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { ALWAYS, percentile, underLoad } from '../session.ts';

const MEGABYTE = 1_048_576;
/** SQLite restarts its log at 1,000 pages, when no reader uses the old one. */
const LOG = 16 * MEGABYTE;
/** Allowed growth of memory between the first third and the end, in megabytes: garbage collection takes time. */
const GROWTH = 80;

const residentOf = ({ node }: Member): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node().pid}/status`, 'utf8'))?.[1]) / 1024;

const descriptorsOf = ({ node }: Member): number => readdirSync(`/proc/${node().pid}/fd`).length;

async function soak(bench: Bench): Promise<Outcome> {
  const milliseconds = bench.times(60_000, 3000);
  const folder = openFolder(bench);
  const file = join(folder, 'cambio.db');
  const store = sqliteAt(file);
  const [member] = await startMembers(bench, store, 1);
  if (member === undefined) throw new Error('no node');
  const open = descriptorsOf(member);
  const resident: number[] = [];
  const logs: number[] = [];
  const outcome = await underLoad({ store, members: [member], lives: 8, failures: 'excused' }, async () => {
    for (let look = 0; look < 30; look++) {
      await wait(milliseconds / 30);
      resident.push(residentOf(member));
      logs.push(statSync(`${file}-wal`).size);
    }
  });
  const [ledger] = outcome.ledgers;
  await wait(1000);
  const left = descriptorsOf(member) - open;
  const early = Math.max(...resident.slice(5, 10));
  const late = percentile(resident.slice(-5), 50);
  const blame = (what: string, when: boolean) => (when ? [{ invariant: 'I11', what }] : []);
  return {
    ...outcome,
    repetitions: 1,
    checked: [...ALWAYS, 'I11', 'Z'],
    violations: [
      ...outcome.violations,
      ...blame(`memory went from ${early} to ${late} MB`, late > early + GROWTH),
      ...blame(`${left} descriptors more`, left > 2),
      ...blame(`the log grew to ${Math.max(...logs)} bytes`, Math.max(...logs) > LOG),
    ],
    note: `${Math.round(ledger.attempts.length / (milliseconds / 1000))} requests a second by a driver on the same cores; ${Math.round(early)} MB after a third, ${Math.round(late)} MB at the end; log at most ${(Math.max(...logs) / MEGABYTE).toFixed(1)} MB`,
  };
}

export const longLoad: Fault = { id: 'F25', title: 'a long load, in short, SQLite', run: soak };
