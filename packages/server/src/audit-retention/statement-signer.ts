// Signs statements about the chains of the audit. Each names the previous statement of all nodes, so that the statements form one
// line: once another follows, removing, moving or hiding one is detected.
import type { Head } from '../audit/chain.ts';
import { claimsOf } from '../audit/statement.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import { signCompact } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { sha256 } from '../primitives/secret.ts';
import { createSerial } from '../primitives/serial.ts';
import { deleteStatement, findStatement, insertStatement, lockStatements } from '../store/audit-statements.ts';
import type { AuditStatementKind, Database } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { isCurrent, type KnownStatements, NO_STATEMENTS, readKnown, readVouched } from './known-statements.ts';
import { indexKeys, readStatement, STATEMENT_TYPE, type StatementKeys } from './statement-reader.ts';

/** A statement about a chain, to be signed. */
export interface NewStatement {
  readonly kind: AuditStatementKind;
  readonly head: Head;
  /** The rows that were erased. */
  readonly rows?: string;
}

/** Runs `write` in a transaction, together with other writes of the caller. */
type Commit = (write: (transaction: Database) => Promise<void>) => Promise<void>;

export interface StatementSigner {
  /**
   * Signs statements and writes them in the transaction of `commit`, unless they exist already.
   * @param commit may be called more than once
   */
  readonly sign: (statements: readonly NewStatement[], commit: Commit) => Promise<void>;
  /** The keys of this server that verify statements. */
  readonly keys: () => StatementKeys;
  /** Returns the ids of all statements in the database that this server can vouch for. Reads the whole table. */
  readonly vouched: () => Promise<ReadonlySet<string>>;
  /** The number of statements in the database that this server could not vouch for when it last signed. */
  readonly unverified: () => number;
}

export interface SignedBy {
  readonly store: Store;
  readonly issuer: string;
  readonly keys: () => KeyRing;
  readonly algorithm: SigningAlgorithm;
  readonly clock: Clock;
  readonly report: (line: string) => void;
}

/** Maximum number of attempts while other nodes sign at the same time. */
const MAX_ATTEMPTS = 8;
/** Maximum number of statements that one names. It is more than one only after tampering or beside an older version. */
const MAX_SEEN = 200;

/** Names only statements whose signature it verified, so that it never vouches for one that was inserted into the database. */
export function createStatementSigner(by: SignedBy): StatementSigner {
  let known = NO_STATEMENTS;
  let reported = 0;
  const keys = (): StatementKeys => indexKeys(by.keys().held());
  const refresh = async (): Promise<void> => {
    known = await readKnown(by.store, keys(), known);
    if (known.unverified > reported) by.report(describeUnverified(known.unverified));
    reported = known.unverified;
  };
  const write = async (transaction: Database, statements: readonly NewStatement[], before: KnownStatements) => {
    let after = before;
    for (const one of statements) {
      const place = { kind: one.kind, chain: one.head.chain, position: one.head.position };
      const there = await findStatement(transaction, place);
      const read = there && readStatement(there.jws, keys());
      if (read?.signature === 'good' && isSame(read, one)) continue;
      // An inserted statement must not prevent signing this one: the place is unique.
      if (there !== undefined) {
        await deleteStatement(transaction, there.sequence);
        by.report(`a statement about chain ${place.chain} in the database was not signed by this server: replaced`);
        after = { ...after, unverified: after.unverified - 1 };
      }
      const signed = signStatement(one, after, by);
      await insertStatement(transaction, { ...place, jws: signed.jws, jwk: signed.jwk });
      after = { ...after, tips: [signed, ...after.tips.slice(MAX_SEEN)], count: after.count + 1 };
    }
    return after;
  };
  const sign = async (statements: readonly NewStatement[], commit: Commit): Promise<void> => {
    if (known === NO_STATEMENTS) await refresh();
    for (let attempt = 1; ; attempt++) {
      let isStale = false;
      let after = known;
      try {
        await commit(async (transaction) => {
          await lockStatements(transaction);
          isStale = !(await isCurrent(transaction, known));
          if (isStale) throw new Error('another node keeps writing statements about the audit');
          after = await write(transaction, statements, known);
        });
        known = after;
        return;
      } catch (error) {
        if (!isStale || attempt === MAX_ATTEMPTS) throw error;
        await refresh();
      }
    }
  };
  const inTurn = createSerial();
  return {
    sign: (statements, commit) =>
      statements.length === 0 ? Promise.resolve() : inTurn(() => sign(statements, commit)),
    keys,
    vouched: () => readVouched(by.store, keys(), known),
    unverified: () => known.unverified,
  };
}

function signStatement(
  { kind, head: { chain, position, hash }, rows }: NewStatement,
  { tips, count }: KnownStatements,
  by: SignedBy,
) {
  const ring = by.keys();
  const key = ring.signing(by.algorithm);
  const jwk = ring.published().find(({ kid }) => kid === key.kid);
  const named = tips.slice(0, MAX_SEEN);
  const statement = {
    ...{ kind, chain, position, hash, time: seconds(by.clock), number: count + 1 },
    seen: named.map(({ id }) => id),
    keys: [...new Set(named.flatMap((one) => one.key ?? []))],
    ...(rows && { rows }),
  };
  const jws = signCompact(STATEMENT_TYPE, { iss: by.issuer, ...claimsOf(statement) }, key);
  return { id: sha256(jws), key: jwk && thumbprint(jwk), jws, jwk: JSON.stringify(jwk) };
}

const isSame = (read: { kind: string; chain: string; position: number }, { kind, head }: NewStatement): boolean =>
  read.kind === kind && read.chain === head.chain && read.position === head.position;

const describeUnverified = (count: number): string =>
  `${count} ${count === 1 ? 'statement' : 'statements'} about the audit in the database cannot be vouched for: no key of this ` +
  'server that is known here signed them. Somebody may have written to the database: run `cambio audit verify`';
