// The regions of this server: the one that owns this database, and how far the revocations of each other one were read.
import { hash } from 'node:crypto';
import { idOf, manyOf, nextTime, type RevokedKind, type StoredRevocation } from './revocations.ts';
import type { Database } from './schema.ts';
import type { Store } from './store.ts';

/** A revocation as regions tell it each other. */
export interface ToldRevocation {
  /** The id of the token; for a bulk revocation, the name of its tokens. */
  readonly name: string;
  readonly kind: 'token' | RevokedKind;
  /** Milliseconds since 1970, by the clock of the region that revoked. */
  readonly time: number;
}

export interface StoredPeer {
  readonly position: number;
  /** The peer's mark of the position: with another mark, the peer has another database. */
  readonly mark: string;
  readonly keys: string;
}

/** @returns the region that this database belongs to. The first region that opens it owns it */
export async function claimRegion(database: Database, name: string): Promise<string> {
  const owner = await findOwnRegion(database);
  if (owner !== undefined) return owner;
  await database
    .insertInto('regions')
    .values({ name, place: 'own', position: 0, mark: '', keys: '{}' })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await findOwnRegion(database)) ?? '';
}

export async function findOwnRegion(database: Database): Promise<string | undefined> {
  const row = await database.selectFrom('regions').select('name').where('place', '=', 'own').executeTakeFirst();
  return row?.name;
}

export async function findPeer(database: Database, name: string): Promise<StoredPeer | undefined> {
  const row = await database
    .selectFrom('regions')
    .select(['position', 'mark', 'keys'])
    .where('name', '=', name)
    .where('place', '=', 'peer')
    .executeTakeFirst();
  return row && { position: Number(row.position), mark: row.mark, keys: row.keys };
}

export async function savePeer(database: Database, name: string, { position, mark, keys }: StoredPeer): Promise<void> {
  await database
    .insertInto('regions')
    .values({ name, place: 'peer', position, mark, keys })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ position, mark, keys }))
    .execute();
}

/**
 * A region that revokes the token itself tells it to others, too, even if it was told by another one first.
 * @returns the number of the revocation of a token, by its id; 0 if there is none
 */
export const findOwnPosition = (store: Store, id: string): Promise<number> =>
  store.transaction().execute(async (transaction) => {
    const row = await transaction.selectFrom('revocations').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || row.region === null) return row?.sequence ?? 0;
    await transaction.deleteFrom('revocations').where('id', '=', id).execute();
    const { kind, name, revoked_at } = row;
    const own = { id, kind, name, revoked_at, region: null, region_time: null };
    const { sequence } = await transaction
      .insertInto('revocations')
      .values(own)
      .returning('sequence')
      .executeTakeFirstOrThrow();
    return sequence;
  });

/**
 * Names the last revocation up to a number. If the database was replaced by an older copy, the number has another mark. It has one, too,
 * once a bulk revocation replaced that row: then a region reads all again.
 */
export async function positionMark(database: Database, position: number): Promise<string> {
  const row = await database
    .selectFrom('revocations')
    .select(['sequence', 'id', 'revoked_at'])
    .where('sequence', '<=', position)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? '' : hash('sha256', `${row.sequence} ${row.revoked_at} ${row.id}`, 'base64url');
}

/** The revocations of this region alone, in sequence. */
export async function listOwnRevocations(
  database: Database,
  after: number,
  limit: number,
): Promise<readonly (ToldRevocation & { readonly sequence: number })[]> {
  const rows = await database
    .selectFrom('revocations')
    .select(['sequence', 'id', 'revoked_at', 'kind', 'name'])
    .where('sequence', '>', after)
    .where('region', 'is', null)
    .orderBy('sequence')
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const { kind, name } = manyOf(row) ?? { kind: 'token', name: row.id };
    return { sequence: row.sequence, kind, name, time: Number(row.revoked_at) };
  });
}

/**
 * Writes what another region revoked. A revocation that is here already is not written again, so a page can be read twice.
 * @param by `isOwnId`: did this region make the token? Then the revocation is told to every other region as our own, so that none needs
 *   to reach the one that revoked. `now`: by the caller's clock
 */
export async function insertTold(
  transaction: Database,
  region: string,
  told: readonly ToldRevocation[],
  { isOwnId, now }: { readonly isOwnId: (id: string) => boolean; readonly now: number },
): Promise<void> {
  for (const { kind, name, time } of told) {
    if (kind === 'token') {
      const from = isOwnId(name) ? { region: null, region_time: null } : { region, region_time: time };
      await insertOne(transaction, { id: name, revoked_at: now, kind, name: null, ...from });
      continue;
    }
    const id = `${region}/${idOf({ kind, name })}`;
    const known = await transaction
      .selectFrom('revocations')
      .select('region_time')
      .where('id', '=', id)
      .executeTakeFirst();
    if (known !== undefined && Number(known.region_time) >= time) continue;
    // Tokens of this region that exist now are revoked, as by a bulk revocation here.
    const moment = await nextTime(transaction, now);
    await transaction.deleteFrom('revocations').where('id', '=', id).execute();
    await insertOne(transaction, { id, revoked_at: moment, kind, name, region, region_time: time });
  }
}

const insertOne = (transaction: Database, row: Omit<StoredRevocation, 'sequence'>): Promise<unknown> =>
  transaction
    .insertInto('revocations')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
