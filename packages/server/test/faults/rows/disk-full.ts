// F16: the disk is full. Uses a small file system if the harness may mount one, else the system's limit on the size of files.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Member, openFolder, sqliteAt, startMembers, untilReady } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { otherPaths, walkOtherPaths } from '../other-paths.ts';
import { ALWAYS, countOf, slowest, underLoad } from '../session.ts';

interface Disk {
  readonly folder: string;
  readonly how: string;
  readonly fill: (member: Member) => void;
  readonly free: (member: Member) => void;
}

function openDisk(bench: Bench): Disk {
  const folder = openFolder(bench);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=700', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return limited(folder);
  }
  bench.after(async () => void execFileSync('umount', [folder]));
  const ballast = join(folder, 'ballast');
  return {
    folder,
    how: 'a small file system of its own (ENOSPC)',
    fill: () => fillUp(ballast),
    free: () => rmSync(ballast),
  };
}

/** Writes until no more bytes fit. */
function fillUp(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (const size of [65_536, 4096, 1]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(handle);
  }
}

function limited(folder: string): Disk {
  const limit = (member: Member, bytes: string): void =>
    void execFileSync('prlimit', ['--pid', String(member.node().pid), `--fsize=${bytes}:`]);
  return {
    folder,
    how: 'a limit on the size of files (EFBIG)',
    fill: (member) => limit(member, String(statSync(join(folder, 'cambio.db-wal')).size)),
    free: (member) => limit(member, 'unlimited'),
  };
}

async function fillDisk(bench: Bench): Promise<Outcome> {
  const repetitions = bench.times(10, 1);
  const disk = openDisk(bench);
  const store = sqliteAt(join(disk.folder, 'cambio.db'));
  const members = await startMembers(bench, store, 1, otherPaths);
  let walked: readonly string[] = [];
  const outcome = await underLoad({ store, members, lives: 6, failures: 'expected' }, async (session) => {
    const walkers = members.map((member) => walkOtherPaths(session, member));
    for (let time = 0; time < repetitions; time++) {
      await wait(500);
      for (const member of members) disk.fill(member);
      await wait(800);
      for (const member of members) {
        disk.free(member);
        await untilReady(member);
      }
      await examine(session.caller, members, 10);
    }
    walked = await Promise.all(walkers.map(({ judge }) => judge()));
  });
  const [ledger] = outcome.ledgers;
  return {
    ...outcome,
    repetitions,
    checked: [...ALWAYS, 'I9'],
    note: `${disk.how}; ${walked}; ${countOf(ledger, 503)} answers were 503, the slowest after ${slowest(ledger, 503)} ms`,
  };
}

export const diskFull: Fault = { id: 'F16', title: 'the disk is full, SQLite', run: fillDisk };
