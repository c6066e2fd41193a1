// What was revoked: tokens by their ids, and many tokens at once by the name of what they have in common. Never taken back.
import { sql } from 'kysely';
import type { Database } from './schema.ts';

/** What many tokens have in common: a subject by its name here, one by issuer and name, a client, or all. */
export type RevokedKind = 'subject' | 'principal' | 'client' | 'all';

export interface ManyRevoked {
  readonly kind: RevokedKind;
  /** Empty for all. */
  readonly name: string;
}

/** A row. Without `kind`: written by the version before, which has one name space for all. */
export interface StoredRevocation {
  readonly sequence: number;
  readonly id: string;
  readonly revoked_at: number;
  readonly kind: 'token' | RevokedKind | null;
  readonly name: string | null;
}

/** A token or a refresh family. Does nothing where the id is there already. */
export async function insertRevocation(database: Database, id: string, now: number): Promise<void> {
  await database
    .insertInto('revocations')
    .values({ id, revoked_at: now, kind: 'token', name: null })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** SQLite bounds the parameters of a statement; 500 rows of four stay far below. */
const ROWS_AT_ONCE = 500;

/**
 * Each row replaces the earlier one of its name. Until the transaction ends no other gets a later moment, so that whoever sees a
 * row has seen every row with an earlier moment.
 * @param now by the caller's clock @returns the moment of the revocation: later than every one before, whatever the clocks say
 */
export async function insertManyRevoked(
  transaction: Database,
  revoked: readonly ManyRevoked[],
  now: number,
): Promise<number> {
  const moment = await nextMoment(transaction, now);
  const rows = revoked.map(({ kind, name }) => ({ id: idOf({ kind, name }), revoked_at: moment, kind, name }));
  // A statement has one row for each id.
  const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
  for (let start = 0; start < unique.length; start += ROWS_AT_ONCE) {
    const some = unique.slice(start, start + ROWS_AT_ONCE);
    const ids = some.map(({ id }) => id);
    await transaction.deleteFrom('revocations').where('id', 'in', ids).execute();
    await transaction.insertInto('revocations').values(some).execute();
  }
  return moment;
}

/** The version before reads this id. */
const idOf = ({ kind, name }: ManyRevoked): string => (kind === 'all' ? kind : `${kind}:${name}`);

async function nextMoment(transaction: Database, now: number): Promise<number> {
  const { number } = await transaction
    .insertInto('revisions')
    .values({ name: 'revocations', number: now })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        number: sql<number>`case when revisions.number < excluded.number then excluded.number else revisions.number + 1 end`,
      }),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  return Number(number);
}

/** In sequence; a transaction that takes its number first may commit last, so callers look back a little. */
export const listRevocations = (database: Database, after: number): Promise<StoredRevocation[]> =>
  database
    .selectFrom('revocations')
    .select(['sequence', 'id', 'revoked_at', 'kind', 'name'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .execute();

/** @param id of a token or a refresh family */
export async function isRevoked(database: Database, id: string): Promise<boolean> {
  const row = await database.selectFrom('revocations').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
