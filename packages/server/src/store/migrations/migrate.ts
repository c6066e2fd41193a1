// Migrates the schema to this version, and rolls back the last migration.
import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { SchemaError } from '../failure.ts';
import type { Database, Schema } from '../schema.ts';
import { migrations } from './index.ts';
import type { Migration, SequenceColumn } from './migration.ts';

type Kind = 'sqlite' | 'postgres';

const sequences: Readonly<Record<Kind, SequenceColumn>> = {
  sqlite: { type: 'integer', build: (column) => column.primaryKey().autoIncrement() },
  postgres: { type: 'bigserial', build: (column) => column.primaryKey() },
};

/** The number of the advisory lock. Any number will do if all nodes use the same. */
const LOCK = 7_315_269;

/** A version works with a schema that has one unknown migration, so that nodes of the next version can run beside it. */
const STEPS_AHEAD = 1;

const stepsFor = (kind: Kind, steps: readonly Migration[]): readonly Migration[] =>
  steps.filter(({ only }) => only === undefined || only === kind);

/**
 * Applies the missing migrations in one transaction, so that nodes that start together migrate once. Keeps one unknown migration,
 * of the next version. If none is missing, writes nothing: the server needs no right to change the schema.
 * @throws SchemaError if more than one migration is unknown
 */
export async function migrate(
  database: Kysely<Schema>,
  kind: Kind,
  now: number,
  known = migrations,
  maxWaitMs = MAX_TABLES_WAIT_MS,
): Promise<void> {
  const steps = stepsFor(kind, known);
  const before = await checkNotAhead(database, known);
  if (steps.every(({ name }) => before.has(name))) return;
  await locked(database, kind, maxWaitMs, async (transaction) => {
    await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(
      transaction,
    );
    const applied = await appliedTo(transaction);
    for (const { name, up } of steps) {
      if (applied.has(name)) continue;
      await up(transaction.schema, sequences[kind], executeIn(transaction));
      await transaction.insertInto('migrations').values({ name, applied_at: now }).execute();
    }
  });
}

/** A new database has no table of migrations. @throws any other error, for then the applied migrations are unknown */
function noneWithoutTable(error: Error & { readonly code?: string }): ReadonlySet<string> {
  if (error.code === UNDEFINED_TABLE || error.message.startsWith('no such table')) return new Set();
  throw error;
}

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01';

/** @returns the names of the applied migrations @throws SchemaError if more than `STEPS_AHEAD` of them are unknown */
async function checkNotAhead(database: Database, known: typeof migrations): Promise<ReadonlySet<string>> {
  const applied = await appliedTo(database).catch(noneWithoutTable);
  const names = known.map(({ name }) => name);
  const unknown = [...applied].filter((name) => !names.includes(name));
  if (unknown.length <= STEPS_AHEAD) return applied;
  throw new SchemaError(
    `the database is ${unknown.length} steps ahead of this version of cambio (${unknown.toSorted().join(', ')}). ` +
      'Run the later version of cambio, or take its last step back with its own cambio store rollback',
  );
}

/**
 * @returns the last migration that was applied, and those of this version that are missing
 * @throws SchemaError if more than `STEPS_AHEAD` are unknown
 */
export async function readSteps(
  database: Database,
  kind: Kind,
): Promise<{ readonly last: string | undefined; readonly missing: readonly string[] }> {
  const applied = await checkNotAhead(database, migrations);
  const missing = stepsFor(kind, migrations).filter(({ name }) => !applied.has(name));
  return { last: [...applied].toSorted().at(-1), missing: missing.map(({ name }) => name) };
}

/** @throws SchemaError with what to do if the schema is neither that of this version nor one step ahead of it */
export async function checkCurrent(database: Database, kind: Kind): Promise<void> {
  const applied = await checkNotAhead(database, migrations);
  const missing = stepsFor(kind, migrations).filter(({ name }) => !applied.has(name));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  const behind = `${missing.length} ${missing.length === 1 ? 'step' : 'steps'} behind this version of cambio (${names})`;
  throw new SchemaError(
    `the database ${applied.size === 0 ? 'has no tables of cambio yet' : `is ${behind}`}, and this command does not ` +
      'change the schema: start the server of this version, or run cambio store migrate' +
      (applied.size === 0 ? '' : '. To stay with the version before, use its own commands'),
  );
}

