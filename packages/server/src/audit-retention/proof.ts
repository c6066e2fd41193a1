// Exports the audit with the keys and statements that prove it, and verifies a database or an export.
import { isDeepStrictEqual } from 'node:util';
import { type ConfigurationTexts, collectTexts } from '../audit/configuration-texts.ts';
import { type ExportedRow, type ExportLine, exportRow, foundRow } from '../audit/export.ts';
import { describeColumn, differingColumns } from '../audit/row.ts';
import type { ReadStatement } from '../audit/statement.ts';
import { createVerifier, type Verdict, type Verifier } from '../audit/verify.ts';
import { systemClock } from '../primitives/clock.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { countMissingDerived, readDerivedPosition } from '../store/audit-derived.ts';
import { readIndexState } from '../store/audit-index.ts';
import { findBatchEnd } from '../store/audit-positions.ts';
import { countMissingEntries } from '../store/audit-reindex.ts';
import { countRows, listChainRows, listChains, listUnchainedRows } from '../store/audit-rows.ts';
import { findFirstSequence } from '../store/audit-settled.ts';
import { countStatements, listStatements, type StoredStatement } from '../store/audit-statements.ts';
import { listTextsAfter } from '../store/configurations.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { indexKeys, readStatement } from './statement-reader.ts';

const PAGE_ROWS = 1000;
/** A text may have some hundred kilobytes. */
const PAGE_TEXTS = 20;

/** Yields the keys, the statements, the texts of configurations, the rows without a chain, and then the rows of each chain in order. */
export async function* exportLines(database: Database): AsyncGenerator<ExportLine> {
  const { keys, statements } = await readStatements(database);
  for (const key of keys) yield { key };
  for (const statement of statements) yield { statement };
  for await (const { text } of readTexts(database)) yield { configurationText: text };
  for await (const row of readRows(database)) yield exportRow(row);
}

async function readStatements(database: Database, onRow: (row: StoredStatement) => void = () => undefined) {
  const statements: string[] = [];
  const keys = new Set<string>();
  const page = (after: number) => listStatements(database, after, PAGE_ROWS);
  for await (const row of pages(page, ({ sequence }) => sequence)) {
    onRow(row);
    statements.push(String(row.jws));
    keys.add(String(row.jwk));
  }
  // Leave out a malformed key: it was not written by the server. Its statements then have an unknown signature.
  return { keys: [...keys].flatMap((key): JsonObject[] => [parseJsonObject(key) ?? []].flat()), statements };
}

async function* readTexts(database: Database): AsyncGenerator<{ digest: string; text: string }> {
  for (let after = ''; ; ) {
    const page = await listTextsAfter(database, after, PAGE_TEXTS);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.digest;
  }
}

async function* readRows(database: Database): AsyncGenerator<AuditRow> {
  yield* pages(
    (after) => listUnchainedRows(database, after, PAGE_ROWS),
    ({ sequence }) => sequence,
  );
  for (const chain of await listChains(database)) {
    yield* pages(
      (after) => listChainRows(database, { chain, after, limit: PAGE_ROWS }),
      ({ position }) => position ?? 0,
    );
  }
}

/** Starts at the smallest integer, so that a row inserted before the first is found. */
async function* pages<T>(read: (after: number) => Promise<T[]>, place: (row: T) => number): AsyncGenerator<T> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await read(after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = place(last);
  }
}

/** JWKs that the verifier has from another source; undefined if it has none. */
export type KnownKeys = readonly JsonObject[] | undefined;

/** Verifies the database, including the columns for searching. */
export async function verifyStore(database: Database, known: KnownKeys, now: number): Promise<Verdict> {
  const stored: StoredStatement[] = [];
  const { keys, statements } = await readStatements(database, (row) => stored.push(row));
  const texts = collectTexts();
  for await (const { digest, text } of readTexts(database)) texts.add(text, digest);
  const verifier = createVerifierWith(keys, statements, { known, now, texts });
  for (const digest of texts.altered())
    verifier.fault({ ...NOWHERE, problem: `the text of the configuration or part ${digest} is not what was in force` });
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
  const missing = await countUnindexed(database);
  if (missing > 0)
    verifier.fault({ ...NOWHERE, problem: `the index of searches lacks ${missing} entries: ${REINDEX}` });
  return verifier.finish();
}

