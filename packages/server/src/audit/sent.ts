// Makes values of a request safe to record: redacts those that look like a token, and limits their number.
import { redactTokens, redactValue } from '../primitives/redact.ts';
import type { Sent } from '../primitives/refusal.ts';

declare const recorded: unique symbol;

/** Only `recordSent` creates one, so that a row cannot hold unredacted values. */
export type RecordedSent = Sent & { readonly [recorded]: true };

/** Maximum number of recorded values of a list. */
const MAX_VALUES = 10;

/** @returns undefined if no value was sent */
export function recordSent(sent: Sent): RecordedSent | undefined {
  const present = Object.entries(sent).filter(([, value]) => value !== undefined);
  if (present.length === 0) return undefined;
  return Object.fromEntries(
    present.map(([name, value]) => [name, name === 'kid' ? recordKeyId(value) : redact(value)]),
  ) as RecordedSent;
}

const MAX_KEY_ID_CHARACTERS = 128;

/** Records the id of a key. It is often a digest, which `redactValue` would take for a secret. */
export const recordKeyId = (id: unknown): string => redactTokens(String(id)).slice(0, MAX_KEY_ID_CHARACTERS);

const redact = (value: unknown): unknown =>
  Array.isArray(value) ? value.slice(0, MAX_VALUES).map((one) => redactValue(one)) : redactValue(value);
