// Polls the database for what other processes wrote: while requests come, on a schedule, and at once when the database notifies.
import { sql } from 'kysely';
import { createRepeatable } from '../primitives/serial.ts';
import { type Freshness, NEVER, readTimeNow, since } from './freshness.ts';
import { versionReaderOf } from './sqlite.ts';
import type { Store } from './store.ts';

/** A request begins a poll if the last one began longer ago than this. */
const INTERVAL_MS = 250;
/** Milliseconds between two polls without requests. With the time that a poll takes, it is less than the maximum age that requests accept. */
const IDLE_INTERVAL_MS = 500;

/** The latest revocations that the marker names. */
const MARKED_ROWS = 1000;

/**
 * Reads what other processes wrote.
 * @param written `nothing` since the last successful poll. Without it, reads in any case
 */
export type Poll = (written?: 'nothing') => Promise<void>;

export interface Polling {
  /** Polls now. Resolves after that poll, even if it failed. */
  readonly wake: () => Promise<void>;
  /** Milliseconds since the last successful poll began. */
  readonly age: () => number;
  readonly stop: () => void;
}

/**
 * @param beside runs after `polls`; no request depends on it
 * @param freshness is renewed when all of `polls` have succeeded
 * @param report gets a line when polls begin to fail, and one when they succeed again
 */
export function startPolling(
  store: Store,
  polls: readonly Poll[],
  by: { readonly beside: Poll; readonly freshness: Freshness; readonly report: (line: string) => void },
): Polling {
  const { beside, freshness, report } = by;
  let failure: string | undefined;
  let seen: string | undefined;
  let attempted = NEVER;
  let succeededAt = NEVER;
  // What was read when the store was opened may be old by now, and the first poll may fail.
  freshness.renew(NEVER);
  const readMarker = createMarkerReader(store);
  const pollOnce = async (): Promise<void> => {
    const before = failure;
    const began = readTimeNow();
    attempted = began;
    // The marker is kept only if every poll has read the changes.
    const last = seen;
    seen = undefined;
    try {
      const marker = await readMarker();
      const written = marker === last ? 'nothing' : undefined;
      await allOf(polls.map((poll) => poll(written)));
      seen = marker;
      freshness.renew(began);
      await beside();
      failure = undefined;
    } catch (error) {
      failure = String((error as Error).message ?? error);
    }
    if (failure === undefined) succeededAt = began;
    if (failure !== undefined && before === undefined) report(`what other nodes wrote cannot be read: ${failure}`);
    if (failure === undefined && before !== undefined) report('what other nodes wrote can be read again');
  };
  const wake = createRepeatable(pollOnce);
  const begin = (): void => {
    if (since(attempted) > INTERVAL_MS) wake();
  };
  freshness.catchUpBy({ begin, next: () => (failure === undefined ? wake() : undefined) });
  const timer = setInterval(begin, IDLE_INTERVAL_MS).unref();
  return { wake, age: () => since(succeededAt), stop: () => clearInterval(timer) };
}

/** Waits for all, also after a failure. @throws the first failure in the order of the list */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * @returns a function that reads a text that changes with every change of revocations, registered clients, suspended parties or
 *   signing keys: one small query. On SQLite, a file without a new commit has the same text as before
 */
function createMarkerReader(store: Store): () => Promise<string> {
  const readVersion = versionReaderOf(store);
  const compiled = statement.compile(store);
  const readMarker = async (): Promise<string> => {
    const { rows } = await store.executeQuery(compiled);
    return rows.map(({ marker }) => marker).join();
  };
  if (readVersion === undefined) return readMarker;
  let last: { readonly version: string; readonly marker: string } | undefined;
  return async () => {
    const version = await readVersion();
    // The version is older than the marker, so a commit between the two is read again.
    if (last?.version !== version) last = { version, marker: await readMarker() };
    return last.marker;
  };
}

/** Sequence numbers only grow, so the sum of the latest ones grows with every new row. */
const statement = sql<{ marker: string }>`select
  coalesce((select sum(sequence) from (select sequence from revocations order by sequence desc limit ${sql.lit(MARKED_ROWS)}) as latest), 0)
  || ' ' || coalesce((select number from revisions where name = 'clients'), 0)
  || ' ' || coalesce((select number from revisions where name = 'actors'), 0)
  || ' ' || coalesce((select string_agg(kid, ' ' order by kid) from signing_keys), '')
  || ' ' || coalesce((select sum(needed_until) from key_sets), 0) as marker`;
