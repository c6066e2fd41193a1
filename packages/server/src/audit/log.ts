// Is it written down? Rows are committed in groups: one fsync for all that arrived while the last one ran.

import { newId } from '../primitives/random.ts';
import { insertAuditRows, ROWS_AT_ONCE } from '../store/audit-rows.ts';
import type { AuditColumns, AuditTexts, Database } from '../store/schema.ts';
import { orUnavailable, PATIENCE, type Store } from '../store/store.ts';
import type { Chains, Extension } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { columnsOf, textsOf } from './row.ts';

export interface AuditLog {
  /** Resolves once the row is committed. @throws Refusal store_unavailable */
  readonly append: (event: AuditEvent) => Promise<void>;
  /** Commits the row in the transaction of what else the request writes. @throws Refusal store_unavailable, or what `write` throws */
  readonly appendWith: (event: AuditEvent, write: (transaction: Database) => Promise<void>) => Promise<void>;
}

/** Milliseconds for the row that says that something of ours failed: mostly the database, and its caller has waited already. */
const PATIENCE_AFTER_FAILURE = 200;

type Unlinked = AuditColumns & AuditTexts;

interface Waiting {
  readonly row: Unlinked;
  /** Milliseconds of the process's own clock: after that its caller has been told that it failed. */
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store, chains: Chains): AuditLog {
  const waiting: Waiting[] = [];
  let running = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, ROWS_AT_ONCE).filter(({ until }) => until > performance.now());
      if (group.length === 0) continue;
      const rows = group.map(({ row }) => row);
      const extension = chains.extend(rows);
      try {
        await insertAuditRows(store, link(rows, extension));
        extension.committed();
        for (const { resolve } of group) resolve();
      } catch (error) {
        extension.lost();
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  };

  const enqueue = (row: Unlinked, patience: number): Promise<void> => {
    const written = new Promise<void>((resolve, reject) => {
      waiting.push({ row, until: performance.now() + patience, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(flush);
    });
    return orUnavailable(written, patience);
  };

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
    append: (event) => enqueue(toRow(event), event.outcome === 'failed' ? PATIENCE_AFTER_FAILURE : PATIENCE),
    appendWith: (event, write) => orUnavailable(commitWith(toRow(event), write)),
  };
}

const toRow = (event: AuditEvent): Unlinked => ({ ...columnsOf(event), ...textsOf(event, newId()) });

const link = (rows: readonly Unlinked[], { links }: Extension) =>
  rows.map((row, index) => ({ ...row, ...(links[index] as (typeof links)[number]) }));
