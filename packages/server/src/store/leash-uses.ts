// Counts the tokens of limited clients and actors: when they were issued, and which are still valid.
import { sql } from 'kysely';
import type { Database, LeashTokenRow } from './schema.ts';

/** A time of another node may be this much later, as its clock is. Beyond, it is not believed: a wrong clock must not count for ever. */
const MAX_AHEAD_MS = 3_600_000;

export interface LeashUse {
  /** Numbers have no gaps. Other transactions wait until this one ends. */
  readonly number: number;
  /** Milliseconds since 1970: the caller's time, or that of the last use if it is later. */
  readonly time: number;
}

/** Counts one use. */
export async function countUse(transaction: Database, leash: string, now: number): Promise<LeashUse> {
  const { number, time } = await transaction
    .insertInto('leash_counts')
    .values({ leash, number: 1, time: now })
    .onConflict((conflict) =>
      conflict.column('leash').doUpdateSet({
        number: sql<number>`leash_counts.number + 1`,
        time: sql<number>`case when leash_counts.time > ${sql.lit(now)} and leash_counts.time <= ${sql.lit(now + MAX_AHEAD_MS)}
          then leash_counts.time else ${sql.lit(now)} end`,
      }),
    )
    .returning(['number', 'time'])
    .executeTakeFirstOrThrow();
  return { number: Number(number), time: Number(time) };
}

/** @returns the time of an earlier use; undefined if it was deleted, or is far in the future */
export async function findUse(
  transaction: Database,
  leash: string,
  { number, time }: LeashUse,
): Promise<number | undefined> {
  const row = await transaction
    .selectFrom('leash_uses')
    .select('time')
    .where('leash', '=', leash)
    .where('number', '=', number)
    .where('time', '<=', time + MAX_AHEAD_MS)
    .executeTakeFirst();
  return row && Number(row.time);
}

export async function insertUse(
  transaction: Database,
  leash: string,
  { number, time }: LeashUse,
  keepMs: number,
): Promise<void> {
  await transaction
    .insertInto('leash_uses')
    .values({ leash, number, time, expires_at: time + keepMs })
    .execute();
}

/** @param now milliseconds since 1970 */
export async function countLiving(transaction: Database, leash: string, now: number): Promise<number> {
  const { count } = await transaction
    .selectFrom('leash_tokens')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('leash', '=', leash)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** In the order of their ends. */
export const listLiving = (transaction: Database, leash: string, now: number): Promise<LeashTokenRow[]> =>
  transaction
    .selectFrom('leash_tokens')
    .selectAll()
    .where('leash', '=', leash)
    .where('expires_at', '>', now)
    .orderBy('expires_at')
    .execute();

/** @returns those of the tokens that are counted already */
export async function listCounted(
  transaction: Database,
  leash: string,
  tokens: readonly string[],
): Promise<readonly string[]> {
  const rows = await transaction
    .selectFrom('leash_tokens')
    .select('token')
    .where('leash', '=', leash)
    .where('token', 'in', tokens)
    .execute();
  return rows.map(({ token }) => token);
}

export async function deleteLiving(transaction: Database, leash: string, tokens: readonly string[]): Promise<void> {
  if (tokens.length === 0) return;
  await transaction.deleteFrom('leash_tokens').where('leash', '=', leash).where('token', 'in', tokens).execute();
}

export async function insertLiving(transaction: Database, rows: readonly LeashTokenRow[]): Promise<void> {
  if (rows.length > 0) await transaction.insertInto('leash_tokens').values(rows).execute();
}
