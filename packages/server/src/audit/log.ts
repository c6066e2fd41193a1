// Is it written down? Rows are committed in groups: one fsync for all that arrived while the last one ran.
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
   * Commits the row in the transaction of what else the request writes. @param patience milliseconds that the caller waits
   * @throws Refusal store_unavailable, or what `write` throws
   */
  readonly appendWith: (
    event: AuditEvent,
    write: (transaction: Database) => Promise<void>,
    patience?: number,
  ) => Promise<void>;
}

/** Milliseconds for the row that says that something of ours failed: mostly the database, and its caller has waited already. */
const PATIENCE_AFTER_FAILURE = 200;

type Unlinked = AuditColumns & AuditTexts;

interface Waiting {
  readonly row: Unlinked;
  /** Milliseconds of the process's own clock: when it came, and when its caller is told that it failed. */
  readonly since: number;
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store, chains: Chains): AuditLog {
  const waiting: Waiting[] = [];

  /** Nobody in the group waits for longer than its first, so that one timer will do for all. */
  const commit = async (group: readonly [Waiting, ...Waiting[]]): Promise<void> => {
    const rows = group.map(({ row }) => row);
    const extension = chains.extend(rows);
    try {
      const patience = group[0].since + MAX_WAIT_MS - performance.now();
      await orUnavailable(insertAuditRows(store, link(rows, extension)), patience);
      extension.committed();
      for (const { resolve } of group) resolve();
    } catch (error) {
      extension.lost();
      for (const { reject } of group) reject(error);
    }
  };

  const flush = createRepeatable(async () => {
    // What arrives in the same turn of the event loop is one group.
    await nextTurn();
    while (waiting.length > 0) {
      const now = performance.now();
      const [late, group] = partition(waiting.splice(0, ROWS_AT_ONCE), ({ until }) => until <= now);
      for (const { reject } of late) reject(new Refusal('store_unavailable', { detail: 'no answer in time' }));
      const [first, ...others] = group;
      if (first !== undefined) await commit([first, ...others]);
    }
  });

  const enqueue = (row: Unlinked, patience: number): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      const since = performance.now();
      waiting.push({ row, since, until: since + patience, resolve, reject });
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
        ? orUnavailable(enqueue(toRow(event), PATIENCE_AFTER_FAILURE), PATIENCE_AFTER_FAILURE)
        : enqueue(toRow(event), MAX_WAIT_MS),
    appendWith: (event, write, patience = MAX_WAIT_MS) => orUnavailable(commitWith(toRow(event), write), patience),
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  const parts: readonly [T[], T[]] = [[], []];
  for (const one of all) parts[isFirst(one) ? 0 : 1].push(one);
  return parts;
}

/** Wherever a caller put a token, it is withheld from the texts and the columns alike. */
function toRow(event: AuditEvent): Unlinked {
  const texts = textsOf(event, newId());
  const safe = { event: redactTokens(texts.event), personal: redactTokens(texts.personal) };
  const isSafe = safe.event === texts.event && safe.personal === texts.personal;
  return { ...columnsOf(isSafe ? event : eventOf(safe)), ...safe };
}

const link = (rows: readonly Unlinked[], { links }: Extension) =>
  rows.map((row, index) => ({ ...row, ...(links[index] as (typeof links)[number]) }));
