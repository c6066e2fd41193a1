// Deletes old audit rows. The chains stay provable: a signed statement stands for the deleted rows. A row is deleted only if its
// content, covered by a signature, proves that it is old. Columns decide nothing.
import { type Head, hashRow, NO_HASH } from '../audit/chain.ts';
import { beginEvent } from '../audit/event.ts';
import { exportRow, foundRow, readEvent } from '../audit/export.ts';
import type { AuditLog } from '../audit/log.ts';
import { describeColumn, differingColumns } from '../audit/row.ts';
import type { FoundRow } from '../audit/verify.ts';
import type { Clock } from '../primitives/clock.ts';
import { newId } from '../primitives/random.ts';
import { deleteCursors, findTakenPosition } from '../store/audit-cursors.ts';
import { deleteChainRows, deleteUnchainedRows, findLastRow, listChainRows, listChains } from '../store/audit-rows.ts';
import { deleteUnusedTexts } from '../store/configurations.ts';
import type { AuditRow } from '../store/schema.ts';
import { MAX_BACKGROUND_WAIT_MS, type Store } from '../store/store.ts';
import { createProofs, type Proofs } from './proven-places.ts';
import type { StatementSigner } from './statement-signer.ts';

/** Rows that one transaction deletes. It must not block others for long. */
const BATCH_ROWS = 500;

export interface Retention {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly signer: StatementSigner;
  readonly clock: Clock;
  readonly report: (line: string) => void;
  /** Milliseconds for which a row is kept. */
  readonly age: number;
  /** Names of the sinks that must have received a row before it is deleted. */
  readonly sinks: readonly string[];
}

/** Deletes rows up to positions that are signed and that every sink has received. */
export async function deleteOldRows(by: Retention): Promise<void> {
  const { store, signer, clock, age, sinks } = by;
  const before = clock() - age;
  const proofs = createProofs(store, signer);
  for (const chain of await listChains(store)) {
    const through = await findTakenPosition(store, chain, sinks);
    for (const one of await findCuts(by, chain, { before, through, proofs })) await cut(by, one);
    if ((await findLastRow(store, chain)) === undefined) await deleteCursors(store, chain);
  }
  while ((await deleteUnchainedRows(store, { before, limit: BATCH_ROWS })) > 0);
  await deleteUnusedTexts(store, clock());
}

/** The rows that one transaction deletes: those after `after`, up to and including `head`. */
interface Cut {
  readonly head: Head;
  readonly after: number;
}

/** Finds the rows of a chain that can be deleted. */
async function findCuts(
  { store, report }: Retention,
  chain: string,
  { before, through, proofs }: { readonly before: number; readonly through: number; readonly proofs: Proofs },
): Promise<readonly Cut[]> {
  const [first] = await listChainRows(store, { chain, after: Number.MIN_SAFE_INTEGER, limit: 1 });
  // Skip a chain without old rows, by the column. If the column is wrong, verify reports it.
  if (first === undefined || first.time >= before) return [];
  const statements = await proofs.of(chain);
  const cuts = statements.filter(({ kind }) => kind === 'cut').toSorted((a, b) => b.position - a.position);
  const heads = Map.groupBy(
    statements.filter(({ kind }) => kind === 'head' || kind === 'found'),
    ({ position }) => position,
  );
  /** Where a transaction can end, if a signed position follows. */
  const ends: Head[] = [];
  let proven: readonly Head[] = [];
  const start = cuts[0] ?? { chain, position: 0, hash: NO_HASH };
  for await (const { row, head, problem } of walk(store, start)) {
    if (problem !== undefined)
      report(`audit row ${row.request_id} ${problem} and is kept: run \`cambio audit verify\``);
    if (problem !== undefined || head.position > through || !isOlder(row, before)) break;
    if (heads.get(head.position)?.some(({ hash }) => hash === head.hash)) proven = [...ends, head];
    if ((head.position - start.position) % BATCH_ROWS === 0) ends.push(head);
  }
  return proven.map((head, index) => ({ head, after: proven[index - 1]?.position ?? start.position }));
}

/** Reads the time from the hashed text, not from the column. */
const isOlder = ({ event }: AuditRow, before: number): boolean => {
  const time = readEvent(event).time;
  return time !== undefined && time < before;
};

interface Step {
  readonly row: AuditRow;
  /** Position and hash, computed from the content. */
  readonly head: Head;
  /** The fault of the row; nothing is proven from there on. */
  readonly problem: string | undefined;
}

/** Yields the rows of a chain after a position, in order. */
async function* walk(store: Store, { chain, position, hash }: Head): AsyncGenerator<Step> {
  let last: Head = { chain, position, hash };
  for (;;) {
    const page = await listChainRows(store, { chain, after: last.position, limit: BATCH_ROWS });
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
  return column && describeColumn(column);
}

/** Deletes the first rows of a chain in one transaction with the `cut` statement: a row before a cut is a fault. */
async function cut({ audit, signer, clock }: Retention, { head, after }: Cut): Promise<void> {
  const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'retention' });
  const count = head.position - after;
  Object.assign(event, { outcome: 'deleted', count, detail: `chain ${head.chain}` });
  await signer.sign([{ kind: 'cut', head }], (write) =>
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
