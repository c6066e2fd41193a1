// What was signed about the chains of the audit; never changed, never deleted.
import type { AuditStatementKind, AuditStatementRow, Database } from './schema.ts';

/** Does nothing where the same was said before. @returns whether this is the first */
export async function insertStatement(database: Database, row: AuditStatementRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('audit_statements')
    .values(row)
    .onConflict((conflict) => conflict.columns(['chain', 'kind', 'position']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export const listStatements = (
  database: Database,
  after: number,
  limit: number,
): Promise<{ sequence: number; jws: string; jwk: string }[]> =>
  database
    .selectFrom('audit_statements')
    .select(['sequence', 'jws', 'jwk'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();

/** The newest of them, or of those before one, the newest first. */
export function listNewestStatements(
  database: Database,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<{ sequence: number; jws: string }[]> {
  const newest = database.selectFrom('audit_statements').select(['sequence', 'jws']);
  const page = before === undefined ? newest : newest.where('sequence', '<', before);
  return page.orderBy('sequence', 'desc').limit(limit).execute();
}

/** How far a chain is signed, or cut; 0 where nothing says so. */
export async function findStatedPosition(
  database: Database,
  chain: string,
  kinds: readonly AuditStatementKind[],
): Promise<number> {
  const row = await database
    .selectFrom('audit_statements')
    .select('position')
    .where('chain', '=', chain)
    .where('kind', 'in', kinds)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.position ?? 0;
}

/** The furthest signed place of a chain, up to a position and older than a time; undefined where there is none. */
export const findCut = (
  database: Database,
  chain: string,
  { before, through }: { before: number; through: number },
): Promise<{ position: number; hash: string } | undefined> =>
  database
    .selectFrom('audit_statements as statement')
    .innerJoin('audit as row', (join) =>
      join.onRef('row.chain', '=', 'statement.chain').onRef('row.position', '=', 'statement.position'),
    )
    .select(['row.position', 'row.hash'])
    .where('statement.chain', '=', chain)
    .where('statement.kind', 'in', ['head', 'found'])
    .where('statement.position', '<=', through)
    .where('row.time', '<', before)
    .orderBy('statement.position', 'desc')
    .limit(1)
    .$narrowType<{ position: number; hash: string }>()
    .executeTakeFirst();
