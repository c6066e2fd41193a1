// Makes what a caller sent safe to record: each value redacted where it looks like a token, and cut to a bounded number.
import { redactTokens, redactValue } from '../primitives/redact.ts';
import type { Sent } from '../primitives/refusal.ts';

declare const recorded: unique symbol;

/** Made by `recordSent` alone: a row has no member for anything else that a caller sent. */
export type RecordedSent = Sent & { readonly [recorded]: true };

/** Values of a list that are recorded. */
const MAX_VALUES = 10;

/** @returns undefined where nothing was sent that explains the refusal */
export function recordSent(sent: Sent): RecordedSent | undefined {
  const said = Object.entries(sent).filter(([, value]) => value !== undefined);
  if (said.length === 0) return undefined;
  return Object.fromEntries(
    said.map(([name, value]) => [name, name === 'kid' ? recordKeyId(value) : redact(value)]),
  ) as RecordedSent;
}

/** Characters of the id of a key that are recorded. */
const MAX_KEY_ID = 128;

/** Ids of keys are often digests, which look like a secret and are none. */
export const recordKeyId = (id: unknown): string => redactTokens(String(id)).slice(0, MAX_KEY_ID);

const redact = (value: unknown): unknown =>
  Array.isArray(value) ? value.slice(0, MAX_VALUES).map((one) => redactValue(one)) : redactValue(value);
