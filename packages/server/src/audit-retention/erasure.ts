// Erases a person from the audit: deletes the personal fields and their salt from all rows where the person is the subject, an
// actor, or the party that an operator named. The rest of each row stays in its chain, and a signed statement lists the erased rows.
import type { Head } from '../audit/chain.ts';
import { digestPersonal } from '../audit/chain.ts';
import { type AuditEvent, beginEvent } from '../audit/event.ts';
import type { AuditLog } from '../audit/log.ts';
import { textsOf } from '../audit/row.ts';
import { type AuditFilter, type FoundEvent, searchEvents } from '../audit/search.ts';
import { formatRanges } from '../audit/statement.ts';
import type { Clock } from '../primitives/clock.ts';
import { newId } from '../primitives/random.ts';
import { describeProcess } from '../primitives/this-process.ts';
import { eraseAuditRow, eraseUnchainedRow } from '../store/audit-rows.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { MAX_BACKGROUND_WAIT_MS, type Store } from '../store/store.ts';
import type { NewStatement, StatementSigner } from './statement-signer.ts';

/** Rows that one transaction erases. */
const BATCH_ROWS = 200;

export interface ErasedPerson {
  /** The person's `sub`. */
  readonly subject: string;
  /** The `iss` of that `sub`; if absent, the `sub` of any issuer matches. */
  readonly issuer?: string;
}

interface Erasure {
  /** Short digest of the configuration that the command read; undefined if it left files out. */
  readonly configuration: string | undefined;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly signer: StatementSigner;
  readonly clock: Clock;
}

/** @returns the number of erased rows */
export async function erasePerson({ subject, issuer }: ErasedPerson, by: Erasure): Promise<number> {
  const whose = issuer === undefined ? {} : { issuer };
  const asSubject = await eraseFound({ subject, ...whose }, by);
  return asSubject + (await eraseFound({ actor: subject, ...whose }, by));
}

/** @returns the number of rows that an erasure would find */
export async function countErasable({ subject, issuer }: ErasedPerson, store: Store): Promise<number> {
  const whose = issuer === undefined ? {} : { issuer };
  const rows = new Set<number>();
  for (const filter of [
    { subject, ...whose },
    { actor: subject, ...whose },
  ]) {
    let cursor: string | undefined;
    do {
      const page = await searchEvents(store, filter, { cursor, limit: BATCH_ROWS });
      for (const { row } of page.found) rows.add(row.sequence);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return rows.size;
}

async function eraseFound(filter: AuditFilter, by: Erasure): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await searchEvents(by.store, filter, { cursor, limit: BATCH_ROWS });
    if (page.found.length > 0) await eraseRows(page.found, by);
    count += page.found.length;
    cursor = page.next;
  } while (cursor !== undefined);
  return count;
}

async function eraseRows(
  found: readonly FoundEvent[],
  { audit, signer, clock, configuration }: Erasure,
): Promise<void> {
  const chained = found.flatMap(({ row }) => (isChained(row) ? [row] : []));
  const statements = [...Map.groupBy(chained, ({ chain }) => chain).values()].map((rows): NewStatement => {
    const { chain, position, hash } = rows.toSorted((a, b) => b.position - a.position)[0] as Head;
    const erased = formatRanges(rows.map((row) => row.position));
    return { kind: 'erased', head: { chain, position, hash }, rows: erased };
  });
  const about = { time: clock(), requestId: newId(), address: 'command line', action: 'erase' } as const;
  const event: AuditEvent = beginEvent({ ...about, configuration, by: describeProcess() });
  // The row does not name the person.
  Object.assign(event, { outcome: 'erased', count: found.length });
  const erase = async (transaction: Database): Promise<void> => {
    for (const { sequence, personal } of chained) await eraseAuditRow(transaction, sequence, digestPersonal(personal));
    for (const one of found) {
      if (one.row.chain === null) await eraseUnchainedRow(transaction, one.row.sequence, textsOf(one.event, '').event);
    }
  };
  const both = (write: (transaction: Database) => Promise<void>) => async (transaction: Database) => {
    await write(transaction);
    await erase(transaction);
  };
  if (statements.length === 0) await audit.appendWith(event, erase, MAX_BACKGROUND_WAIT_MS);
  else await signer.sign(statements, (write) => audit.appendWith(event, both(write), MAX_BACKGROUND_WAIT_MS));
}

const isChained = (row: AuditRow): row is AuditRow & Head & { personal: string } =>
  row.chain !== null && row.personal !== null;
