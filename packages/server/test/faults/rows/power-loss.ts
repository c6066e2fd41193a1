// F04, as far as a harness can simulate it: the power fails. The server is stopped under load and its files are copied. Writes after
// the last answer are removed or torn at any byte. The copy must open, be whole, and hold everything that was answered before.
// This does not show that the disk keeps what fsync wrote; that fsync is called follows from the setting.

import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../support/node.ts';
import { type Member, openFolder, sqliteAt, startMembers } from '../cluster.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { isAcknowledged, type Ledger } from '../ledger.ts';
import { ALWAYS, type Session, underLoad } from '../session.ts';

/** Stops the process until it is continued. */
async function frozen<T>(member: Member, look: () => T): Promise<T> {
  const { pid, signal } = member.node();
  signal('SIGSTOP');
  try {
    await eventually(
      async () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0],
      (state) => state === 'T',
    );
    return look();
  } finally {
    signal('SIGCONT');
  }
}

interface Wal {
  /** Changes whenever the log restarts. */
  readonly salts: string;
  /** Bytes up to the end of the last valid frame. */
  readonly end: number;
}

/** https://www.sqlite.org/fileformat2.html#walformat */
function readWal(bytes: Buffer): Wal {
  if (bytes.length < 32) return { salts: '', end: 0 };
  const frame = 24 + bytes.readUInt32BE(8);
  const salts = bytes.toString('hex', 16, 24);
  let end = 32;
  while (end + frame <= bytes.length && bytes.toString('hex', end + 8, end + 16) === salts) end += frame;
  return { salts, end };
}

interface Moment {
  readonly wal: Wal;
  /** Ids in the answers so far. */
  readonly told: readonly string[];
}

const NEWEST = 100;

const toldIn = ({ attempts }: Ledger): string[] =>
  attempts
    .filter((attempt) => isAcknowledged(attempt) && attempt.kind !== 'introspect')
    .slice(-NEWEST)
    .map(({ told }) => told?.requestId ?? '');

async function losePower(bench: Bench): Promise<Outcome> {
  const repetitions = bench.times(100, 5);
  const folder = openFolder(bench);
  const file = join(folder, 'cambio.db');
  const copy = join(folder, 'copy.db');
  const store = sqliteAt(file);
  const [member] = await startMembers(bench, store, 1);
  if (member === undefined) throw new Error('no node');
  let torn = 0;
  const plan = { store, members: [member], lives: 6, failures: 'excused' } as const;
  const outcome = await underLoad(plan, async (session) => {
    for (let time = 0; time < repetitions; time++) {
      await wait(Math.random() * 100);
      const before: Moment = await frozen(member, () => ({
        wal: readWal(readFileSync(`${file}-wal`)),
        told: toldIn(session.ledger),
      }));
      await wait(Math.random() * 60);
      const whole = await frozen(member, () => {
        copyFileSync(file, copy);
        copyFileSync(`${file}-wal`, `${copy}-wal`);
        return readWal(readFileSync(`${copy}-wal`));
      });
      torn += tear(`${copy}-wal`, before.wal, whole, time);
      judgeCopy(session, copy, before.told);
      rmSync(`${copy}-shm`, { force: true });
    }
  });
  return {
    ...outcome,
    repetitions,
    checked: [...ALWAYS, 'Z'],
    note: `${torn.toLocaleString('en')} bytes torn off or garbled beyond what had been answered; every copy opened whole`,
  };
}

/**
 * Removes or overwrites, at any byte, what was written after the last answer. If the log restarted since, the answered writes are
 * in the database itself, and the whole log may be lost.
 * @returns how many bytes were lost
 */
function tear(file: string, before: Wal, whole: Wal, time: number): number {
  const safe = whole.salts === before.salts ? before.end : 0;
  const cut = safe + Math.floor(Math.random() * (whole.end - safe + 1));
  if (time % 2 === 0) truncateSync(file, cut);
  else {
    const bytes = readFileSync(file);
    randomBytes(Math.min(4096, Math.max(0, whole.end - cut))).copy(bytes, cut);
    writeFileSync(file, bytes);
  }
  return whole.end - cut;
}

/** I3, I10: opened as SQLite opens it after a crash. */
function judgeCopy({ blame }: Session, file: string, told: readonly string[]): void {
  const database = new DatabaseSync(file);
  try {
    const check = database.prepare('pragma integrity_check').get();
    if (check?.integrity_check !== 'ok') blame('I10', String(check?.integrity_check));
    const count = database.prepare('select count(*) as rows from audit where request_id = ?');
    for (const id of told)
      if (count.get(id)?.rows !== 1) blame('I3', `the copy has ${count.get(id)?.rows} rows for ${id}`);
  } finally {
    database.close();
  }
}

export const powerLoss: Fault = {
  id: 'F04',
  title: 'the power goes: files as they stood, the log torn, SQLite',
  run: losePower,
};
