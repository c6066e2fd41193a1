// Reads signed statements about the audit, and verifies their signatures.
import { parseStatement, type ReadStatement } from '../audit/statement.ts';
import { type CompactJws, readCompact, verifyCompact } from '../keys/jws.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type PublicKeySet, readKeySet } from '../trust/key-set.ts';

/** A separate media type, so that a statement is never accepted as a token. */
export const STATEMENT_TYPE = 'cambio-audit+jwt';

/** Keys by kid. Several may share one; the thumbprint identifies a key. */
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

/**
 * @param text from a database: SQLite stores any type in any column
 * @returns undefined if the text is not a statement
 */
export function readStatement(text: unknown, keys: StatementKeys): ReadStatement | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const jws = readCompact(text);
    const statement = parseStatement(jws.payload);
    if (jws.typ !== STATEMENT_TYPE || statement === undefined || jws.kid === undefined) return undefined;
    const [signature, key] = checkSignature(jws, keys.get(jws.kid) ?? []);
    return { ...statement, id: sha256(text), kid: jws.kid, signature, key };
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

function checkSignature(
  jws: CompactJws,
  keys: readonly StatementKey[],
): [ReadStatement['signature'], thumbprint: string | undefined] {
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
