// Counts the tokens of limited clients and actors: when they were issued, and which are still valid.
import { sql } from 'kysely';
import type { OneRow } from './one-row.ts';
import type { Database, LeashTokenRow } from './schema.ts';

/** A time of another node may be this much later, as its clock is. Beyond, it is not believed: a wrong clock must not count for ever. */
const MAX_AHEAD_MS = 3_600_000;

/** At most so many uses in a time. */
export interface Window {
  readonly allowed: number;
  readonly ms: number;
}

/** The time of a use: the caller's, or that of the last use if it is later. */
const timeOf = (now: number) =>
  sql<number>`case when leash_counts.time > ${now} and leash_counts.time <= ${now + MAX_AHEAD_MS}
    then leash_counts.time else ${now} end`;

/** Counts one use. Changes no row if a window is full. */
export const useWithin =
  (leash: string, windows: readonly Window[], now: number): OneRow =>
  (database) => {
    const time = timeOf(now);
    const isFull = ({ allowed, ms }: Window) =>
      sql`exists (select 1 from leash_uses where leash_uses.leash = leash_counts.leash
        and leash_uses.number = leash_counts.number + 1 - ${sql.lit(allowed)}
        and leash_uses.time > ${time} - ${sql.lit(ms)} and leash_uses.time <= ${time} + ${sql.lit(MAX_AHEAD_MS)})`;
    return database
      .insertInto('leash_counts')
      .values({ leash, number: 1, time: now })
      .onConflict((conflict) =>
        conflict
          .column('leash')
          .doUpdateSet({ number: sql<number>`leash_counts.number + 1`, time })
          .where(({ and }) => and(windows.map((window) => sql<boolean>`not ${isFull(window)}`))),
      );
  };

/** Records the use that was counted last. */
export const recordedUse =
  (leash: string, keepMs: number): OneRow =>
  (database) =>
    database
      .insertInto('leash_uses')
      .columns(['leash', 'number', 'time', 'expires_at'])
      .expression((from) =>
        from
          .selectFrom('leash_counts')
          .select(['leash', 'number', 'time', sql<number>`time + ${sql.lit(keepMs)}`.as('expires_at')])
          .where('leash', '=', leash),
      );

/** Counts a token, also if it is counted already. Changes no row if as many others are valid. */
export const livingWithin =
  ({ leash, token, facts, expires_at }: LeashTokenRow, limit: number, now: number): OneRow =>
  (database) => ({
    compile: () =>
      sql`insert into leash_tokens (leash, token, facts, expires_at)
        select ${leash}, ${token}, ${facts}, ${expires_at} where (select count(*) from leash_tokens
          where leash = ${leash} and expires_at > ${now} and token <> ${token}) < ${limit}
        on conflict (leash, token) do update set leash = excluded.leash`.compile(database),
  });

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
        time: timeOf(now),
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