/**
 * Rolls back the last migration of this version, so that the previous version can use the database.
 * @param content `keep` refuses if the rollback would lose rows
 * @returns the name of the migration @throws SchemaError if it was not the last one applied, or if rows would be lost
 */
export async function rollBack(
  database: Kysely<Schema>,
  kind: Kind,
  content: 'keep' | 'discard',
  known = migrations,
  maxWaitMs = MAX_TABLES_WAIT_MS,
): Promise<string> {
  const step = stepsFor(kind, known).at(-1);
  if (step === undefined) throw new SchemaError('this version has no step to take back');
  await locked(database, kind, maxWaitMs, async (transaction) => {
    const applied = [...(await appliedTo(transaction))].toSorted();
    const last = applied.at(-1) ?? 'none';
    if (last !== step.name)
      throw new SchemaError(
        `the last step of the database is ${last}, and that of this version ${step.name}. ${
          applied.includes(step.name)
            ? 'Take the step back with the version of cambio that made it'
            : `${step.name} was taken back already, or never made. Start the earlier version now, or run cambio store migrate with this one`
        }`,
      );
    const held = content === 'keep' ? await countHeld(transaction, step) : [];
    if (held.length > 0)
      throw new SchemaError(`taking ${step.name} back would lose ${held.join(', ')}; --discard does it all the same`);
    await step.down(transaction.schema, executeIn(transaction));
    await transaction.deleteFrom('migrations').where('name', '=', step.name).execute();
  });
  return step.name;
}

/** Describes the content that `down` would lose. */
async function countHeld(database: Database, { holds }: Migration): Promise<readonly string[]> {
  const held: string[] = [];
  for (const name of holds) {
    const [table = '', column, value] = name.split(/[.=]/);
    const counted = column === undefined ? sql`*` : sql.ref(column);
    const rowsOf = value === undefined ? sql`` : sql`where ${counted} = ${value}`;
    const counting = sql<{ count: number }>`select count(${counted}) as count from ${sql.table(table)} ${rowsOf}`;
    const { rows } = await counting.execute(database);
    const count = Number(rows[0]?.count);
    if (count > 0) held.push(`${count} of ${name}`);
  }
  return held;
}

/**
 * Changing a table waits for a lock while others use the table, and requests queue behind it. So the wait for the lock is shorter
 * than the deadline of a request, and between two attempts the queued requests run.
 */
const TABLE_WAIT_MS = 200;
const RETRY_MS = 800;
/** A role may have a shorter deadline for requests. */
const STATEMENT_MS = 60_000;
/** How long to retry. A backup uses every table while it runs. */
const MAX_TABLES_WAIT_MS = 60_000;
/** SQLSTATE. */
const LOCK_NOT_AVAILABLE = '55P03';

type Work = (transaction: Database) => Promise<void>;

/** Lets one node at a time change the schema. A writing transaction of SQLite is exclusive anyway. */
async function locked(database: Kysely<Schema>, kind: Kind, maxWaitMs: number, work: Work): Promise<void> {
  if (kind === 'sqlite') return database.transaction().execute(work);
  const until = performance.now() + maxWaitMs;
  for (;;) {
    try {
      return await database.transaction().execute(async (transaction) => {
        await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
        await sql`set local statement_timeout = ${sql.lit(STATEMENT_MS)}`.execute(transaction);
        await sql`set local lock_timeout = ${sql.lit(TABLE_WAIT_MS)}`.execute(transaction);
        await work(transaction);
      });
    } catch (error) {
      if ((error as { readonly code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      if (performance.now() >= until) throw new SchemaError(tablesInUse(maxWaitMs), { cause: error });
      await wait(RETRY_MS);
    }
  }
}

const tablesInUse = (maxWaitMs: number): string =>
  `the schema cannot be changed: another session has used its tables for ${maxWaitMs / 1000} s, as a backup does (pg_dump). ` +
  'Nothing was changed; try again when it has finished';

const executeIn =
  (transaction: Database) =>
  async (text: string): Promise<readonly unknown[]> =>
    (await sql.raw(text).execute(transaction)).rows;

async function appliedTo(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.selectFrom('migrations').select('name').execute();
  return new Set(rows.map(({ name }) => name));
}
