// Signs where the chains of the audit stand. Each statement names the last one before it, of all nodes, so that the statements
// form one line: none can be taken away, moved or hidden unseen once another follows.
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
import { isWhole, type KnownStatements, NONE, readKnown, readVouched } from './known-statements.ts';
import { indexKeys, readStatement, STATEMENT_TYPE, type StatementKeys } from './statement-reader.ts';

/** What is to be said of a chain. */
export interface NewStatement {
  readonly kind: AuditStatementKind;
  readonly head: Head;
  /** The rows that were erased. */
  readonly rows?: string;
}

/** Runs `write` in a transaction, with what must be committed beside it. */
type Commit = (write: (transaction: Database) => Promise<void>) => Promise<void>;

export interface Notary {
  /** Signs, and writes in the transaction of `commit`, which may run more than once. Nothing is written again that is there. */
  readonly state: (said: readonly NewStatement[], commit: Commit) => Promise<void>;
  /** Keys of this server that prove a statement. */
  readonly keys: () => StatementKeys;
  /** The ids of all statements in the database that this server can vouch for: reads all of them. */
  readonly vouched: () => Promise<ReadonlySet<string>>;
  /** How many statements stood in the database, when it last signed, that it cannot vouch for. */
  readonly strangers: () => number;
}

export interface SignedBy {
  readonly store: Store;
  readonly issuer: string;
  readonly keys: () => KeyRing;
  readonly algorithm: SigningAlgorithm;
  readonly clock: Clock;
  readonly report: (line: string) => void;
}

/** Attempts while other nodes sign at the same moment. */
const MOST_ATTEMPTS = 8;
/** Statements that one names, at most. More than one are there only after somebody changed the database, or an older version. */
const MOST_SEEN = 200;

/** Names only statements whose signature it verified: somebody who can write to the database must not be vouched for. */
export function createNotary(by: SignedBy): Notary {
  let known = NONE;
  let reported = 0;
  const keys = (): StatementKeys => indexKeys(by.keys().held());
  const learn = async (): Promise<void> => {
    known = await readKnown(by.store, keys(), known);
    if (known.strangers > reported) by.report(describeStrangers(known.strangers));
    reported = known.strangers;
  };
  const write = async (transaction: Database, said: readonly NewStatement[], before: KnownStatements) => {
    let after = before;
    for (const one of said) {
      const place = { kind: one.kind, chain: one.head.chain, position: one.head.position };
      const there = await findStatement(transaction, place);
      const read = there && readStatement(there.jws, keys());
      if (read?.signature === 'good' && saysTheSame(read, one)) continue;
      // Somebody put it there, so that nothing could be said here.
      if (there !== undefined) {
        await deleteStatement(transaction, there.sequence);
        by.report(`a statement about chain ${place.chain} in the database was not signed by this server: replaced`);
        after = { ...after, strangers: after.strangers - 1 };
      }
      const signed = sign(one, after, by);
      await insertStatement(transaction, { ...place, jws: signed.jws, jwk: signed.jwk });
      after = { ...after, tips: [signed, ...after.tips.slice(MOST_SEEN)], count: after.count + 1 };
    }
    return after;
  };
  const state = async (said: readonly NewStatement[], commit: Commit): Promise<void> => {
    if (known === NONE) await learn();
    for (let attempt = 1; ; attempt++) {
      let isStale = false;
      let after = known;
      try {
        await commit(async (transaction) => {
          await lockStatements(transaction);
          isStale = !(await isWhole(transaction, known));
          if (isStale) throw new Error('statements about the audit were written meanwhile');
          after = await write(transaction, said, known);
        });
        known = after;
        return;
      } catch (error) {
        if (!isStale || attempt === MOST_ATTEMPTS) throw error;
        await learn();
      }
    }
  };
  const inTurn = createSerial();
  return {
    state: (said, commit) => (said.length === 0 ? Promise.resolve() : inTurn(() => state(said, commit))),
    keys,
    vouched: () => readVouched(by.store, keys(), known),
    strangers: () => known.strangers,
  };
}

function sign(
  { kind, head: { chain, position, hash }, rows }: NewStatement,
  { tips, count }: KnownStatements,
  by: SignedBy,
) {
  const ring = by.keys();
  const key = ring.signing(by.algorithm);
  const jwk = ring.published().find(({ kid }) => kid === key.kid);
  const named = tips.slice(0, MOST_SEEN);
  const statement = {
    ...{ kind, chain, position, hash, time: seconds(by.clock), number: count + 1 },
    seen: named.map(({ id }) => id),
    keys: [...new Set(named.flatMap((one) => one.key ?? []))],
    ...(rows && { rows }),
  };
  const jws = signCompact(STATEMENT_TYPE, { iss: by.issuer, ...claimsOf(statement) }, key);
  return { id: sha256(jws), key: jwk && thumbprint(jwk), jws, jwk: JSON.stringify(jwk) };
}

const saysTheSame = (read: { kind: string; chain: string; position: number }, { kind, head }: NewStatement): boolean =>
  read.kind === kind && read.chain === head.chain && read.position === head.position;

const describeStrangers = (count: number): string =>
  `${count} ${count === 1 ? 'statement' : 'statements'} about the audit in the database cannot be vouched for: no key of this ` +
  'server that is known here signed them. Somebody may have written to the database: run `cambio audit verify`';
