// How did the schema come to be what it is? The list of steps, each additive, applied in order and once.
import { type Kysely, sql } from 'kysely';
import type { Database, Schema } from '../schema.ts';
import { first } from './0001-first.ts';
import { tokenLife } from './0002-token-life.ts';
import { notify } from './0003-notify.ts';
import { nodes } from './0004-nodes.ts';
import type { Migration, SequenceColumn } from './migration.ts';

const migrations: readonly Migration[] = [first, tokenLife, notify, nodes] as const satisfies readonly Migration[];

const sequences: Readonly<Record<'sqlite' | 'postgres', SequenceColumn>> = {
  sqlite: { type: 'integer', build: (column) => column.primaryKey().autoIncrement() },
  postgres: { type: 'bigserial', build: (column) => column.primaryKey() },
};

/** Any number, the same on all nodes. */
const LOCK = 7_315_269;

/**
 * Brings the schema up to date, in one transaction: two nodes that start at once migrate once. Steps of a later version are
 * left alone. Where nothing is to be done nothing is written: a server then needs no right to change the schema.
 */
export async function migrate(database: Kysely<Schema>, kind: 'sqlite' | 'postgres', now: number): Promise<void> {
  const steps = migrations.filter(({ only }) => only === undefined || only === kind);
  const before = await appliedTo(database).catch(() => new Set());
  if (steps.every(({ name }) => before.has(name))) return;
  await database.transaction().execute(async (transaction) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
    await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(
      transaction,
    );
    const applied = await appliedTo(transaction);
    for (const { name, up } of steps) {
      if (applied.has(name)) continue;
      await up(transaction.schema, sequences[kind], async (text) => void (await sql.raw(text).execute(transaction)));
      await transaction.insertInto('migrations').values({ name, applied_at: now }).execute();
    }
  });
}

async function appliedTo(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.selectFrom('migrations').select('name').execute();
  return new Set(rows.map(({ name }) => name));
}
