// What is old is deleted, and the chains stay provable: a signed statement stands for the rows that are gone.
import { beginEvent } from '../audit/event.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Clock } from '../primitives/clock.ts';
import { newId } from '../primitives/random.ts';
import { deleteCursors, findTakenPosition } from '../store/audit-cursors.ts';
import { deleteChainRows, deleteUnchainedRows, findLastRow, listChains, listFirstPlaces } from '../store/audit-rows.ts';
import { findCut, insertStatement } from '../store/audit-statements.ts';
import type { Store } from '../store/store.ts';
import type { Notary } from './statement-signer.ts';

/** Rows deleted in one transaction: nobody waits for it long. */
const AT_ONCE = 500;

export interface Retention {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly notary: Notary;
  readonly clock: Clock;
  /** Milliseconds for which a row is kept. */
  readonly age: number;
  /** Names of the sinks that must have taken a row before. */
  readonly sinks: readonly string[];
}

/** Up to places that were signed, and that every sink has taken. */
export async function deleteOldRows(by: Retention): Promise<void> {
  const { store, clock, age, sinks } = by;
  const before = clock() - age;
  for (const chain of await listChains(store)) {
    const through = await findTakenPosition(store, chain, sinks);
    const end = await findCut(store, chain, { before, through });
    while (end !== undefined && (await cut(by, chain, end.position)) === 'more');
    if ((await findLastRow(store, chain)) === undefined) await deleteCursors(store, chain);
  }
  while ((await deleteUnchainedRows(store, { before, limit: AT_ONCE })) > 0);
}

/**
 * Deletes the first rows of a chain in the transaction that says so, for a row that stands before a cut was put there.
 * @param end the last position that may go
 */
async function cut({ store, audit, notary, clock }: Retention, chain: string, end: number): Promise<'more' | 'done'> {
  const places = (await listFirstPlaces(store, chain, AT_ONCE)).filter(({ position }) => position <= end);
  const place = places.at(-1);
  if (place === undefined) return 'done';
  const statement = await notary.sign('cut', { chain, ...place });
  const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'retention' });
  Object.assign(event, { outcome: 'deleted', count: places.length, detail: `chain ${chain}` });
  await audit.appendWith(event, async (transaction) => {
    await insertStatement(transaction, statement);
    await deleteChainRows(transaction, { chain, through: place.position });
  });
  return place.position < end ? 'more' : 'done';
}
