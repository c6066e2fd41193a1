// What may be said of a chain, and signed? Plain data; who signs it, and how that is proven, is not known here.
import type { JsonObject } from '../primitives/strict-json.ts';
import type { AuditStatementKind } from '../store/schema.ts';

export interface Statement {
  readonly kind: AuditStatementKind;
  readonly chain: string;
  /** Up to and with this row. */
  readonly position: number;
  /** Of that row. */
  readonly hash: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** How many statements there are with this one; absent in those of earlier versions. Two have one number only by tampering. */
  readonly number?: number;
  /**
   * SHA-256 of the statements that stood last, whose signature the signer verified: none of them can be taken away unseen, and none
   * that they name.
   */
  readonly seen: readonly string[];
  /** RFC 7638 thumbprints of the keys that signed those; empty in statements of earlier versions, which verified none. */
  readonly keys: readonly string[];
  /** The rows that were erased: `3-5,9`. */
  readonly rows?: string;
}

/** A statement, and what is known of who signed it. */
export interface ReadStatement extends Statement {
  /** SHA-256 of its text. */
  readonly id: string;
  readonly kid: string;
  /** `unknown`: no key is there to tell by. */
  readonly signature: 'good' | 'bad' | 'unknown';
  /** RFC 7638 thumbprint of the key that made a good signature. A kid is only a name: anybody can give it to a key. */
  readonly key: string | undefined;
}

export const claimsOf = ({ time, ...said }: Statement): JsonObject => ({ ...said, iat: time });

/** @returns undefined where it is none */
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
