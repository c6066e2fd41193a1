// Reads a signed statement about the audit, and checks its signature.
import { parseStatement, type ReadStatement } from '../audit/statement.ts';
import { type CompactJws, readCompact, verifyCompact } from '../keys/jws.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type PublicKeySet, readKeySet } from '../trust/key-set.ts';

/** A media type of its own: nothing takes a statement for a token. */
export const STATEMENT_TYPE = 'cambio-audit+jwt';

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

/** @param text of a database: SQLite keeps any type in any column @returns undefined where it is not a statement */
export function readStatement(text: unknown, keys: StatementKeys): ReadStatement | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const jws = readCompact(text);
    const said = parseStatement(jws.payload);
    if (jws.typ !== STATEMENT_TYPE || said === undefined || jws.kid === undefined) return undefined;
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
