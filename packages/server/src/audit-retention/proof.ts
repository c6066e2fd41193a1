// What proves the audit? All of it as it was at one moment, in a form that can be taken elsewhere; and what a verifier makes of
// it, here or there.
import { isDeepStrictEqual } from 'node:util';
import { type ExportedRow, type ExportLine, exportRow, foundRow } from '../audit/export.ts';
import { differingColumns } from '../audit/row.ts';
import type { ReadStatement } from '../audit/statement.ts';
import { createVerifier, type Verdict, type Verifier } from '../audit/verify.ts';
import { systemClock } from '../primitives/clock.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { countRows, listChainRows, listChains, listUnchainedRows } from '../store/audit-rows.ts';
import { countStatements, listStatements, type StoredStatement } from '../store/audit-statements.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { indexKeys, readStatement } from './statement-reader.ts';

/** Rows read at once. */
const PAGE = 1000;

/** Keys, statements, rows of before there were chains, and the rows of each chain in order. */
export async function* exportLines(database: Database): AsyncGenerator<ExportLine> {
  const { keys, statements } = await readStatements(database);
  for (const key of keys) yield { key };
  for (const statement of statements) yield { statement };
  for await (const row of readRows(database)) yield exportRow(row);
}

async function readStatements(database: Database, saw: (row: StoredStatement) => void = () => undefined) {
  const statements: string[] = [];
  const keys = new Set<string>();
  const page = (after: number) => listStatements(database, after, PAGE);
  for await (const row of pages(page, ({ sequence }) => sequence)) {
    saw(row);
    statements.push(String(row.jws));
    keys.add(String(row.jwk));
  }
  // A key that cannot be read was put there by somebody: what it should prove is then signed by nobody.
  return { keys: [...keys].flatMap((key): JsonObject[] => [parseJsonObject(key) ?? []].flat()), statements };
}

async function* readRows(database: Database): AsyncGenerator<AuditRow> {
  yield* pages(
    (after) => listUnchainedRows(database, after, PAGE),
    ({ sequence }) => sequence,
  );
  for (const chain of await listChains(database)) {
    yield* pages(
      (after) => listChainRows(database, { chain, after, limit: PAGE }),
      ({ position }) => position ?? 0,
    );
  }
}

/** From the least number there can be: a row that somebody put before the first must not be missed. */
async function* pages<T>(read: (after: number) => Promise<T[]>, place: (row: T) => number): AsyncGenerator<T> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await read(after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = place(last);
  }
}

/** Keys that the verifier has from elsewhere, as a JWK Set has them; undefined where it has none. */
export type KnownKeys = readonly JsonObject[] | undefined;

/** What stands in the database, the columns that are searched by included. */
export async function verifyStore(database: Database, known: KnownKeys, now: number): Promise<Verdict> {
  const stored: StoredStatement[] = [];
  const { keys, statements } = await readStatements(database, (row) => stored.push(row));
  const verifier = createVerifierWith(keys, statements, { known, now });
  for (const row of stored) checkPlace(row, verifier);
  let rows = 0;
  let firstChained = Number.POSITIVE_INFINITY;
  let lastUnchained: AuditRow | undefined;
  for await (const row of readRows(database)) {
    const line = exportRow(row);
    rows++;
    if ('chain' in line) {
      verifier.row(foundRow(line));
      checkColumns(row, line, verifier);
      firstChained = Math.min(firstChained, row.sequence);
    } else {
      verifier.unchained();
      lastUnchained = row;
    }
  }
  if (lastUnchained !== undefined && lastUnchained.sequence > firstChained) {
    verifier.fault({ ...OUTSIDE, requestId: lastUnchained.request_id });
  }
  const beyond = (await countRows(database)) + (await countStatements(database)) - rows - stored.length;
  if (beyond !== 0)
    verifier.fault({ ...NOWHERE, problem: `${beyond} rows or statements stand where none can be: ${BEYOND}` });
  return verifier.finish();
}

const NOWHERE = { chain: undefined, position: undefined, requestId: undefined };
const BEYOND = 'two in one place, or at a place that is not a number';

/** Columns only help to find a statement; they must say what is signed. */
function checkPlace({ kind, chain, position, jws }: StoredStatement, verifier: Verifier): void {
  const said = readStatement(jws, new Map());
  if (said === undefined || isDeepStrictEqual([kind, chain, position], [said.kind, said.chain, said.position])) return;
  const problem = `stands in the database as the ${kind} statement of chain ${chain} up to row ${position}`;
  verifier.fault({ ...said, requestId: undefined, problem: `the ${said.kind} statement ${problem}` });
}

const OUTSIDE = {
  chain: undefined,
  position: undefined,
  problem:
    'stands in no chain, and was written after the first row that does: an older version wrote it, or a stranger',
};

function checkColumns(row: AuditRow, { chain, position }: ExportedRow, verifier: Verifier): void {
  if (row.personal !== null && row.personal_digest !== null) {
    const problem = 'has a digest beside what it is a digest of, as if it were erased';
    verifier.fault({ chain, position, requestId: row.request_id, problem });
  }
  for (const column of differingColumns(row)) {
    const problem = `is found by another ${column} than it has`;
    verifier.fault({ chain, position, requestId: row.request_id, problem });
  }
}

/** What was exported, read twice: what is signed of the chains comes before their rows. */
export async function verifyLines(
  read: () => AsyncIterable<ExportLine>,
  known: KnownKeys,
  now: number = systemClock(),
): Promise<Verdict> {
  const keys: JsonObject[] = [];
  const statements: string[] = [];
  for await (const line of read()) {
    if ('key' in line) keys.push(line.key);
    else if ('statement' in line) statements.push(line.statement);
  }
  const verifier = createVerifierWith(keys, statements, { known, now });
  for await (const line of read()) {
    if ('chain' in line) verifier.row(foundRow(line));
    else if ('event' in line) verifier.unchained();
  }
  return verifier.finish();
}

function createVerifierWith(
  keys: readonly JsonObject[],
  statements: readonly string[],
  { known, now }: { readonly known: KnownKeys; readonly now: number },
): Verifier {
  const index = indexKeys([...keys, ...(known ?? [])]);
  const faulty: string[] = [];
  const read = statements.flatMap((text): readonly ReadStatement[] => {
    const statement = readStatement(text, index);
    if (statement === undefined) faulty.push(text);
    return statement === undefined ? [] : [statement];
  });
  const trusted = known && new Set([...indexKeys(known).values()].flat().map(({ thumbprint }) => thumbprint));
  const verifier = createVerifier(read, { trusted, now });
  for (const text of faulty) {
    const problem = `a statement that cannot be read: ${text.slice(0, 40)}`;
    verifier.fault({ chain: undefined, position: undefined, requestId: undefined, problem });
  }
  return verifier;
}
