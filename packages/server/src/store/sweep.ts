// What has expired is deleted; nothing asks for it any more.
import { earlierTime } from './database-time.ts';
import type { Database } from './schema.ts';

/** Rows stay this much longer than they must, in milliseconds: clocks of nodes differ. */
const MARGIN = 3_600_000;

/** A node whose clock is fast deletes nothing that others still need: the earlier of its time and the database's counts. */
export async function sweep(database: Database, now: number): Promise<void> {
  for (const table of ['used_ids', 'opaque_tokens', 'refresh_families', 'sign_in_artifacts'] as const) {
    await database
      .deleteFrom(table)
      .where('expires_at', '<', earlierTime(database, now - MARGIN, -MARGIN))
      .execute();
  }
}
