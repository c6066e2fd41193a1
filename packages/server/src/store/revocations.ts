// Revocations: of single tokens by id, and of many tokens at once by subject or client. They are never undone.
import { sql } from 'kysely';
import type { OneRow } from './one-row.ts';
import type { Database } from './schema.ts';

/** Revokes all tokens of a subject by its local name, of a principal by issuer and subject, of a client, or of everyone. */
export type RevokedKind = 'subject' | 'principal' | 'client' | 'all';

export interface ManyRevoked {
  readonly kind: RevokedKind;
  /** Empty for `all`. */
  readonly name: string;
}

/** A row. `kind` is null if the previous version wrote it: it has only `id`. */
export interface StoredRevocation {
  readonly sequence: number;
  readonly id: string;
  readonly revoked_at: number;
  readonly kind: 'token' | RevokedKind | null;
  readonly name: string | null;
  /** The region that revoked it; null: this one. */
  readonly region: string | null;
  /** The time of the revocation by the clock of that region; null: this region revoked it. */
  readonly region_time: number | null;
}

/** The kinds that appear before a colon in the id of a row. */
const NAMED: Readonly<Record<Exclude<RevokedKind, 'all'>, true>> = { subject: true, principal: true, client: true };
const isNamed = (kind: string): kind is keyof typeof NAMED => Object.hasOwn(NAMED, kind);

/**
 * Reads a row of the store. A row has no kind if the previous version wrote it, or if a schema downgrade removed the kind.
 * @returns undefined for the row of a single token
 */
export function manyOf({ id, kind, name }: Pick<StoredRevocation, 'id' | 'kind' | 'name'>): ManyRevoked | undefined {
  if (kind === 'token') return undefined;
  if (kind !== null) return { kind, name: name ?? '' };
  if (id === 'all') return { kind: 'all', name: '' };
  const colon = id.indexOf(':');
  const before = id.slice(0, Math.max(colon, 0));
  return isNamed(before) ? { kind: before, name: id.slice(colon + 1) } : undefined;
}

/** Revokes a token or a refresh family. Changes no row if it is revoked already. */
export const revocation =
  (id: string, now: number): OneRow =>
  (database) =>
    database
      .insertInto('revocations')
      .values({ id, revoked_at: now, kind: 'token', name: null })
      .onConflict((conflict) => conflict.column('id').doNothing());

/** SQLite limits the parameters of a statement. 500 rows of 5 columns stay far below the limit. */
const ROWS_AT_ONCE = 500;

/**
 * Each row replaces the earlier one with its name. No other transaction gets a later time until this one ends: a reader that
 * sees a row has seen every row with an earlier time.
 * @param now by the caller's clock @returns the time of the revocation: later than all earlier ones, even if clocks differ
 */
export async function insertManyRevoked(
  transaction: Database,
  revoked: readonly ManyRevoked[],
  now: number,
): Promise<number> {
  const time = await nextTime(transaction, now);
  const rows = revoked.map(({ kind, name }) => ({ id: idOf({ kind, name }), revoked_at: time, kind, name }));
  // An id may occur only once in a statement.
  const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
  for (let start = 0; start < unique.length; start += ROWS_AT_ONCE) {
    const some = unique.slice(start, start + ROWS_AT_ONCE);
    const ids = some.map(({ id }) => id);
    await transaction.deleteFrom('revocations').where('id', 'in', ids).execute();
    await transaction.insertInto('revocations').values(some).execute();
  }
  return time;
}

/** The previous version reads this id. */
export const idOf = ({ kind, name }: ManyRevoked): string => (kind === 'all' ? kind : `${kind}:${name}`);

export async function nextTime(transaction: Database, now: number): Promise<number> {
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

/** In sequence. A transaction may commit after one with a later number: see `findSettled`. */
export const listRevocations = (database: Database, after: number): Promise<StoredRevocation[]> =>
  database
    .selectFrom('revocations')
    .select(['sequence', 'id', 'revoked_at', 'kind', 'name', 'region', 'region_time'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .execute();

/** @param id of a token or a refresh family */
export async function isRevoked(database: Database, id: string): Promise<boolean> {
  const row = await database.selectFrom('revocations').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
