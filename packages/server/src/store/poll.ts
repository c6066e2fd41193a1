// Polls the database for what other processes wrote: on a schedule, and at once when the database notifies.
import { sql } from 'kysely';
import { createRepeatable } from '../primitives/serial.ts';
import { type Freshness, readTimeNow, since } from './freshness.ts';
import type { Database } from './schema.ts';
import type { Store } from './store.ts';

/** Milliseconds between two polls, also after a failed one. */
const INTERVAL_MS = 250;

/** Every poll reads this many sequence numbers again: transactions may commit in another order than they took their numbers. */
export const OVERLAP_ROWS = 1000;

/**
 * Reads what other processes wrote.
 * @param changed false if nothing was written since the last successful poll; undefined reads in any case. Rejects if the
 *   database cannot be read
 */
export type Poll = (changed?: Promise<boolean>) => Promise<void>;

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
  let succeededAt = readTimeNow();
  freshness.renew(succeededAt);
  const pollOnce = async (): Promise<void> => {
    const before = failure;
    const began = readTimeNow();
    const marker = changeMarker(store);
    const changed = marker.then((now) => now !== seen);
    const read = failureOf(await Promise.allSettled([marker, ...polls.map((poll) => poll(changed))]));
    // The marker is kept only if every poll has read the changes.
    seen = read === undefined ? await marker : undefined;
    if (read === undefined) freshness.renew(began);
    failure = read ?? failureOf(await Promise.allSettled([beside()]));
    if (failure === undefined) succeededAt = began;
    if (failure !== undefined && before === undefined) report(`what other nodes wrote cannot be read: ${failure}`);
    if (failure === undefined && before !== undefined) report('what other nodes wrote can be read again');
  };
  const wake = createRepeatable(pollOnce);
  freshness.catchUpBy(() => (failure === undefined ? wake() : undefined));
  const timer = setInterval(wake, INTERVAL_MS).unref();
  return { wake, age: () => since(succeededAt), stop: () => clearInterval(timer) };
}

function failureOf(results: readonly PromiseSettledResult<unknown>[]): string | undefined {
  const failed = results.find((result) => result.status === 'rejected');
  return failed && String((failed.reason as Error).message ?? failed.reason);
}

/** Reads a text that changes with every change of revocations, registered clients, suspended parties or signing keys: one small query. */
async function changeMarker(database: Database): Promise<string> {
  const { rows } = await statement.execute(database);
  return rows.map(({ marker }) => marker).join();
}

/** Sequence numbers only grow, so the sum of the latest ones grows with every new row. */
const statement = sql<{ marker: string }>`select
  coalesce((select sum(sequence) from (select sequence from revocations order by sequence desc limit ${sql.lit(OVERLAP_ROWS)}) as latest), 0)
  || ' ' || coalesce((select number from revisions where name = 'clients'), 0)
  || ' ' || coalesce((select number from revisions where name = 'actors'), 0)
  || ' ' || coalesce((select string_agg(kid, ' ' order by kid) from signing_keys), '')
  || ' ' || coalesce((select sum(needed_until) from key_sets), 0) as marker`;
