// How do rows come to a sink, each at least once? They are read back from the database, where they are safe already: what holds
// a sink up holds up nobody else. How far it is stands in the database too, chain by chain; each process tells of its own
// chains, and takes over those whose process has died.
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
  /** There are new rows. */
  readonly wake: () => void;
  /** Tells what can still be told in a moment, and lets others go on with the rest. */
  readonly stop: () => Promise<void>;
}

/** Rows told at once. */
const AT_ONCE = 100;
/** Milliseconds for which a process that says nothing is believed to be there, and how often it says so. */
const LEASE = 60_000;
const RENEW = 20_000;
/** Milliseconds until a sink that failed is tried again: twice as many each time. */
const RETRY = { first: 500, longest: 30_000 };
/** Milliseconds for what is left when the process ends. */
const FAREWELL = 2000;

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
  /** The chains that this process tells of, and the last row of each that was taken. */
  const held = new Map<string, number>();
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let woken = false;

  const save = (chain: string, position: number, until: number): Promise<void> =>
    saveCursor(store, { sink: name, chain, position, held_until: until });

  /** @returns whether there were rows */
  const tell = async (chain: string): Promise<boolean> => {
    const after = held.get(chain) ?? 0;
    const rows = await listChainRows(store, { chain, after, limit: AT_ONCE });
    const last = rows.at(-1)?.position;
    if (last == null) return false;
    await deliver(rows.map(toStreamed));
    held.set(chain, last);
    await save(chain, last, clock() + LEASE);
    return true;
  };

  const tellAll = async (): Promise<void> => {
    do {
      woken = false;
      for (const chain of chains.own()) if (!held.has(chain)) held.set(chain, 0);
      for (const chain of held.keys()) while (await tell(chain));
    } while (woken);
  };

  const wake = (): void => {
    woken = true;
    running ??= persist(tellAll, name, report, stopping.signal).finally(() => {
      running = undefined;
    });
  };

  const renew = async (): Promise<void> => {
    for (const [chain, position] of held) {
      // One that was taken over and told of: should it grow, whoever comes first takes it again.
      const finished = running === undefined && !chains.own().has(chain) && held.delete(chain);
      await save(chain, position, finished ? 0 : clock() + LEASE);
    }
    for (const [chain, position] of await takeAbandoned(store, name, held, clock())) held.set(chain, position);
    wake();
  };

  const renewing = setInterval(() => renew().catch(() => undefined), RENEW).unref();
  await renew();
  return {
    wake,
    stop: async () => {
      clearInterval(renewing);
      // From here on a sink that fails is not tried again.
      stopping.abort();
      wake();
      await Promise.race([running, wait(FAREWELL)]);
      for (const [chain, position] of held) await save(chain, position, 0).catch(() => undefined);
    },
  };
}

/** Until everything is told, however often the sink fails. */
async function persist(
  tellAll: () => Promise<void>,
  name: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let pause = RETRY.first; ; pause = Math.min(2 * pause, RETRY.longest)) {
    try {
      await tellAll();
      if (pause > RETRY.first) report(`audit rows reach ${name} again`);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (pause === RETRY.first) report(`audit rows do not reach ${name}: ${(error as Error).message}`);
      await wait(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

/** Chains with rows that their process has not told and does not hold any more. @returns each with the last row that was taken */
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
    if ((cursor?.held_until ?? last.time + LEASE) > now) continue;
    if (await takeCursor(store, { sink, chain, held_until: now + LEASE }, now)) taken.set(chain, cursor?.position ?? 0);
  }
  return taken;
}

/** A new sink is told of what is written from now on: every chain that is there counts as taken. */
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
