// Reads for people go to a replica, if there is one, so that they take no time of the primary. The replica is read only when it has all that
// the primary had when the reading began, so an answer never lacks a row that was committed before.
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { Refusal } from '../primitives/refusal.ts';
import { describeDatabaseFailure } from './failure.ts';
import { LateError, orUnavailable, type Store, type StoreLocation } from './store.ts';

/** Where a reading came from. */
export interface ReplicaUse {
  /** False if the replica cannot be read, is behind, or is not a standby of this database: then the primary was read. */
  readonly used: boolean;
}

export interface ReadResult<Result> {
  readonly result: Result;
  /** Undefined if no replica is configured. */
  readonly replica: ReplicaUse | undefined;
}

export interface Readers {
  /**
   * @param work reads from the replica or from the primary; after a failure of the replica, again. If it takes too long there, it would here, too
   * @param maxWaitMs for each attempt
   * @throws Refusal store_unavailable
   */
  readonly read: <Result>(work: (from: Store) => Promise<Result>, maxWaitMs?: number) => Promise<ReadResult<Result>>;
  /** Why the replica could not be read last, and since when; undefined if it could, or if none is configured. */
  readonly failure: () => ReplicaFailure | undefined;
  readonly close: () => Promise<void>;
}

export interface ReplicaFailure {
  readonly why: string;
  /** Milliseconds. */
  readonly forMs: number;
}

/** After a failure, the primary is read for this long before the replica is tried again. */
const RETRY_MS = 5000;
/** Time between two attempts, so that a node reports a replica that cannot be read although nobody searches. */
const TRY_MS = 10_000;
/** How long a reading waits for a replica that is behind. One that follows the primary is some milliseconds behind. */
const MAX_LAG_MS = 500;
const CHECK_MS = 25;

/** @param report gets a line when the replica cannot be read, and one when it can be read again */
export async function openReaders(
  primary: Store,
  location: StoreLocation,
  report: (line: string) => void,
): Promise<Readers> {
  if (location.kind === 'sqlite' || location.replica === undefined)
    return {
      read: async (work, maxWaitMs) => ({ result: await orUnavailable(work(primary), maxWaitMs), replica: undefined }),
      failure: () => undefined,
      close: async () => undefined,
    };
  const { openPostgres } = await import('./postgres.ts');
  const standby = openPostgres(location.replica, 'requests');
  let failedAt = Number.NEGATIVE_INFINITY;
  let failed: { readonly why: string; readonly since: number } | undefined;
  const readStandby = async <Result>(
    work: (canRead: () => void) => Promise<Result>,
  ): Promise<ReadResult<Result> | undefined> => {
    let couldRead = false;
    const canRead = (): void => {
      couldRead = true;
      if (failed !== undefined) report('the replica of the database can be read again');
      failed = undefined;
    };
    try {
      const result = await work(canRead);
      return { result, replica: { used: true } };
    } catch (error) {
      if (couldRead && error instanceof Refusal && error.cause instanceof LateError) throw error;
      failedAt = performance.now();
      const why = describe(error);
      if (failed === undefined) report(`the replica of the database cannot be read: ${why}. Searches read the primary`);
      failed = { why, since: failed?.since ?? failedAt };
      return undefined;
    }
  };
  const read: Readers['read'] = async (work, maxWaitMs) => {
    const readPrimary = async () => ({
      result: await orUnavailable(work(primary), maxWaitMs),
      replica: { used: false },
    });
    if (performance.now() < failedAt + RETRY_MS) return readPrimary();
    const mark = await orUnavailable(readMark(primary));
    // The next connection of an address that stands for several standbys may be to one that is behind.
    const found = await readStandby(async (canRead) => {
      const checked = Promise.withResolvers<void>();
      const reading = standby.connection().execute(async (connection) => {
        await untilReplayed(connection, mark);
        canRead();
        checked.resolve();
        return orUnavailable(work(connection), maxWaitMs);
      });
      await orUnavailable(Promise.race([checked.promise, reading]), 2 * MAX_LAG_MS);
      return reading;
    });
    return found ?? readPrimary();
  };
  const attempt = () =>
    read(async () => undefined).then(
      () => undefined,
      () => undefined,
    );
  let attempting = attempt();
  const trying = setInterval(() => {
    attempting = attempt();
  }, TRY_MS).unref();
  return {
    read,
    failure: () => failed && { why: failed.why, forMs: performance.now() - failed.since },
    close: async () => {
      clearInterval(trying);
      await attempting;
      await standby.destroy();
    },
  };
}

const describe = (error: unknown): string =>
  describeDatabaseFailure(error instanceof Error ? (error.cause ?? error) : error);

interface Mark {
  /** The end of the log of the primary. */
  readonly place: string;
  readonly identity: string;
}

/** The secrets of a database identify it. They are sealed, and a standby has the same. */
const identity = sql<string>`(select md5(string_agg(name || value, ',' order by name)) from secrets)`;

async function readMark(primary: Store): Promise<Mark> {
  const { rows } = await sql<Mark>`
    select pg_current_wal_insert_lsn()::text as place, ${identity} as identity`.execute(primary);
  const [mark] = rows;
  if (mark === undefined) throw new Error('the primary does not say where its log ends');
  return mark;
}

/** Waits until the standby has all that was in the log. @throws Error if it has not in time, or is not a standby of this database */
async function untilReplayed(standby: Store, { place, identity: expected }: Mark): Promise<void> {
  for (let checks = 0; ; checks++) {
    const { rows } = await sql<{ follows: boolean; reached: boolean | null; identity: string; age: number | null }>`
      select pg_is_in_recovery() as follows, pg_last_wal_replay_lsn() >= cast(${place} as pg_lsn) as reached, ${identity} as identity,
        extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 as age`.execute(standby);
    const [found] = rows;
    if (found?.follows !== true) throw new Error('it is not a standby');
    if (found.reached === true) {
      if (found.identity !== expected) throw new Error('it is a standby of another database');
      return;
    }
    if (checks * CHECK_MS >= MAX_LAG_MS)
      throw new Error(
        `it is behind the primary; the last transaction that it has is ${Math.round(found.age ?? 0)} s old`,
      );
    await wait(CHECK_MS);
  }
}
