// Deletes expired rows.
import { earlierTime } from './database-time.ts';
import type { Database } from './schema.ts';

/** Rows are kept this much longer, for the clocks of nodes differ. */
const MARGIN_MS = 3_600_000;

/** Uses the earlier of the node's and the database's time: a node whose clock is fast must not delete rows that others need. */
export async function sweep(database: Database, now: number): Promise<void> {
  for (const table of [
    'used_ids',
    'opaque_tokens',
    'refresh_families',
    'sign_in_artifacts',
    'leash_uses',
    'leash_tokens',
  ] as const) {
    await database
      .deleteFrom(table)
      .where('expires_at', '<', earlierTime(database, now - MARGIN_MS, -MARGIN_MS))
      .execute();
  }
  // After all uses of a limit are deleted, its numbers may begin anew.
  await database
    .deleteFrom('leash_counts')
    .where('time', '<', earlierTime(database, now - MARGIN_MS, -MARGIN_MS))
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('leash_uses').select('number').whereRef('leash_uses.leash', '=', 'leash_counts.leash'))),
    )
    .execute();
}
