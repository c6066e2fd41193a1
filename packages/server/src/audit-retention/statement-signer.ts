// Who says how the chains stand? The server, signed with its own keys; whoever holds those knows that it was said.

import type { Head } from '../audit/chain.ts';
import { claimsOf, parseStatement, type ReadStatement } from '../audit/statement.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import { type CompactJws, readCompact, signCompact, verifyCompact } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
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
}

/** A media type of its own: nothing takes a statement for a token. */
const TYPE = 'cambio-audit+jwt';
/** A statement names so many of those before it: the last, and what other nodes signed in the same moment. */
const MOST_SEEN = 8;

export function createNotary(by: {
  readonly store: Store;
  readonly issuer: string;
  readonly keys: () => KeyRing;
  readonly algorithm: SigningAlgorithm;
  readonly clock: Clock;
}): Notary {
  return {
    sign: async (kind, { chain, position, hash }, rows) => {
      const key = by.keys().signing(by.algorithm);
      const jwk = by
        .keys()
        .published()
        .find(({ kid }) => kid === key.kid);
      const newest = await listNewestStatements(by.store, MOST_SEEN);
      const seen = newest.map(({ jws }) => sha256(jws));
      const said = { kind, chain, position, hash, time: seconds(by.clock), seen, ...(rows && { rows }) };
      const jws = signCompact(TYPE, { iss: by.issuer, ...claimsOf(said) }, key);
      return { kind, chain, position, jws, jwk: JSON.stringify(jwk) };
    },
  };
}

/** The keys of an export by their id; `known` from elsewhere come before those that it brings. */
export function indexKeys(brought: readonly JsonObject[], known: readonly JsonObject[] = []): StatementKeys {
  const keys = new Map<string, PublicKeySet>();
  for (const jwk of [...brought, ...known]) {
    const set = readKeySet({ keys: [jwk] });
    if (typeof jwk.kid === 'string' && typeof set !== 'string') keys.set(jwk.kid, set);
  }
  return keys;
}

export type StatementKeys = ReadonlyMap<string, PublicKeySet>;

/** @returns undefined where the text is no statement */
export function readStatement(text: string, keys: StatementKeys): ReadStatement | undefined {
  try {
    const jws = readCompact(text);
    const said = parseStatement(jws.payload);
    if (jws.typ !== TYPE || said === undefined || jws.kid === undefined) return undefined;
    return { ...said, id: sha256(text), kid: jws.kid, signature: judge(jws, keys.get(jws.kid)) };
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

function judge(jws: CompactJws, set: PublicKeySet | undefined): ReadStatement['signature'] {
  const key = set?.find(jws);
  if (key === undefined) return 'unknown';
  try {
    verifyCompact(jws, key);
    return 'good';
  } catch {
    return 'bad';
  }
}
