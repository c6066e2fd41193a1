// What sign-in remembers between requests: sessions, interactions, pushed requests, codes, device codes, what people agreed
// to. Found by hashes, sealed by whoever writes it: nothing here can be presented anywhere.
import type { Database, SignInArtifactRow } from './schema.ts';

export type SignInArtifact = Pick<SignInArtifactRow, 'id' | 'handle' | 'payload' | 'expires_at'>;

/** Seconds between two polls of a device, where nobody said otherwise (RFC 8628 section 3.2). */
export const POLL_INTERVAL = 5;

/** Writes it, or what has become of it since. */
export async function putArtifact(database: Database, artifact: SignInArtifact): Promise<void> {
  const { handle, payload, expires_at } = artifact;
  await database
    .insertInto('sign_in_artifacts')
    .values({ ...artifact, polled_at: 0, poll_interval: POLL_INTERVAL })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ handle, payload, expires_at }))
    .execute();
}

/** Writes what has become of it; nothing where it was deleted meanwhile. */
export async function updateArtifact(database: Database, { id, ...changed }: SignInArtifact): Promise<void> {
  await database.updateTable('sign_in_artifacts').set(changed).where('id', '=', id).execute();
}

/** Expired ones as well, until they are swept. @param by its own name, or its other one */
export const findArtifact = (
  database: Database,
  by: 'id' | 'handle',
  value: string,
): Promise<SignInArtifactRow | undefined> =>
  database.selectFrom('sign_in_artifacts').selectAll().where(by, '=', value).executeTakeFirst();

export async function deleteArtifact(database: Database, id: string): Promise<void> {
  await database.deleteFrom('sign_in_artifacts').where('id', '=', id).execute();
}

/** As many as can be deleted at once: after the last of them everybody signs in again. */
const AT_ONCE = 10_000;

export async function deleteSomeArtifacts(database: Database): Promise<'more' | 'none'> {
  const { numDeletedRows } = await database
    .deleteFrom('sign_in_artifacts')
    .where('id', 'in', ({ selectFrom }) => selectFrom('sign_in_artifacts').select('id').limit(AT_ONCE))
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows) < AT_ONCE ? 'none' : 'more';
}

/** One conditional statement: of many at once exactly one consumes it. @returns whether this one did */
export async function consumeArtifact(database: Database, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('sign_in_artifacts')
    .set({ consumed_at: now })
    .where('id', '=', id)
    .where('consumed_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** A device asks. Too soon after the last time, and it has to wait five seconds longer from now on (RFC 8628 section 3.5). */
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
    .set(({ eb }) => ({ polled_at: now, poll_interval: eb('poll_interval', '+', POLL_INTERVAL) }))
    .where('id', '=', id)
    .execute();
  return 'too soon';
}
