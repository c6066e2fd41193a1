// Who says how the chains stand? The server, signed with its own keys; whoever holds those knows that it was said.

import type { Head } from '../audit/chain.ts';
import { claimsOf, parseStatement, type ReadStatement } from '../audit/statement.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import { type CompactJws, readCompact, signCompact, verifyCompact } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { listNewestStatements } from '../store/audit-statements.ts';
import type { AuditStatementKind, AuditStatementRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { type PublicKeySet, readKeySet } from '../trust/key-set.ts';

export interface Notary {
  /** @returns what is to be written */
  readonly sign: (kind: AuditStatementKind, head: Head, rows?: string) => Promise<AuditStatementRow>;
  /** How many statements stood in the database, when it last signed, that it cannot vouch for. */
  readonly strangers: () => number;
}

/** A media type of its own: nothing takes a statement for a token. */
const TYPE = 'cambio-audit+jwt';
/** A statement names so many of those before it: the last, and what other nodes signed in the same moment. */
const MOST_SEEN = 8;
/** Statements read at once. */
const PAGE = 32;

export interface SignedBy {
  readonly store: Store;
  readonly issuer: string;
  readonly keys: () => KeyRing;
  readonly algorithm: SigningAlgorithm;
  readonly clock: Clock;
  readonly report: (line: string) => void;
}

/** Names only statements whose signature it verified: somebody who can write to the database must not be vouched for. */
export function createNotary(by: SignedBy): Notary {
  let strangers = 0;
  return {
    sign: async (kind, { chain, position, hash }, rows) => {
      const ring = by.keys();
      const key = ring.signing(by.algorithm);
      const jwk = ring.published().find(({ kid }) => kid === key.kid);
      const newest = await findVerified(by.store, indexKeys(ring.held()));
      if (newest.strangers > strangers) by.report(tellStrangers(newest.strangers));
      strangers = newest.strangers;
      const seen = newest.verified.map(({ id }) => id);
      const keys = [...new Set(newest.verified.flatMap((one) => one.key ?? []))];
      const said = { kind, chain, position, hash, time: seconds(by.clock), seen, keys, ...(rows && { rows }) };
      const jws = signCompact(TYPE, { iss: by.issuer, ...claimsOf(said) }, key);
      return { kind, chain, position, jws, jwk: JSON.stringify(jwk) };
    },
    strangers: () => strangers,
  };
}

const tellStrangers = (count: number): string =>
  `${count} ${count === 1 ? 'statement' : 'statements'} about the audit in the database cannot be vouched for: no key of this ` +
  'server that is known here signed them. Somebody may have written to the database: run `cambio audit verify`';

/**
 * The newest statements that our keys signed. However many others stand above them, they are passed over: what a statement
 * does not name can be taken away unseen.
 */
async function findVerified(store: Store, keys: StatementKeys) {
  const verified: ReadStatement[] = [];
  /** What a verified statement names was verified when it was signed, though its key may be gone. */
  const named = new Set<string>();
  let strangers = 0;
  for (let before: number | undefined; verified.length < MOST_SEEN; ) {
    const page = await listNewestStatements(store, { before, limit: PAGE });
    for (const { jws } of page) {
      if (verified.length === MOST_SEEN) break;
      const read = readStatement(jws, keys);
      if (read?.signature === 'good') verified.push(read);
      else if (read === undefined || !named.has(read.id)) {
        strangers++;
        continue;
      }
      for (const id of read.seen) named.add(id);
    }
    before = page.at(-1)?.sequence;
    if (page.length < PAGE) break;
  }
  return { verified, strangers };
}

/** Keys by the id that they go by. Several may go by one: whose it is, the thumbprint tells. */
export type StatementKeys = ReadonlyMap<string, readonly StatementKey[]>;

interface StatementKey {
  readonly thumbprint: string;
  readonly set: PublicKeySet;
}

export function indexKeys(jwks: readonly JsonObject[]): StatementKeys {
  const keys = jwks.flatMap((jwk) => {
    const set = readKeySet({ keys: [jwk] });
    return typeof set === 'string' || set.size === 0 ? [] : [{ kid: jwk.kid, thumbprint: thumbprint(jwk), set }];
  });
  return Map.groupBy(keys, ({ kid }) => String(kid));
}

/** @returns undefined where the text is no statement */
export function readStatement(text: string, keys: StatementKeys): ReadStatement | undefined {
  try {
    const jws = readCompact(text);
    const said = parseStatement(jws.payload);
    if (jws.typ !== TYPE || said === undefined || jws.kid === undefined) return undefined;
    const [signature, key] = judge(jws, keys.get(jws.kid) ?? []);
    return { ...said, id: sha256(text), kid: jws.kid, signature, key };
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

function judge(jws: CompactJws, keys: readonly StatementKey[]): [ReadStatement['signature'], string | undefined] {
  const signer = keys.find(({ set }) => isSignedBy(jws, set));
  if (signer !== undefined) return ['good', signer.thumbprint];
  return [keys.length === 0 ? 'unknown' : 'bad', undefined];
}

function isSignedBy(jws: CompactJws, set: PublicKeySet): boolean {
  try {
    const key = set.find(jws);
    if (key !== undefined) verifyCompact(jws, key);
    return key !== undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return false;
    throw error;
  }
}
