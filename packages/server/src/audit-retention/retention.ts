// Deletes old audit rows. The chains stay provable: a signed statement stands for the rows that are gone. Only rows are deleted whose
// content, up to a signed place, proves that they are old; columns beside the content decide nothing.
import { type Head, hashRow, NOTHING } from '../audit/chain.ts';
import { beginEvent } from '../audit/event.ts';
import { exportRow, foundRow, readEvent } from '../audit/export.ts';
import type { AuditLog } from '../audit/log.ts';
import { differingColumns } from '../audit/row.ts';
import type { FoundRow } from '../audit/verify.ts';
import type { Clock } from '../primitives/clock.ts';
import { newId } from '../primitives/random.ts';
import { deleteCursors, findTakenPosition } from '../store/audit-cursors.ts';
import { deleteChainRows, deleteUnchainedRows, findLastRow, listChainRows, listChains } from '../store/audit-rows.ts';
import type { AuditRow } from '../store/schema.ts';
import { MAX_BACKGROUND_WAIT_MS, type Store } from '../store/store.ts';
import { createProofs, type Proofs } from './proven-places.ts';
import type { Notary } from './statement-signer.ts';

/** Rows read at once, and deleted in one transaction: nobody waits for it long. */
const AT_ONCE = 500;

export interface Retention {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly notary: Notary;
  readonly clock: Clock;
  readonly report: (line: string) => void;
  /** Milliseconds for which a row is kept. */
  readonly age: number;
  /** Names of the sinks that must have taken a row before. */
  readonly sinks: readonly string[];
}

/** Up to places that were signed, and that every sink has taken. */
export async function deleteOldRows(by: Retention): Promise<void> {
  const { store, notary, clock, age, sinks } = by;
  const before = clock() - age;
  const proofs = createProofs(store, notary);
  for (const chain of await listChains(store)) {
    const through = await findTakenPosition(store, chain, sinks);
    for (const one of await findCuts(by, chain, { before, through, proofs })) await cut(by, one);
    if ((await findLastRow(store, chain)) === undefined) await deleteCursors(store, chain);
  }
  while ((await deleteUnchainedRows(store, { before, limit: AT_ONCE })) > 0);
}

/** What one transaction deletes: the rows after a position, up to and with a place. */
interface Cut {
  readonly head: Head;
  readonly after: number;
}

/** What can be deleted of a chain. */
async function findCuts(
  { store, report }: Retention,
  chain: string,
  { before, through, proofs }: { readonly before: number; readonly through: number; readonly proofs: Proofs },
): Promise<readonly Cut[]> {
  const [first] = await listChainRows(store, { chain, after: Number.MIN_SAFE_INTEGER, limit: 1 });
  // Nothing is read of a chain that seems young. A column that made it seem so is a fault that verify names.
  if (first === undefined || first.time >= before) return [];
  const said = await proofs.of(chain);
  const cuts = said.filter(({ kind }) => kind === 'cut').toSorted((a, b) => b.position - a.position);
  const heads = Map.groupBy(
    said.filter(({ kind }) => kind === 'head' || kind === 'found'),
    ({ position }) => position,
  );
  /** Where a transaction can end; they count once a signed place follows. */
  const ends: Head[] = [];
  let proven: readonly Head[] = [];
  const start = cuts[0] ?? { chain, position: 0, hash: NOTHING };
  for await (const { row, head, problem } of walk(store, start)) {
    if (problem !== undefined)
      report(`audit row ${row.request_id} ${problem} and is kept: run \`cambio audit verify\``);
    if (problem !== undefined || head.position > through || !isOlder(row, before)) break;
    if (heads.get(head.position)?.some(({ hash }) => hash === head.hash)) proven = [...ends, head];
    if ((head.position - start.position) % AT_ONCE === 0) ends.push(head);
  }
  return proven.map((head, index) => ({ head, after: proven[index - 1]?.position ?? start.position }));
}

/** By what is hashed. */
const isOlder = ({ event }: AuditRow, before: number): boolean => {
  const time = readEvent(event).time;
  return time !== undefined && time < before;
};

interface Step {
  readonly row: AuditRow;
  /** Where the row stands, computed from its content. */
  readonly head: Head;
  /** Why nothing is proven from here on. */
  readonly problem: string | undefined;
}

/** The rows of a chain after a place, in order. */
async function* walk(store: Store, { chain, position, hash }: Head): AsyncGenerator<Step> {
  let last: Head = { chain, position, hash };
  for (;;) {
    const page = await listChainRows(store, { chain, after: last.position, limit: AT_ONCE });
    for (const row of page) {
      const line = exportRow(row);
      if (!('chain' in line)) return;
      const found = foundRow(line);
      const head = { chain, position: last.position + 1, hash: hashRow(last.hash, found) };
      yield { row, head, problem: problemOf(row, found, head) };
      last = head;
    }
    if (page.length === 0) return;
  }
}

function problemOf(row: AuditRow, found: FoundRow, head: Head): string | undefined {
  if (found.position !== head.position || found.hash !== head.hash) return 'is not what was written, or not here';
  const [column] = differingColumns(row);
  return column && `is found by another ${column} than it has`;
}

/** Deletes the first rows of a chain in the transaction that says so, for a row that stands before a cut was put there. */
async function cut({ audit, notary, clock }: Retention, { head, after }: Cut): Promise<void> {
  const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'retention' });
  const count = head.position - after;
  Object.assign(event, { outcome: 'deleted', count, detail: `chain ${head.chain}` });
  await notary.state([{ kind: 'cut', head }], (write) =>
    audit.appendWith(
      event,
      async (transaction) => {
        await write(transaction);
        await deleteChainRows(transaction, { chain: head.chain, after, through: head.position });
      },
      MAX_BACKGROUND_WAIT_MS,
    ),
  );
}
