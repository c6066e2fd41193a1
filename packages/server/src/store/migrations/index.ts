// How did the schema come to be what it is? The list of steps, each additive, applied in order and once.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { first } from './0001-first.ts';
import { tokenLife } from './0002-token-life.ts';
import type { Migration, SequenceColumn } from './migration.ts';

const migrations = [first, tokenLife] as const satisfies readonly Migration[];

const sequences: Readonly<Record<'sqlite' | 'postgres', SequenceColumn>> = {
  sqlite: { type: 'integer', build: (column) => column.primaryKey().autoIncrement() },
  postgres: { type: 'bigserial', build: (column) => column.primaryKey() },
};

/** Any number, the same on all nodes. */
const LOCK = 7_315_269;

/** Brings the schema up to date, in one transaction: two nodes that start at once migrate once. */
export async function migrate(database: Kysely<Schema>, kind: 'sqlite' | 'postgres', now: number): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
    await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(
      transaction,
    );
    const rows = await transaction.selectFrom('migrations').select('name').execute();
    const applied = new Set(rows.map((row) => row.name));
    for (const { name, up } of migrations) {
      if (applied.has(name)) continue;
      await up(transaction.schema, sequences[kind]);
      await transaction.insertInto('migrations').values({ name, applied_at: now }).execute();
    }
  });
}
