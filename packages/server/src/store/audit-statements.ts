// Signed statements about audit chains. They are never changed or deleted. Only the column `jws` is trusted: it is signed.
import { sql } from 'kysely';
import type { AuditStatementKind, AuditStatementRow, Database } from './schema.ts';

export interface StatementPlace {
  readonly kind: AuditStatementKind;
  readonly chain: string;
  readonly position: number;
}

/** A row of the table. */
export interface StoredStatement extends StatementPlace {
  readonly sequence: number;
  readonly jws: string;
  readonly jwk: string;
}

/** Locks out other writers of statements until the transaction ends. */
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

/** Only for a row that someone else inserted. */
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

/** Newest first. @param before a sequence number; undefined starts at the newest statement */
export function listNewestStatements(
  database: Database,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<StoredStatement[]> {
  const newest = database.selectFrom('audit_statements').selectAll();
  const page = before === undefined ? newest : newest.where('sequence', '<', before);
  return page.orderBy('sequence', 'desc').limit(limit).execute();
}

/** The statements about one chain, by position. */
export const listStatementsOf = (database: Database, chain: string): Promise<StoredStatement[]> =>
  database.selectFrom('audit_statements').selectAll().where('chain', '=', chain).orderBy('position').execute();
