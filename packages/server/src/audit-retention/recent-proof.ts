// Verifies the newest signed rows of the audit, a bounded number: a quick check between two runs of `cambio audit verify`.
import { hashRow } from '../audit/chain.ts';
import { exportRow, foundRow } from '../audit/export.ts';
import type { ReadStatement } from '../audit/statement.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { listChainRows } from '../store/audit-rows.ts';
import { listNewestStatements } from '../store/audit-statements.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { indexKeys, readStatement } from './statement-reader.ts';

export interface RecentProof {
  /** The number of the last verified row, in the order of writing. */
  readonly position: number;
  /** The number of rows that were recomputed. */
  readonly rows: number;
  /** When the server signed them, in milliseconds since 1970. */
  readonly signedAt: number;
  /** Absent: the rows are what was signed. */
  readonly problem?: string;
}

const MAX_ROWS = 500;
/** Statements among which one by a key of this server is looked for. */
const MAX_STATEMENTS = 50;

/** @param keys of this server @returns undefined if no statement is there yet */
export async function verifyRecent(database: Database, keys: readonly JsonObject[]): Promise<RecentProof | undefined> {
  const index = indexKeys(keys);
  const stored = await listNewestStatements(database, { before: undefined, limit: MAX_STATEMENTS });
  const statement = stored
    .flatMap(({ jws }) => readStatement(jws, index) ?? [])
    .find(({ kind, signature }) => kind === 'head' && signature === 'good');
  return statement && verifyUpTo(database, statement);
}

/** Recomputes the last rows up to the signed one. */
async function verifyUpTo(database: Database, statement: ReadStatement): Promise<RecentProof> {
  const { chain, position, hash, time } = statement;
  const after = Math.max(0, position - MAX_ROWS - 1);
  const rows = (await listChainRows(database, { chain, after, limit: MAX_ROWS + 1 })).filter(
    (row) => (row.position ?? 0) <= position,
  );
  const last = rows.at(-1);
  const proof = { position: last?.sequence ?? 0, rows: Math.max(0, rows.length - 1), signedAt: time * 1000 };
  if (last?.position !== position || last.hash !== hash)
    return { ...proof, problem: `row ${position} of chain ${chain} is missing, or is not what was signed` };
  const broken = rows.slice(1).find((row, at) => !follows(rows[at], row));
  if (broken === undefined) return proof;
  return {
    ...proof,
    problem: `row ${broken.position} of chain ${chain} is not what was written: run cambio audit verify`,
  };
}

function follows(before: AuditRow | undefined, row: AuditRow): boolean {
  const line = exportRow(row);
  if (!('chain' in line) || before?.hash == null) return false;
  return line.position === Number(before.position) + 1 && hashRow(before.hash, foundRow(line)) === row.hash;
}
