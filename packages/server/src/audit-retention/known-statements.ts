// Which statements about the audit can this server vouch for, and which of them must the next one name? Only signed text decides.
// The columns beside it are hints: by them the newest are found fast, and a count shows where they mislead.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadStatement } from '../audit/statement.ts';
import { countStatements, listNewestStatements, listStatements } from '../store/audit-statements.ts';
import type { Database } from '../store/schema.ts';
import { readStatement, type StatementKeys } from './statement-reader.ts';

/** What a statement says of one before it. */
export type Named = Pick<ReadStatement, 'id' | 'key'>;

export interface KnownStatements {
  /** Verified, and named by no other: the next statement names them. */
  readonly tips: readonly Named[];
  /** How many are verified. */
  readonly count: number;
  /** How many others the database has. */
  readonly strangers: number;
}

export const NONE: KnownStatements = { tips: [], count: 0, strangers: 0 };

/** Rows read at once. */
const PAGE = 100;
/** Pages of new statements, at most, before all are read instead. */
const MOST_PAGES = 50;

/** Does the database hold these, and no others? */
export const isWhole = async (database: Database, { count, strangers }: KnownStatements): Promise<boolean> =>
  (await countStatements(database)) === count + strangers;

/** @param before what was known before, which is named also where the database has lost it */
export async function readKnown(
  database: Database,
  keys: StatementKeys,
  before: KnownStatements,
): Promise<KnownStatements> {
  const newer = (await readNewer(database, keys, before.count)).toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0));
  const known = newer.reduce(advance, before.count === 0 ? startingFrom(newer.at(-1)) : before);
  return (await isWhole(database, known)) ? known : readAll(database, keys, before);
}

/** The newest statement counts those before it. */
const startingFrom = (newest: ReadStatement | undefined): KnownStatements =>
  newest?.number === undefined ? NONE : { tips: [newest], count: newest.number, strangers: 0 };

/** What stands in a row after what is known; another number is left out, and then the count differs. */
function advance(known: KnownStatements, next: ReadStatement): KnownStatements {
  if (next.number !== known.count + 1) return known;
  const tips = [...known.tips.filter(({ id }) => !next.seen.includes(id)), next];
  return { ...known, tips, count: next.number };
}

/** Verified statements with a number after the one that is known; the newest alone where none is known. */
async function readNewer(database: Database, keys: StatementKeys, after: number): Promise<ReadStatement[]> {
  const newer: ReadStatement[] = [];
  let before: number | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const rows = await listNewestStatements(database, { before, limit: PAGE });
    const good = rows.flatMap(({ jws }) => readStatement(jws, keys) ?? []).filter(isNumbered);
    newer.push(...good.filter(({ number }) => number > after));
    before = rows.at(-1)?.sequence;
    if (after === 0 || rows.length < PAGE || good.some(({ number }) => number <= after)) break;
  }
  return newer;
}

const isNumbered = (one: ReadStatement): one is ReadStatement & { readonly number: number } =>
  one.signature === 'good' && one.number !== undefined;

interface Read extends Named {
  readonly isSigned: boolean;
  readonly seen: readonly string[];
}

/** Needed where rows were written by an older version, or the columns were changed. */
async function readAll(database: Database, keys: StatementKeys, before: KnownStatements): Promise<KnownStatements> {
  const { all, total } = await readEach(database, keys);
  const vouched = reach(all, before.tips);
  const named = new Set([...vouched].flatMap((id) => all.get(id)?.seen ?? []));
  const present = [...vouched].flatMap((id) => all.get(id) ?? []);
  const lost = before.tips.filter(({ id }) => !all.has(id));
  return {
    tips: [...lost, ...present.filter(({ id }) => !named.has(id))],
    count: present.length,
    strangers: total - present.length,
  };
}

/** The ids of all statements that can be vouched for. */
export async function readVouched(
  database: Database,
  keys: StatementKeys,
  { tips }: KnownStatements,
): Promise<ReadonlySet<string>> {
  return reach((await readEach(database, keys)).all, tips);
}

async function readEach(database: Database, keys: StatementKeys) {
  const all = new Map<string, Read>();
  let total = 0;
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await listStatements(database, after, PAGE);
    for (const { jws } of page) {
      const read = readStatement(jws, keys);
      if (read) all.set(read.id, { id: read.id, key: read.key, seen: read.seen, isSigned: read.signature === 'good' });
    }
    total += page.length;
    const last = page.at(-1);
    if (last === undefined) return { all, total };
    after = last.sequence;
    // Requests have their turn between two pages.
    await nextTurn();
  }
}

/** What is signed, what was known, and all that they name, also by keys that are gone: it was verified when it was named. */
function reach(all: ReadonlyMap<string, Read>, known: readonly Named[]): Set<string> {
  const reached = new Set<string>();
  const waiting = [...known, ...[...all.values()].filter(({ isSigned }) => isSigned)].map(({ id }) => id);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    for (const seen of all.get(id)?.seen ?? []) if (all.has(seen)) waiting.push(seen);
  }
  return reached;
}
