// The statements about a chain that the server signs, as plain data. Signing is in audit-retention/statement-signer.ts.
import type { JsonObject } from '../primitives/strict-json.ts';
import type { AuditStatementKind } from '../store/schema.ts';

export interface Statement {
  readonly kind: AuditStatementKind;
  readonly chain: string;
  /** The last row that the statement covers. */
  readonly position: number;
  /** The hash of that row. */
  readonly hash: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Counts the statements, from 1; undefined in statements of earlier versions. Two with one number prove tampering. */
  readonly number?: number;
  /**
   * SHA-256 of the previous statements, whose signatures the signer verified. Removing one of them, or one that they name, is
   * detected.
   */
  readonly seen: readonly string[];
  /** RFC 7638 thumbprints of the keys that signed those; empty in statements of earlier versions, which verified no signature. */
  readonly keys: readonly string[];
  /** The rows that were erased: `3-5,9`. */
  readonly rows?: string;
}

/** A statement, and the result of checking its signature. */
export interface ReadStatement extends Statement {
  /** SHA-256 of its text. */
  readonly id: string;
  readonly kid: string;
  /** `unknown`: no key with this kid is known. */
  readonly signature: 'good' | 'bad' | 'unknown';
  /** RFC 7638 thumbprint of the key of a good signature. A kid does not identify a key: any key can have it. */
  readonly key: string | undefined;
}

export const claimsOf = ({ time, ...others }: Statement): JsonObject => ({ ...others, iat: time });

/** @returns undefined if the claims are not a statement */
export function parseStatement(claims: JsonObject): Statement | undefined {
  const { kind, chain, position, hash, iat: time, number, seen, keys = [], rows } = claims;
  const kinds: readonly unknown[] = ['head', 'found', 'cut', 'erased'] satisfies AuditStatementKind[];
  if (!kinds.includes(kind) || typeof chain !== 'string' || typeof hash !== 'string') return undefined;
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(time) || !isTexts(seen) || !isTexts(keys))
    return undefined;
  if (rows !== undefined && (typeof rows !== 'string' || !RANGES.test(rows))) return undefined;
  if (number !== undefined && !Number.isSafeInteger(number)) return undefined;
  const numbered = number !== undefined && { number };
  return { kind, chain, position, hash, time, ...numbered, seen, keys, ...(rows && { rows }) } as Statement;
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');

const RANGES = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/** `[3, 4, 5, 9]` → `3-5,9`. */
export function formatRanges(positions: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const position of positions.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && position <= last[1] + 1) last[1] = position;
    else ranges.push([position, position]);
  }
  return ranges.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',');
}

export const isWithin = (position: number, ranges: string): boolean =>
  ranges.split(',').some((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return from <= position && position <= to;
  });
