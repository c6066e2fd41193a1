// Writes audit rows. They are committed in groups: one fsync for all rows that arrived during the previous one.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { newId } from '../primitives/random.ts';
import { redactTokens } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { insertAuditRows, ROWS_AT_ONCE } from '../store/audit-rows.ts';
import type { AuditColumns, AuditTexts, Database } from '../store/schema.ts';
import { MAX_WAIT_MS, orUnavailable, type Store } from '../store/store.ts';
import type { Chains, Extension } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { columnsOf, eventOf, textsOf } from './row.ts';

export interface AuditLog {
  /** Resolves once the row is committed. @throws Refusal store_unavailable */
  readonly append: (event: AuditEvent) => Promise<void>;
  /**
   * Commits the row in one transaction with the request's other writes.
   * @throws Refusal store_unavailable, and any error of `write`
   */
  readonly appendWith: (
    event: AuditEvent,
    write: (transaction: Database) => Promise<void>,
    maxWaitMs?: number,
  ) => Promise<void>;
}

/** Maximum wait for the row of a failed request. The cause is mostly the database, for which the caller has waited already. */
const MAX_WAIT_AFTER_FAILURE_MS = 200;

type Unlinked = AuditColumns & AuditTexts;

interface Waiting {
  readonly row: Unlinked;
  /** Arrival and deadline, in milliseconds of `performance.now()`. */
  readonly since: number;
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store, chains: Chains): AuditLog {
  const waiting: Waiting[] = [];

  /** The first row of the group has the earliest deadline, so one timer is enough. */
  const commit = async (group: readonly [Waiting, ...Waiting[]]): Promise<void> => {
    const rows = group.map(({ row }) => row);
    const extension = chains.extend(rows);
    try {
      const maxWaitMs = group[0].since + MAX_WAIT_MS - performance.now();
      await orUnavailable(insertAuditRows(store, link(rows, extension)), maxWaitMs);
      extension.committed();
      for (const { resolve } of group) resolve();
    } catch (error) {
      extension.lost();
      for (const { reject } of group) reject(error);
    }
  };

  const flush = createRepeatable(async () => {
    // Rows that arrive in the same turn of the event loop form one group.
    await nextTurn();
    while (waiting.length > 0) {
      const now = performance.now();
      const [late, group] = partition(waiting.splice(0, ROWS_AT_ONCE), ({ until }) => until <= now);
      for (const { reject } of late) reject(new Refusal('store_unavailable', { detail: 'no answer in time' }));
      const [first, ...others] = group;
      if (first !== undefined) await commit([first, ...others]);
    }
  });

  const enqueue = (row: Unlinked, maxWaitMs: number): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      const since = performance.now();
      waiting.push({ row, since, until: since + maxWaitMs, resolve, reject });
      flush();
    });

  const commitWith = async (row: Unlinked, write: (transaction: Database) => Promise<void>): Promise<void> => {
    let extension = undefined as Extension | undefined;
    try {
      await store.transaction().execute(async (transaction) => {
        await write(transaction);
        extension = chains.extend([row]);
        await insertAuditRows(transaction, link([row], extension));
      });
      extension?.committed();
    } catch (error) {
      extension?.lost();
      throw error;
    }
  };

  return {
    append: (event) =>
      event.outcome === 'failed'
        ? orUnavailable(enqueue(toRow(event), MAX_WAIT_AFTER_FAILURE_MS), MAX_WAIT_AFTER_FAILURE_MS)
        : enqueue(toRow(event), MAX_WAIT_MS),
    appendWith: (event, write, maxWaitMs = MAX_WAIT_MS) => orUnavailable(commitWith(toRow(event), write), maxWaitMs),
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  const parts: readonly [T[], T[]] = [[], []];
  for (const one of all) parts[isFirst(one) ? 0 : 1].push(one);
  return parts;
}

/** Redacts tokens in all fields, in the texts and in the columns: a caller may put one anywhere. */
function toRow(event: AuditEvent): Unlinked {
  const texts = textsOf(event, newId());
  const safe = { event: redactTokens(texts.event), personal: redactTokens(texts.personal) };
  const isSafe = safe.event === texts.event && safe.personal === texts.personal;
  return { ...columnsOf(isSafe ? event : eventOf(safe)), ...safe };
}

const link = (rows: readonly Unlinked[], { links }: Extension) =>
  rows.map((row, index) => ({ ...row, ...(links[index] as (typeof links)[number]) }));
