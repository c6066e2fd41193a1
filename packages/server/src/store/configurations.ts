// The texts of the configurations that were in force, by digest, and what each node recorded last.
import { sql } from 'kysely';
import { findFirstRowTime } from './audit-use.ts';
import type { Database } from './schema.ts';

/** Rows of one statement. */
const BATCH_ROWS = 100;

/** A text that was seen within this time is not written again: nodes that start together would wait for each other. */
const FRESH_MS = 300_000;

/** Stores texts by their digests. A text that is known is seen again. */
export async function insertTexts(database: Database, texts: ReadonlyMap<string, string>, now: number): Promise<void> {
  const fresh = new Set<string>();
  for (const some of batches([...texts.keys()])) {
    const rows = await database
      .selectFrom('configuration_texts')
      .select('digest')
      .where('digest', 'in', some)
      .where('seen_at', '>', now - FRESH_MS)
      .execute();
    for (const { digest } of rows) fresh.add(digest);
  }
  // In one order on all nodes, so that none waits for a row of a node that waits for one of its own.
  const wanted = [...texts].filter(([digest]) => !fresh.has(digest)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const some of batches(wanted))
    await database
      .insertInto('configuration_texts')
      .values(some.map(([digest, text]) => ({ digest, text, seen_at: now })))
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ seen_at: now }))
      .execute();
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += BATCH_ROWS) yield all.slice(at, at + BATCH_ROWS);
}

/** The beginning of the text of a whole configuration. No part begins like this: `files` is not a key of a file. */
const WHOLE = '{"files":[';

/** Configurations whose digest begins with these hexadecimal digits, at most two: one is the answer, and two are too many. */
export const findConfigurationTexts = (
  database: Database,
  prefix: string,
): Promise<{ digest: string; text: string }[]> =>
  database
    .selectFrom('configuration_texts')
    .select(['digest', 'text'])
    .where('digest', '>=', prefix)
    .where('digest', '<', `${prefix}g`)
    .where(sql<boolean>`substr(text, 1, ${sql.lit(WHOLE.length)}) = ${WHOLE}`)
    .orderBy('digest')
    .limit(2)
    .execute();

/** The texts of these digests, as far as they are there. */
export async function listTexts(database: Database, digests: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const some of batches(digests)) {
    const rows = await database
      .selectFrom('configuration_texts')
      .select(['digest', 'text'])
      .where('digest', 'in', some)
      .execute();
    for (const { digest, text } of rows) found.set(digest, text);
  }
  return found;
}

/** All texts after a digest, in order. */
export const listTextsAfter = (
  database: Database,
  after: string,
  limit: number,
): Promise<{ digest: string; text: string }[]> =>
  database
    .selectFrom('configuration_texts')
    .select(['digest', 'text'])
    .where('digest', '>', after)
    .orderBy('digest')
    .limit(limit)
    .execute();

/** Claims the row about a configuration for one process of a node. @returns false if another process wrote it */
export async function claimApplied(database: Database, id: string, digest: string, now: number): Promise<boolean> {
  const claimed = await database
    .insertInto('configuration_nodes')
    .values({ id, digest, rejected: null, seen_at: now })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ digest, rejected: null, seen_at: now })
        .where(
          sql<boolean>`configuration_nodes.digest is distinct from ${digest} or configuration_nodes.rejected is not null`,
        ),
    )
    .returning('id')
    .executeTakeFirst();
  return claimed !== undefined;
}

/** Claims the row about a rejected file for one process of a node. @returns false if another process wrote it */
export async function claimRejected(database: Database, id: string, rejected: string, now: number): Promise<boolean> {
  const claimed = await database
    .insertInto('configuration_nodes')
    .values({ id, digest: null, rejected, seen_at: now })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ rejected, seen_at: now })
        .where(sql<boolean>`configuration_nodes.rejected is distinct from ${rejected}`),
    )
    .returning('id')
    .executeTakeFirst();
  return claimed !== undefined;
}

/** Records that a configuration is in force at this time. */
export async function touchTexts(database: Database, digests: readonly string[], now: number): Promise<void> {
  for (const some of batches(digests))
    await database
      .updateTable('configuration_texts')
      .set({ seen_at: now })
      .where('digest', 'in', some)
      .where('seen_at', '<', now - FRESH_MS)
      .execute();
}

/** A text is kept this much longer than the rows that refer to it. The time of a text may be an hour old, and clocks differ. */
const MARGIN_MS = 86_400_000;

/** Deletes the texts that were in force before the oldest audit row only, so that no row refers to them. */
export async function deleteUnusedTexts(database: Database, now: number): Promise<void> {
  const oldest = await findFirstRowTime(database);
  const before = Math.min(oldest ?? now, now) - MARGIN_MS;
  await database.deleteFrom('configuration_texts').where('seen_at', '<', before).execute();
  await database.deleteFrom('configuration_nodes').where('seen_at', '<', before).execute();
}
