// The index that searches read: which rows have which term in a column. It is written after the rows, in batches, and remembers how
// far it came in the transaction that wrote it. Rows after that position are found by reading them.
import { type RawBuilder, sql } from 'kysely';
import { lockPosition, type Making, makeNextRows, readCounters } from './audit-positions.ts';
import { insertInto, isPostgres } from './database-time.ts';
import { COLUMN_INDEXES } from './migrations/0013-audit-index.ts';
import type { AuditColumns, Database } from './schema.ts';
import type { Store } from './store.ts';

/** Columns that have terms. A number is part of the stored index: never change or reuse one. */
export const COLUMN_KINDS = {
  request_id: 2,
  outcome: 3,
  reason: 4,
  client: 5,
  subject: 6,
  principal: 7,
  actor: 8,
  audience: 9,
  rule: 10,
} as const satisfies Partial<Record<keyof AuditColumns, number>>;

export type IndexedColumn = keyof typeof COLUMN_KINDS;

/** Every row has an entry of the kind `TIME`, without a term. Rows without a chain have one of the kind `UNCHAINED`. */
const KINDS = { time: 0, unchained: 1, ...COLUMN_KINDS } as const;

type Kind = keyof typeof KINDS;

/** The entries of one term. */
export interface IndexedTerm {
  readonly kind: Kind;
  readonly term: string;
}

export const EVERY_ROW: IndexedTerm = { kind: 'time', term: '' };
export const UNCHAINED: IndexedTerm = { kind: 'unchained', term: '' };
export const INDEXED_COLUMNS = Object.keys(COLUMN_KINDS) as readonly IndexedColumn[];

/** Most rows have this outcome, so it has no entries. */
const COMMON_OUTCOME = 'issued';

/** @returns undefined if the index has no entries for the value */
export const indexedTerm = (column: IndexedColumn, value: string): IndexedTerm | undefined =>
  column === 'outcome' && value === COMMON_OUTCOME ? undefined : { kind: column, term: value };

/** A condition on entries, as `entry`. */
export const hasTerm = ({ kind, term }: IndexedTerm): RawBuilder<boolean> =>
  sql`entry.kind = ${sql.lit(KINDS[kind])} and entry.term = ${term}`;

/** The name of the counter of the last row from before the index existed, until its entries are there. */
const GOAL = 'audit index goal';

export interface IndexState {
  /** The sequence number up to which all rows are in the index. */
  readonly position: number;
  /** `building`: rows from before the index are not all in it. The columns still have their own indexes then. */
  readonly phase: 'building' | 'built' | 'complete';
}

export async function readIndexState(database: Database): Promise<IndexState> {
  const [position = 0, goal] = await readCounters(database, 'audit index', GOAL);
  return { position, phase: goal === undefined ? 'complete' : position < goal ? 'building' : 'built' };
}

/** Reads the entries of rows from their columns. @param rows a condition on `audit` */
export function entriesOf(rows: RawBuilder<unknown>, kinds: readonly Kind[]): RawBuilder<unknown> {
  const parts = kinds.map((kind) => {
    const hasColumn = kind !== 'time' && kind !== 'unchained';
    const term = hasColumn ? sql.ref(kind) : sql`cast('' as text)`;
    const condition = {
      time: sql``,
      unchained: sql`and chain is null`,
      outcome: sql`and outcome <> ${sql.lit(COMMON_OUTCOME)}`,
    }[kind as string];
    const filled = condition ?? sql`and ${sql.ref(kind)} is not null`;
    return sql`select ${sql.lit(KINDS[kind])} as kind, ${term} as term, time, sequence from audit where ${rows} ${filled}`;
  });
  return sql.join(parts, sql` union all `);
}

/** The term that a row has by the kind of an entry; null if it has none. */
export const termByKind: RawBuilder<unknown> = sql`case audit_index.kind ${sql.join(
  Object.entries(COLUMN_KINDS).map(([column, kind]) => sql`when ${sql.lit(kind)} then ${sql.ref(`audit.${column}`)}`),
  sql` `,
)} when ${sql.lit(KINDS.unchained)} then case when audit.chain is null then '' end else '' end`;

/** Entries of this kind and term are of an outcome that has none. */
export const hasNoEntry: RawBuilder<boolean> = sql`audit_index.kind = ${sql.lit(KINDS.outcome)} and audit_index.term = ${sql.lit(COMMON_OUTCOME)}`;

export const ALL_KINDS = Object.keys(KINDS) as readonly Kind[];
/** Columns that an erasure empties. */
const PERSONAL_KINDS = ['subject', 'principal', 'actor'] as const;

/** Writes in the order of the index, so that neighbours are written together. */
export const insertionOfEntries = (database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`${insertInto(database)} audit_index (kind, term, time, sequence)
    select kind, term, time, sequence from (${entriesOf(rows, ALL_KINDS)}) as entries where true
    order by kind, term, time, sequence on conflict do nothing`;

const making: Making = {
  position: 'audit index',
  statements: (database, rows) => [insertionOfEntries(database, rows)],
};

/**
 * Removes the entries of rows that are about to be deleted or erased. Waits for a batch of the index that another process writes, which
 * has read the rows as they were.
 */
export async function deleteIndexEntries(
  transaction: Database,
  rows: RawBuilder<unknown>,
  which: 'all' | 'personal' = 'all',
): Promise<void> {
  await lockPosition(transaction, 'audit index', 'wait');
  const kinds = which === 'all' ? ALL_KINDS : PERSONAL_KINDS;
  await sql`delete from audit_index where (kind, term, time, sequence) in (${entriesOf(rows, kinds)})`.execute(
    transaction,
  );
}

/** Writes the entries of the next rows, as `makeNextRows`. */
export const indexNextRows = (store: Store, through: number, limit: number): Promise<number | undefined> =>
  makeNextRows(store, making, through, limit);

/**
 * Drops the indexes of the columns, which this index replaces. Each drop is a transaction of its own, and blocks writers for a moment.
 * @returns `kept` if the role of the process does not own them
 */
export const dropColumnIndexes = async (store: Store): Promise<'dropped' | 'kept'> => {
  if (isPostgres(store) && !(await ownsAudit(store))) return 'kept';
  for (const name of COLUMN_INDEXES) {
    const drop = sql`drop index if exists ${sql.ref(name)}`;
    if (!isPostgres(store)) await drop.execute(store);
    else
      await store.transaction().execute(async (transaction) => {
        await sql`set local lock_timeout = ${sql.lit(MAX_DROP_WAIT_MS)}`.execute(transaction);
        await drop.execute(transaction);
      });
  }
  await store.deleteFrom('revisions').where('name', '=', GOAL).execute();
  return 'dropped';
};

async function ownsAudit(database: Database): Promise<boolean> {
  const { rows } = await sql<{ owns: boolean }>`
    select pg_has_role(relowner, 'usage') as owns from pg_class where oid = 'audit'::regclass`.execute(database);
  return rows[0]?.owns === true;
}

/** Writers queue behind a drop that waits for its lock. */
const MAX_DROP_WAIT_MS = 200;
