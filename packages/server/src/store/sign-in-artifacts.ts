// State of sign-in between requests: sessions, interactions, pushed requests, codes, device codes, consents, and clients that registered
// themselves. Rows are found by
// hashes and the caller encrypts the payload, so that nothing in the table can be presented.
import { changesOne, type OneRow } from './one-row.ts';
import type { Database, SignInArtifactRow } from './schema.ts';

export type SignInArtifact = Pick<SignInArtifactRow, 'id' | 'handle' | 'payload' | 'expires_at'>;

/** Minimum time between two polls of a device, and the increase for one that polls too soon (RFC 8628 sections 3.2 and 3.5). */
export const POLL_INTERVAL_SECONDS = 5;

/** Inserts an artifact, or updates it. */
export async function putArtifact(database: Database, artifact: SignInArtifact): Promise<void> {
  const { handle, payload, expires_at } = artifact;
  await database
    .insertInto('sign_in_artifacts')
    .values({ ...artifact, polled_at: 0, poll_interval: POLL_INTERVAL_SECONDS })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ handle, payload, expires_at }))
    .execute();
}

/** Updates an artifact. Does nothing if it was deleted meanwhile. */
export async function updateArtifact(database: Database, { id, ...changed }: SignInArtifact): Promise<void> {
  await database.updateTable('sign_in_artifacts').set(changed).where('id', '=', id).execute();
}

/** Also returns expired ones until they are swept. */
export const findArtifact = (
  database: Database,
  by: 'id' | 'handle',
  value: string,
): Promise<SignInArtifactRow | undefined> =>
  database.selectFrom('sign_in_artifacts').selectAll().where(by, '=', value).executeTakeFirst();

/** The artifacts with this handle that have not expired. */
export async function countArtifacts(database: Database, handle: string, now: number): Promise<number> {
  const { count } = await database
    .selectFrom('sign_in_artifacts')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('handle', '=', handle)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function deleteArtifact(database: Database, id: string): Promise<void> {
  await database.deleteFrom('sign_in_artifacts').where('id', '=', id).execute();
}

/** The handle of all clients that registered themselves, by which they are counted. Other handles are hashes. */
export const REGISTRATION = 'registration';

/** Maximum number of rows that one statement deletes. */
const MAX_DELETED_ROWS = 10_000;

/** Ends every sign-in. A registered client is none. */
export async function deleteSomeArtifacts(database: Database): Promise<'more' | 'none'> {
  const { numDeletedRows } = await database
    .deleteFrom('sign_in_artifacts')
    .where('id', 'in', ({ selectFrom }) =>
      selectFrom('sign_in_artifacts')
        .select('id')
        .where(({ eb, or }) => or([eb('handle', 'is', null), eb('handle', '!=', REGISTRATION)]))
        .limit(MAX_DELETED_ROWS),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows) < MAX_DELETED_ROWS ? 'none' : 'more';
}

/** Changes no row if it was consumed or has expired. */
export const consumption =
  (id: string, now: number): OneRow =>
  (database) =>
    database
      .updateTable('sign_in_artifacts')
      .set({ consumed_at: now })
      .where('id', '=', id)
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', now);

/** @returns whether this call consumed it */
export const consumeArtifact = (database: Database, id: string, now: number): Promise<boolean> =>
  changesOne(database, consumption(id, now));

/** Records a poll of a device. If it is too soon, the device must wait 5 seconds longer from now on (RFC 8628 section 3.5). */
export async function pollArtifact(database: Database, id: string, now: number): Promise<'polled' | 'too soon'> {
  const { numUpdatedRows } = await database
    .updateTable('sign_in_artifacts')
    .set({ polled_at: now })
    .where('id', '=', id)
    .where(({ eb }) => eb(eb('polled_at', '+', eb('poll_interval', '*', 1000)), '<=', now))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 1n) return 'polled';
  await database
    .updateTable('sign_in_artifacts')
    .set(({ eb }) => ({ polled_at: now, poll_interval: eb('poll_interval', '+', POLL_INTERVAL_SECONDS) }))
    .where('id', '=', id)
    .execute();
  return 'too soon';
}
