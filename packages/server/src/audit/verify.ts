// Is the audit what was written? Rows, chain by chain, and what was signed of the chains; whatever does not fit is named. Pure:
// the same for a database and for an export in another place.
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { hashRow, NOTHING } from './chain.ts';
import { isWithin, type ReadStatement } from './statement.ts';
import { findOutside } from './statement-line.ts';

/** A row of a chain as it was found. */
export interface FoundRow {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
  readonly event: string;
  readonly personalDigest: string;
  readonly erased: boolean;
  /** Milliseconds since 1970; undefined where it does not say. */
  readonly time: number | undefined;
  /** How a person finds it. */
  readonly requestId: string;
}

export interface ChainFault {
  readonly chain: string | undefined;
  readonly position: number | undefined;
  readonly requestId: string | undefined;
  readonly problem: string;
}

export interface Verdict {
  readonly chains: number;
  readonly rows: number;
  readonly erased: number;
  /** Rows behind the last signature of their chain: nobody can tell whether others came after them. */
  readonly unsigned: number;
  /**
   * Rows that no `head` or `cut` statement covers, but a `found` one, which signs what stands in the database: somebody who could
   * write to it can have made them up before it was signed.
   */
  readonly foundOnly: number;
  /** Rows that stand in no chain: of before there were chains, or made up. Nothing proves them. */
  readonly unchained: number;
  readonly statements: number;
  /** RFC 7638 thumbprints of the keys that the statements are signed with. */
  readonly keys: readonly string[];
  /** When the last statement was signed, in seconds since 1970. */
  readonly signedAt: number | undefined;
  readonly faults: readonly ChainFault[];
}

export interface Verifier {
  /** The rows of a chain together, in order. */
  readonly row: (row: FoundRow) => void;
  /** A row that stands in no chain. */
  readonly unchained: () => void;
  /** Something else that does not fit. */
  readonly fault: (fault: ChainFault) => void;
  readonly finish: () => Verdict;
}

/** More are counted by nobody. */
const MOST_FAULTS = 1000;

export interface Judged {
  /** Thumbprints of keys that are known from elsewhere; undefined where the export's own are all there is. */
  readonly trusted: ReadonlySet<string> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function createVerifier(statements: readonly ReadStatement[], { trusted, now }: Judged): Verifier {
  const faults: ChainFault[] = [];
  const fault = (one: ChainFault): void => void (faults.length < MOST_FAULTS && faults.push(one));
  const good = checkStatements(statements, trusted, fault);
  const byChain = Map.groupBy(good, ({ chain }) => chain);
  const signedAt = good.length === 0 ? undefined : Math.max(...good.map(({ time }) => time));
  // The clock here may be behind the one by which the record was signed.
  const latest = Math.max(now, (signedAt ?? 0) * 1000) + LEEWAY_SECONDS * 1000;
  const counts = { rows: 0, erased: 0, unsigned: 0, foundOnly: 0, unchained: 0 };
  const finished = new Set<string>();
  let chain: ChainVerifier | undefined;
  const finishChain = (): void => {
    if (chain === undefined) return;
    const { unsigned, foundOnly } = chain.finish();
    counts.unsigned += unsigned;
    counts.foundOnly += foundOnly;
    finished.add(chain.name);
    chain = undefined;
  };
  const begin = (name: string): ChainVerifier => {
    if (chain?.name === name) return chain;
    finishChain();
    chain = verifyChain(name, byChain.get(name) ?? [], fault);
    return chain;
  };
  return {
    row: (row) => {
      counts.rows++;
      if (row.erased) counts.erased++;
      if ((row.time ?? 0) > latest) fault({ ...row, problem: 'has a time that is yet to come' });
      if (finished.has(row.chain)) return fault({ ...row, problem: 'stands apart from the other rows of its chain' });
      begin(row.chain).row(row);
    },
    unchained: () => void counts.unchained++,
    fault,
    finish: () => {
      finishChain();
      for (const name of byChain.keys()) {
        if (finished.has(name)) continue;
        begin(name);
        finishChain();
      }
      return {
        ...counts,
        chains: finished.size,
        statements: statements.length,
        keys: [...new Set(good.flatMap(({ key }) => key ?? []))],
        signedAt,
        faults,
      };
    },
  };
}

/** @returns those that can be believed */
function checkStatements(
  statements: readonly ReadStatement[],
  trusted: ReadonlySet<string> | undefined,
  fault: Verifier['fault'],
): readonly ReadStatement[] {
  const byId = new Map(statements.map((statement) => [statement.id, statement]));
  const vouched = trusted && vouchedFor(statements, byId, trusted);
  const good = statements.filter((statement) => {
    const { id, kid, key, signature, seen, kind } = statement;
    const about = { ...statement, requestId: undefined };
    for (const one of seen) {
      if (!byId.has(one))
        fault({ ...about, problem: `the ${kind} statement names another, ${one}, which is not there` });
    }
    if (signature === 'bad') fault({ ...about, problem: `the signature of the ${kind} statement is wrong` });
    else if (signature === 'unknown')
      fault({ ...about, problem: `the key ${kid} of the ${kind} statement is not there` });
    else if (vouched?.has(id) === false) {
      fault({
        ...about,
        problem: `the ${kind} statement is signed with the key ${key}, which is none of the keys to be trusted`,
      });
    } else return true;
    return false;
  });
  const outside = findOutside(good, byId);
  const [first] = outside;
  // One cause can leave many behind.
  const them = outside.size === 1 ? 'statement was' : `statement and ${outside.size - 1} others were`;
  const problem = `the ${first?.kind} ${them} hidden from those who signed later, or put here from elsewhere: no later statement names them`;
  if (first !== undefined) fault({ ...first, requestId: undefined, problem });
  return good;
}

/**
 * Signed with a trusted key; or named, and its key with it, by a statement that is believed. So a key may be gone that was
 * verified while it was there, and what it signs after that is believed by nobody.
 */
function vouchedFor(
  statements: readonly ReadStatement[],
  byId: ReadonlyMap<string, ReadStatement>,
  trusted: ReadonlySet<string>,
): ReadonlySet<string> {
  const vouched = new Set<string>();
  const waiting = statements.filter(({ key }) => key !== undefined && trusted.has(key));
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (vouched.has(one.id)) continue;
    vouched.add(one.id);
    const { keys } = one;
    const seen = one.seen.flatMap((id) => byId.get(id) ?? []);
    waiting.push(...seen.filter(({ key }) => key !== undefined && keys.includes(key)));
  }
  return vouched;
}

