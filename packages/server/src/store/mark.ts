// Has anything been written that nodes tell each other? One small query, so that a node where nothing happens does nothing.
import { sql } from 'kysely';
import type { Database } from './schema.ts';

/** A transaction that takes its number first may commit last, behind rows that were read already: never by more than this. */
export const LOOK_BACK = 1000;

/** A text that differs whenever revocations, registered clients or signing keys do. */
export async function readMark(database: Database): Promise<string> {
  const { rows } = await statement.execute(database);
  return rows.map(({ mark }) => mark).join();
}

/** Numbers only grow, so the sum of the latest grows with every row among them. */
const statement = sql<{ mark: string }>`select
  coalesce((select sum(sequence) from (select sequence from revocations order by sequence desc limit ${sql.lit(LOOK_BACK)}) as latest), 0)
  || ' ' || coalesce((select number from revisions where name = 'clients'), 0)
  || ' ' || coalesce((select string_agg(kid, ' ' order by kid) from signing_keys), '') as mark`;
