// How far came the tables that are made of audit rows? A batch is written in the transaction that also stores its position: a crash
// loses and repeats nothing, and of several processes one at a time writes.
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';
import { commitTogetherIn } from './sqlite.ts';
import type { Store } from './store.ts';

/** The names of the counters: of the index of searches, and of the tables of tokens and counts. */
const POSITIONS = ['audit index', 'audit tokens'] as const;

export type PositionName = (typeof POSITIONS)[number];

/** Maximum wait for a batch. No caller waits for it. */
const MAX_BATCH_WAIT_MS = 10_000;

/** A condition on `audit`. */
export const rowsBetween = (after: number, through: number): RawBuilder<unknown> =>
  sql`sequence > ${after} and sequence <= ${through}`;

/** Reads counters of work on the audit at one moment. @returns undefined for one that does not exist */
export async function readCounters(
  database: Database,
  ...names: readonly string[]
): Promise<readonly (number | undefined)[]> {
  const rows = await database.selectFrom('revisions').selectAll().where('name', 'in', names).execute();
  return names.map((name) => rows.find((row) => row.name === name)?.number);
}

export async function writeCounter(transaction: Database, name: string, number: number): Promise<void> {
  await transaction
    .insertInto('revisions')
    .values({ name, number })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ number }))
    .execute();
}

/** @returns the sequence number up to which the tables have all rows */
export async function readPosition(database: Database, position: PositionName): Promise<number> {
  const [number = 0] = await readCounters(database, position);
  return number;
}

/** A writing transaction of SQLite is exclusive anyway. @returns undefined if another process has the lock */
export async function lockPosition(
  transaction: Database,
  position: PositionName,
  busy: 'skip' | 'wait',
): Promise<number | undefined> {
  let query = transaction.selectFrom('revisions').select('number').where('name', '=', position);
  if (isPostgres(transaction)) query = busy === 'skip' ? query.forUpdate().skipLocked() : query.forUpdate();
  return (await query.executeTakeFirst())?.number;
}

/** Has every row been read into all tables that has a number by now? One small query, for a server that has nothing to do. */
export async function hasEveryRow(database: Database): Promise<boolean> {
  const last = isPostgres(database)
    ? sql`(select case when is_called then last_value else last_value - 1 end from audit_sequence_seq)`
    : sql`coalesce((select max(sequence) from audit), 0)`;
  const { rows } =
    await sql`select number from revisions where name in (${sql.join(POSITIONS)}) and number >= ${last}`.execute(
      database,
    );
  return rows.length === POSITIONS.length;
}

export interface Making {
  readonly position: PositionName;
  /** The statements that write what the tables have of some rows. @param rows a condition on `audit` */
  readonly statements: (database: Database, rows: RawBuilder<unknown>) => readonly RawBuilder<unknown>[];
}

/**
 * Reads the next rows into the tables, and stores the new position, in one transaction.
 * @param through the last row that may be read, from `findSettled` @param limit the largest number of rows
 * @returns the new position; undefined if no row is left, or another process writes the tables
 */
export async function makeNextRows(
  store: Store,
  making: Making,
  through: number,
  limit: number,
): Promise<number | undefined> {
  const { position } = making;
  const together = commitTogetherIn(store);
  if (together === undefined)
    return store.transaction().execute(async (transaction) => {
      const after = await lockPosition(transaction, position, 'skip');
      if (after === undefined || after >= through) return undefined;
      const end = await findEnd(transaction, after, through, limit);
      for (const statement of statementsOf(transaction, making, after, end)) await transaction.executeQuery(statement);
      await writeCounter(transaction, position, end);
      return end;
    });
  // In one message to the thread of the database: no other writer waits for this process between two statements.
  const after = await readPosition(store, position);
  if (after >= through) return undefined;
  const end = await findEnd(store, after, through, limit);
  const advance = store
    .updateTable('revisions')
    .set({ number: end })
    .where('name', '=', position)
    .where('number', '=', after)
    .compile();
  const last = statementsOf(store, making, after, end);
  const failed = await together({ units: [[advance]], last, maxWaitMs: MAX_BATCH_WAIT_MS });
  return failed.length === 0 ? end : undefined;
}

/** The statements of each dialect for a range that no batch has: to build them takes longer than to send them. */
const compiled = new WeakMap<object, WeakMap<Making, readonly CompiledQuery[]>>();
const ANY = { after: -1, end: -2 } as const;

function statementsOf(database: Database, making: Making, after: number, end: number): readonly CompiledQuery[] {
  const { adapter } = database.getExecutor();
  const known = compiled.get(adapter) ?? new WeakMap<Making, readonly CompiledQuery[]>();
  compiled.set(adapter, known);
  const statements =
    known.get(making) ??
    making.statements(database, rowsBetween(ANY.after, ANY.end)).map((statement) => statement.compile(database));
  known.set(making, statements);
  const inRange = (value: unknown): unknown => (value === ANY.after ? after : value === ANY.end ? end : value);
  return statements.map((statement) => CompiledQuery.raw(statement.sql, statement.parameters.map(inRange)));
}

/** Finds the end of a batch by number, which is cheap: to count the rows of a batch, the database would read each of them. */
async function findEnd(database: Database, after: number, through: number, limit: number): Promise<number> {
  const row = await database
    .selectFrom('audit')
    .select('sequence')
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? through : Math.min(through, row.sequence + limit - 1);
}

/** Finds the last of exactly `limit` rows after one position, if it is not after another. The database reads all of them. */
export async function findBatchEnd(
  database: Database,
  { after, through, limit }: { after: number; through: number; limit: number },
): Promise<number> {
  const row = await database
    .selectFrom('audit')
    .select('sequence')
    .where('sequence', '>', after)
    .where('sequence', '<=', through)
    .orderBy('sequence')
    .offset(limit - 1)
    .limit(1)
    .executeTakeFirst();
  return row?.sequence ?? through;
}
