// Compares the claims of the subject token with those of the new token, claim by claim.
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface ComparedClaim {
  readonly claim: string;
  readonly change: 'same' | 'changed' | 'added' | 'left out';
  /** In the subject token. */
  readonly subject?: unknown;
  /** In the new token. */
  readonly issued?: unknown;
}

/** The claims of the new token first, in its order. */
export function compareClaims(subject: JsonObject, issued: JsonObject): readonly ComparedClaim[] {
  const names = new Set([...Object.keys(issued), ...Object.keys(subject)]);
  return [...names].map((claim) => {
    const [has, gets] = [Object.hasOwn(subject, claim), Object.hasOwn(issued, claim)];
    const [before, after] = [subject[claim], issued[claim]];
    const change = !has ? 'added' : !gets ? 'left out' : isDeepStrictEqual(before, after) ? 'same' : 'changed';
    return { claim, change, ...(has && { subject: before }), ...(gets && { issued: after }) };
  });
}
