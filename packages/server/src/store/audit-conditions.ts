// The conditions of a search of audit rows, and the sizes of rows: what every part of a search shares.
import { type RawBuilder, sql } from 'kysely';
import { INDEXED_COLUMNS } from './audit-index.ts';
import type { AuditColumns } from './schema.ts';

/** Search terms: columns must be equal. `since` is included, `until` is not. */
export interface AuditTerms extends Partial<Omit<AuditColumns, 'time'>> {
  readonly since?: number;
  readonly until?: number;
  /** The sequence number of the last row. */
  readonly through?: number;
  /** Ids of tokens, of which the row must name one. */
  readonly tokens?: readonly string[];
}

/** The last row of a page; the next page begins after it. */
export interface AuditPlace {
  readonly time: number;
  readonly sequence: number;
}

/** A row and the size of its texts. */
export interface RowSize extends AuditPlace {
  readonly bytes: number;
}

/** Neither database reads a large text for its size in bytes. */
export const rowBytes = sql`octet_length(event) + coalesce(octet_length(personal), 0)`;

/** The first rows that together are within a number of bytes, and at least one row. */
export function withinBytes(sizes: readonly RowSize[], maxBytes: number): readonly RowSize[] {
  let sum = 0;
  const tooMany = sizes.findIndex(({ bytes }, index) => {
    sum += bytes;
    return index > 0 && sum > maxBytes;
  });
  return tooMany < 0 ? sizes : sizes.slice(0, tooMany);
}

/** The times and numbers of a search, as conditions on the columns of a table. */
export function timesOf(
  {
    terms: { since, until, through },
    before,
  }: { readonly terms: AuditTerms; readonly before?: AuditPlace | undefined },
  table: string,
) {
  const [time, sequence] = [sql.ref(`${table}.time`), sql.ref(`${table}.sequence`)];
  const conditions = [
    since === undefined ? [] : sql`${time} >= ${since}`,
    until === undefined ? [] : sql`${time} < ${until}`,
    through === undefined ? [] : sql`${sequence} <= ${through}`,
    // The first condition is for the index.
    before === undefined
      ? []
      : sql`${time} <= ${before.time} and (${time}, ${sequence}) < (${before.time}, ${before.sequence})`,
  ].flat();
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** Compares the columns, without an index of theirs. */
export function columnsEqual(terms: AuditTerms): RawBuilder<unknown> {
  const conditions = INDEXED_COLUMNS.flatMap((column) =>
    terms[column] === undefined ? [] : sql`${sql.ref(`audit.${column}`)} || '' = ${terms[column]}`,
  );
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}