/** A search, and so an erasure, would miss these rows. */
async function countUnindexed(database: Database): Promise<number> {
  const { position } = await readIndexState(database);
  const derived = await readDerivedPosition(database);
  const first = await findFirstSequence(database);
  let missing = 0;
  const examine = async (through: number, count: typeof countMissingEntries): Promise<void> => {
    for (let after = first - 1; after < through; ) {
      const end = await findBatchEnd(database, { after, through, limit: PAGE_ROWS });
      missing += await count(database, after, end);
      after = end;
    }
  };
  await examine(position, countMissingEntries);
  await examine(derived, countMissingDerived);
  return missing;
}

const REINDEX = 'run `cambio audit reindex`';

const NOWHERE = { chain: undefined, position: undefined, requestId: undefined };
const BEYOND = 'two in one place, or at a place that is not a number';

/** The columns of a statement must match its signed text. */
function checkPlace({ kind, chain, position, jws }: StoredStatement, verifier: Verifier): void {
  const signed = readStatement(jws, new Map());
  if (signed === undefined || isDeepStrictEqual([kind, chain, position], [signed.kind, signed.chain, signed.position]))
    return;
  const problem = `stands in the database as the ${kind} statement of chain ${chain} up to row ${position}`;
  verifier.fault({ ...signed, requestId: undefined, problem: `the ${signed.kind} statement ${problem}` });
}

const OUTSIDE = {
  chain: undefined,
  position: undefined,
  problem:
    'stands in no chain, and was written after the first row that does: by an older version, or by a person with access to the database',
};

function checkColumns(row: AuditRow, { chain, position }: ExportedRow, verifier: Verifier): void {
  if (row.personal !== null && row.personal_digest !== null) {
    const problem = 'has its personal fields and also their digest, as if they were erased';
    verifier.fault({ chain, position, requestId: row.request_id, problem });
  }
  for (const column of differingColumns(row)) {
    const problem = describeColumn(column);
    verifier.fault({ chain, position, requestId: row.request_id, problem });
  }
}

/**
 * Verifies an export.
 * @param read called twice: the verifier needs all statements before the first row
 */
export async function verifyLines(
  read: () => AsyncIterable<ExportLine>,
  known: KnownKeys,
  now: number = systemClock(),
): Promise<Verdict> {
  const keys: JsonObject[] = [];
  const statements: string[] = [];
  const texts = collectTexts();
  for await (const line of read()) {
    if ('key' in line) keys.push(line.key);
    else if ('statement' in line) statements.push(line.statement);
    else if ('configurationText' in line) texts.add(line.configurationText);
  }
  const verifier = createVerifierWith(keys, statements, { known, now, texts });
  for await (const line of read()) {
    if ('chain' in line) verifier.row(foundRow(line));
    else if ('event' in line) verifier.unchained();
  }
  return verifier.finish();
}

function createVerifierWith(
  keys: readonly JsonObject[],
  statements: readonly string[],
  { known, now, texts }: { readonly known: KnownKeys; readonly now: number; readonly texts: ConfigurationTexts },
): Verifier {
  const index = indexKeys([...keys, ...(known ?? [])]);
  const faulty: string[] = [];
  const read = statements.flatMap((text): readonly ReadStatement[] => {
    const statement = readStatement(text, index);
    if (statement === undefined) faulty.push(text);
    return statement === undefined ? [] : [statement];
  });
  const trusted = known && new Set([...indexKeys(known).values()].flat().map(({ thumbprint }) => thumbprint));
  const verifier = createVerifier(read, { trusted, now, texts });
  for (const text of faulty) {
    const problem = `a statement that cannot be read: ${text.slice(0, 40)}`;
    verifier.fault({ chain: undefined, position: undefined, requestId: undefined, problem });
  }
  return verifier;
}