interface ChainVerifier {
  readonly name: string;
  readonly row: (row: FoundRow) => void;
  /** @returns how many rows no signature covers, and how many only a `found` statement */
  readonly finish: () => { readonly unsigned: number; readonly foundOnly: number };
}

function verifyChain(name: string, statements: readonly ReadStatement[], fault: Verifier['fault']): ChainVerifier {
  const cut = furthest(statements.filter(({ kind }) => kind === 'cut'));
  const signed = furthest(statements.filter(({ kind }) => kind === 'head' || kind === 'found'));
  const erasures = statements.flatMap(({ kind, rows }) => (kind === 'erased' && rows !== undefined ? [rows] : []));
  const byPosition = Map.groupBy(statements, ({ position }) => position);
  const byWriter = furthest(statements.filter(({ kind }) => kind === 'head'));
  // What was deleted because it was old, the cut stands for.
  const start = { position: cut?.position ?? 0, hash: cut?.hash ?? NOTHING };
  let last = start;
  return {
    name,
    row: (row) => {
      const { position, hash, requestId } = row;
      const about = { chain: name, position, requestId };
      // Rows are deleted with the statement that stands for them: what is there now was put there.
      if (!(position > start.position))
        return fault({ ...about, problem: `stands before row ${start.position + 1}, with which its chain begins` });
      const expected = last.position + 1;
      if (position > expected) fault({ ...about, problem: `${missing(expected, position - 1)} before it` });
      else if (position < expected) fault({ ...about, problem: 'stands in the wrong place' });
      else if (hashRow(last.hash, row) !== hash) fault({ ...about, problem: 'is not what was written, or not here' });
      for (const statement of byPosition.get(position) ?? []) {
        if (statement.hash !== hash)
          fault({ ...about, problem: `is not the row that the ${statement.kind} statement signs` });
      }
      if (row.erased && !erasures.some((rows) => isWithin(position, rows)))
        fault({ ...about, problem: 'lost what is personal, and no statement says that it was erased' });
      if (position >= expected) last = { position, hash };
    },
    finish: () => {
      const { position: through = 0 } = signed ?? {};
      if (through > last.position) {
        fault({
          chain: name,
          position: last.position + 1,
          requestId: undefined,
          problem: `${missing(last.position + 1, through)} at the end`,
        });
      }
      const signedThrough = Math.max(through, start.position);
      const provenThrough = Math.max(byWriter?.position ?? 0, start.position);
      return {
        unsigned: Math.max(0, last.position - signedThrough),
        foundOnly: Math.max(0, Math.min(last.position, signedThrough) - provenThrough),
      };
    },
  };
}

const furthest = (statements: readonly ReadStatement[]): ReadStatement | undefined =>
  statements.toSorted((a, b) => b.position - a.position)[0];

const missing = (from: number, to: number): string =>
  from === to ? `row ${from} is missing` : `rows ${from} to ${to} are missing`;
