// What was signed about the chains of the audit; never changed, never deleted. Every column but `jws` is a hint: the signed text
// decides.
import { sql } from 'kysely';
import type { AuditStatementKind, AuditStatementRow, Database } from './schema.ts';

export interface StatementPlace {
  readonly kind: AuditStatementKind;
  readonly chain: string;
  readonly position: number;
}

/** A statement as it stands. */
export interface StoredStatement extends StatementPlace {
  readonly sequence: number;
  readonly jws: string;
  readonly jwk: string;
}

/** Until the transaction ends no other that takes this lock writes statements. */
export async function lockStatements(transaction: Database): Promise<void> {
  await transaction
    .insertInto('revisions')
    .values({ name: 'audit statements', number: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ number: sql<number>`revisions.number + 1` }))
    .execute();
}

export async function insertStatement(database: Database, row: AuditStatementRow): Promise<void> {
  await database.insertInto('audit_statements').values(row).execute();
}

/** Only for a row that somebody else put there. */
export async function deleteStatement(database: Database, sequence: number): Promise<void> {
  await database.deleteFrom('audit_statements').where('sequence', '=', sequence).execute();
}

export const findStatement = (database: Database, place: StatementPlace): Promise<StoredStatement | undefined> =>
  database
    .selectFrom('audit_statements')
    .selectAll()
    .where('chain', '=', place.chain)
    .where('kind', '=', place.kind)
    .where('position', '=', place.position)
    .executeTakeFirst();

export async function countStatements(database: Database): Promise<number> {
  const { count } = await database
    .selectFrom('audit_statements')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

export const listStatements = (database: Database, after: number, limit: number): Promise<StoredStatement[]> =>
  database
    .selectFrom('audit_statements')
    .selectAll()
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();

/** The newest of them, or of those before one, the newest first. */
export function listNewestStatements(
  database: Database,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<StoredStatement[]> {
  const newest = database.selectFrom('audit_statements').selectAll();
  const page = before === undefined ? newest : newest.where('sequence', '<', before);
  return page.orderBy('sequence', 'desc').limit(limit).execute();
}

/** What is said of a chain. */
export const listStatementsOf = (database: Database, chain: string): Promise<StoredStatement[]> =>
  database.selectFrom('audit_statements').selectAll().where('chain', '=', chain).orderBy('position').execute();
