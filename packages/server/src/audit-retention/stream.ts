// How does every row reach a sink, at least once? Committed rows are read back from the database, so that a slow sink delays no
// request. The database also holds the position of each sink in each chain. A process delivers its own chains, and takes over those
// of processes that have stopped.
import { setTimeout as wait } from 'node:timers/promises';
import type { Chains } from '../audit/chain.ts';
import { eventOf } from '../audit/row.ts';
import type { Clock } from '../primitives/clock.ts';
import { listCursors, markBegun, saveCursor, takeCursor } from '../store/audit-cursors.ts';
import { findLastRow, listChainRows, listChains } from '../store/audit-rows.ts';
import type { AuditLink, AuditRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Deliver, StreamedRow } from './sinks/sink.ts';

export interface Stream {
  /** Delivers new rows. */
  readonly wake: () => void;
  /** Delivers rows for at most `LAST_DELIVERY_MS`, and leaves the rest to other processes. */
  readonly stop: () => Promise<void>;
}

/** Rows in one delivery. */
const BATCH_ROWS = 100;
/** Other processes take over a chain whose process has not renewed its lease for this long. */
const LEASE_MS = 60_000;
const RENEWAL_MS = 20_000;
/** Delay before a failed sink is tried again. It doubles with every failure. */
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Time for the remaining rows when the process stops. */
const LAST_DELIVERY_MS = 2000;

export interface StreamedTo {
  readonly name: string;
  readonly deliver: Deliver;
}

export async function startStream(
  { name, deliver }: StreamedTo,
  by: {
    readonly store: Store;
    readonly chains: Chains;
    readonly clock: Clock;
    readonly report: (line: string) => void;
  },
): Promise<Stream> {
  const { store, chains, clock, report } = by;
  await begin(store, name);
  /** The chains that this process delivers, each with the position of the last delivered row. */
  const held = new Map<string, number>();
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let woken = false;

  const save = (chain: string, position: number, until: number): Promise<void> =>
    saveCursor(store, { sink: name, chain, position, held_until: until });

  /** @returns whether there were rows */
  const deliverBatch = async (chain: string): Promise<boolean> => {
    const after = held.get(chain) ?? 0;
    const rows = await listChainRows(store, { chain, after, limit: BATCH_ROWS });
    const last = rows.at(-1)?.position;
    if (last == null) return false;
    await deliver(rows.map(toStreamed));
    held.set(chain, last);
    await save(chain, last, clock() + LEASE_MS);
    return true;
  };

  const deliverAll = async (): Promise<void> => {
    do {
      woken = false;
      for (const chain of chains.own()) if (!held.has(chain)) held.set(chain, 0);
      for (const chain of held.keys()) while (await deliverBatch(chain));
    } while (woken);
  };

  const wake = (): void => {
    woken = true;
    running ??= persist(deliverAll, name, report, stopping.signal).finally(() => {
      running = undefined;
    });
  };

  const renew = async (): Promise<void> => {
    for (const [chain, position] of held) {
      // Give up a chain that was taken over and delivered: if it grows, any process may take it over.
      const finished = running === undefined && !chains.own().has(chain) && held.delete(chain);
      await save(chain, position, finished ? 0 : clock() + LEASE_MS);
    }
    for (const [chain, position] of await takeAbandoned(store, name, held, clock())) held.set(chain, position);
    wake();
  };

  const renewing = setInterval(() => renew().catch(() => undefined), RENEWAL_MS).unref();
  await renew();
  return {
    wake,
    stop: async () => {
      clearInterval(renewing);
      // From now on a failed sink is not tried again.
      stopping.abort();
      wake();
      await Promise.race([running, wait(LAST_DELIVERY_MS)]);
      for (const [chain, position] of held) await save(chain, position, 0).catch(() => undefined);
    },
  };
}

/** Retries until all rows are delivered. */
async function persist(
  deliverAll: () => Promise<void>,
  name: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let pauseMs = MIN_RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_RETRY_MS)) {
    try {
      await deliverAll();
      if (pauseMs > MIN_RETRY_MS) report(`audit rows reach ${name} again`);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (pauseMs === MIN_RETRY_MS) report(`audit rows do not reach ${name}: ${(error as Error).message}`);
      await wait(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

/**
 * Takes over the chains with undelivered rows whose lease has expired.
 * @returns the position of the last delivered row, by chain
 */
async function takeAbandoned(
  store: Store,
  sink: string,
  held: ReadonlyMap<string, number>,
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const cursors = new Map((await listCursors(store, sink)).map((cursor) => [cursor.chain, cursor]));
  const taken = new Map<string, number>();
  for (const chain of await listChains(store)) {
    if (held.has(chain)) continue;
    const cursor = cursors.get(chain);
    const last = await findLastRow(store, chain);
    if (last?.position == null || last.position <= (cursor?.position ?? 0)) continue;
    if ((cursor?.held_until ?? last.time + LEASE_MS) > now) continue;
    if (await takeCursor(store, { sink, chain, held_until: now + LEASE_MS }, now))
      taken.set(chain, cursor?.position ?? 0);
  }
  return taken;
}

/** A new sink receives only rows written from now on: the existing chains count as delivered. */
const begin = (store: Store, sink: string): Promise<void> =>
  store.transaction().execute(async (transaction) => {
    if (!(await markBegun(transaction, sink))) return;
    for (const chain of await listChains(transaction)) {
      const { position } = (await findLastRow(transaction, chain)) ?? {};
      await saveCursor(transaction, { sink, chain, position: position ?? 0, held_until: 0 });
    }
  });

const toStreamed = (row: AuditRow): StreamedRow => {
  const { chain, position, hash } = row;
  return { link: { chain, position, hash } as AuditLink, event: eventOf(row) };
};
