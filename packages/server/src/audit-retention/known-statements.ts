// Which statements about the audit can this server vouch for, and which of them must the next one name? Only signed text decides.
// Columns serve to find the newest statements fast; comparing counts shows when the columns are wrong.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadStatement } from '../audit/statement.ts';
import { countStatements, listNewestStatements, listStatements } from '../store/audit-statements.ts';
import type { Database } from '../store/schema.ts';
import { readStatement, type StatementKeys } from './statement-reader.ts';

/** How a statement names a previous one. */
export type StatementReference = Pick<ReadStatement, 'id' | 'key'>;

export interface KnownStatements {
  /** Verified statements that no other names. The next statement names them. */
  readonly tips: readonly StatementReference[];
  /** The number of verified statements. */
  readonly count: number;
  /** The number of other statements in the database. */
  readonly unverified: number;
}

export const NO_STATEMENTS: KnownStatements = { tips: [], count: 0, unverified: 0 };

const PAGE_ROWS = 100;
/** Maximum number of pages of new statements. Beyond it, all statements are read instead. */
const MAX_PAGES = 50;

/** Does the database hold exactly the known statements? Compares the counts. */
export const isCurrent = async (database: Database, { count, unverified }: KnownStatements): Promise<boolean> =>
  (await countStatements(database)) === count + unverified;

/** @param before the statements known before; they stay known even if the database has lost them */
export async function readKnown(
  database: Database,
  keys: StatementKeys,
  before: KnownStatements,
): Promise<KnownStatements> {
  const newer = (await readNewer(database, keys, before.count)).toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0));
  const known = newer.reduce(advance, before.count === 0 ? startingFrom(newer.at(-1)) : before);
  return (await isCurrent(database, known)) ? known : readAll(database, keys, before);
}

/** Takes the number of statements from the newest one, which counts them. */
const startingFrom = (newest: ReadStatement | undefined): KnownStatements =>
  newest?.number === undefined ? NO_STATEMENTS : { tips: [newest], count: newest.number, unverified: 0 };

/** Adds the statement with the next number. Any other is ignored, and the counts will then differ. */
function advance(known: KnownStatements, next: ReadStatement): KnownStatements {
  if (next.number !== known.count + 1) return known;
  const tips = [...known.tips.filter(({ id }) => !next.seen.includes(id)), next];
  return { ...known, tips, count: next.number };
}

/** Returns verified statements with a number greater than `after`; only the first page if `after` is 0. */
async function readNewer(database: Database, keys: StatementKeys, after: number): Promise<ReadStatement[]> {
  const newer: ReadStatement[] = [];
  let before: number | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const rows = await listNewestStatements(database, { before, limit: PAGE_ROWS });
    const good = rows.flatMap(({ jws }) => readStatement(jws, keys) ?? []).filter(isNumbered);
    newer.push(...good.filter(({ number }) => number > after));
    before = rows.at(-1)?.sequence;
    if (after === 0 || rows.length < PAGE_ROWS || good.some(({ number }) => number <= after)) break;
  }
  return newer;
}

const isNumbered = (one: ReadStatement): one is ReadStatement & { readonly number: number } =>
  one.signature === 'good' && one.number !== undefined;

interface StoredReference extends StatementReference {
  readonly isSigned: boolean;
  readonly seen: readonly string[];
}

/** Needed if an older version wrote rows, or if the columns were changed. */
async function readAll(database: Database, keys: StatementKeys, before: KnownStatements): Promise<KnownStatements> {
  const { all, total } = await readEach(database, keys);
  const vouched = reach(all, before.tips);
  const named = new Set([...vouched].flatMap((id) => all.get(id)?.seen ?? []));
  const present = [...vouched].flatMap((id) => all.get(id) ?? []);
  const lost = before.tips.filter(({ id }) => !all.has(id));
  return {
    tips: [...lost, ...present.filter(({ id }) => !named.has(id))],
    count: present.length,
    unverified: total - present.length,
  };
}

/** Returns the ids of all statements that this server can vouch for. */
export async function readVouched(
  database: Database,
  keys: StatementKeys,
  { tips }: KnownStatements,
): Promise<ReadonlySet<string>> {
  return reach((await readEach(database, keys)).all, tips);
}

async function readEach(database: Database, keys: StatementKeys) {
  const all = new Map<string, StoredReference>();
  let total = 0;
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await listStatements(database, after, PAGE_ROWS);
    for (const { jws } of page) {
      const read = readStatement(jws, keys);
      if (read) all.set(read.id, { id: read.id, key: read.key, seen: read.seen, isSigned: read.signature === 'good' });
    }
    total += page.length;
    const last = page.at(-1);
    if (last === undefined) return { all, total };
    after = last.sequence;
    // Let requests run between two pages.
    await nextTurn();
  }
}

/**
 * Returns the ids of signed and of known statements, and of all that they name. A named statement was verified when it was named,
 * even if its key has been removed since.
 */
function reach(all: ReadonlyMap<string, StoredReference>, known: readonly StatementReference[]): Set<string> {
  const reached = new Set<string>();
  const waiting = [...known, ...[...all.values()].filter(({ isSigned }) => isSigned)].map(({ id }) => id);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    for (const seen of all.get(id)?.seen ?? []) if (all.has(seen)) waiting.push(seen);
  }
  return reached;
}
