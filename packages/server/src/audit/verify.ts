// Verifies the audit: the rows of each chain, and the statements that sign the chains. Reports every fault. Pure: used for a
// database and for an export.
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { hashRow, NO_HASH } from './chain.ts';
import { type ConfigurationTexts, createConfigurationCheck } from './configuration-texts.ts';
import { isWithin, type ReadStatement } from './statement.ts';
import { findOutside } from './statement-line.ts';

/** A row of a chain, not yet verified. */
export interface FoundRow {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
  readonly event: string;
  readonly personalDigest: string;
  readonly erased: boolean;
  /** Milliseconds since 1970; undefined if the event has none. */
  readonly time: number | undefined;
  /** Identifies the row to people. */
  readonly requestId: string;
  /** Digest of the configuration that was in force, or its first half; undefined if the event has none. */
  readonly configuration: string | undefined;
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
  /** Rows after the last signature of their chain. Rows after these may be missing unnoticed. */
  readonly unsigned: number;
  /**
   * Rows that only a `found` statement covers. It signs the rows found in the database: a person who could write to the database
   * may have forged them before.
   */
  readonly foundOnly: number;
  /** Rows without a chain: of a version without chains, or forged. Nothing proves them. */
  readonly unchained: number;
  readonly statements: number;
  /** RFC 7638 thumbprints of the keys that signed the statements. */
  readonly keys: readonly string[];
  /** Time of the last statement, in seconds since 1970. */
  readonly signedAt: number | undefined;
  readonly faults: readonly ChainFault[];
}

export interface Verifier {
  /** Call it for all rows of one chain, in order, before the next chain. */
  readonly row: (row: FoundRow) => void;
  /** Counts a row without a chain. */
  readonly unchained: () => void;
  /** Reports a fault that the caller found. */
  readonly fault: (fault: ChainFault) => void;
  readonly finish: () => Verdict;
}

/** Further faults are dropped. */
const MAX_FAULTS = 1000;

export interface VerifierOptions {
  /** Thumbprints of keys that are known from another source; undefined if only the export's own keys are known. */
  readonly trusted: ReadonlySet<string> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly texts: ConfigurationTexts;
}

export function createVerifier(
  statements: readonly ReadStatement[],
  { trusted, now, texts }: VerifierOptions,
): Verifier {
  const faults: ChainFault[] = [];
  const fault = (one: ChainFault): void => void (faults.length < MAX_FAULTS && faults.push(one));
  const good = checkStatements(statements, trusted, fault);
  const byChain = Map.groupBy(good, ({ chain }) => chain);
  const signedAt = good.length === 0 ? undefined : Math.max(...good.map(({ time }) => time));
  // The local clock may be behind the signer's.
  const latest = Math.max(now, (signedAt ?? 0) * 1000) + LEEWAY_SECONDS * 1000;
  const configurations = createConfigurationCheck(texts);
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
      const missing = configurations.problemOf(row.configuration);
      if (missing !== undefined) fault({ ...row, problem: missing });
      if ((row.time ?? 0) > latest) fault({ ...row, problem: 'has a time in the future' });
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

/** @returns the statements that can be trusted */
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
        problem: `the ${kind} statement is signed with the key ${key}, which is not a trusted key`,
      });
    } else return true;
    return false;
  });
  const outside = findOutside(good, byId);
  const [first] = outside;
  // Report them as one fault: one cause can leave many.
  const them = outside.size === 1 ? 'statement was' : `statement and ${outside.size - 1} others were`;
  const problem = `the ${first?.kind} ${them} hidden from later signers, or inserted: no later statement names them`;
  if (first !== undefined) fault({ ...first, requestId: undefined, problem });
  return good;
}

/**
 * Returns the ids of statements that a trusted key signed, or that a trusted statement names together with their key. So a
 * statement of a removed key stays trusted if it was verified before, and statements signed with that key later are not.
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
  /** @returns the number of rows that no signature covers, and of those that only a `found` statement covers */
  readonly finish: () => { readonly unsigned: number; readonly foundOnly: number };
}

function verifyChain(name: string, statements: readonly ReadStatement[], fault: Verifier['fault']): ChainVerifier {
  const cut = furthest(statements.filter(({ kind }) => kind === 'cut'));
  const signed = furthest(statements.filter(({ kind }) => kind === 'head' || kind === 'found'));
  const erasures = statements.flatMap(({ kind, rows }) => (kind === 'erased' && rows !== undefined ? [rows] : []));
  const byPosition = Map.groupBy(statements, ({ position }) => position);
  const byWriter = furthest(statements.filter(({ kind }) => kind === 'head'));
  // A `cut` statement stands for the old rows that were deleted.
  const start = { position: cut?.position ?? 0, hash: cut?.hash ?? NO_HASH };
  let last = start;
  return {
    name,
    row: (row) => {
      const { position, hash, requestId } = row;
      const about = { chain: name, position, requestId };
      // Rows are deleted in one transaction with their `cut` statement, so a row before the cut was inserted.
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
        fault({ ...about, problem: 'lost its personal fields, and no statement says that they were erased' });
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
