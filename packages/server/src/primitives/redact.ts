// What is never written down? Whatever looks like a token, wherever it stands: in a claim, or in a parameter of the request.

declare const recordable: unique symbol;

/** Text of a caller that may stand in an audit row. Only this file makes it: a row has no member for any other text of a caller. */
export type Recordable = string & { readonly [recordable]: true };

/** What stands in the place of a value that is not recorded. */
export const REDACTED = '[withheld]' as Recordable & '[withheld]';

/** Longest value that is recorded, in characters of JSON. */
const MAX_RECORDED = 256;
/** Compact JWS and JWE, refresh and opaque tokens of ours, and whatever else is long and random. */
const LIKE_A_TOKEN = /(?:ey[JA]|ew[o0k])[\w-]{8,}\.|[\w-]{20,}\.[\w-]{20,}|cambio_[ar]t_|^(?:\w+ +)?[\w+/=~-]{40,}$/;
/** A text within JSON. */
const TEXT = /"((?:[^"\\]|\\.)*)"/g;

/** A value as JSON has it, or that it is withheld. */
export function redactValue<T>(value: T): T | typeof REDACTED {
  const text = JSON.stringify(value);
  if (text.length > MAX_RECORDED) return REDACTED;
  for (const [, part = ''] of text.matchAll(TEXT)) if (LIKE_A_TOKEN.test(part)) return REDACTED;
  return value;
}

/** The text, or that it is withheld: for a value that should be a name, and may be a token or a secret in the wrong place. */
export const recordName = (text: string): Recordable =>
  text.length > MAX_RECORDED || LIKE_A_TOKEN.test(text) ? REDACTED : (text as Recordable);

/** A name that the configuration has stands for itself, whatever it looks like. */
export const recordKnown = (name: string): Recordable => name as Recordable;

/** A signed JWT, and an access or refresh token of ours: texts that somebody could present. Others may have put letters before it. */
const TOKEN = /(?:ey[JA]|ew[o0k])[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|cambio_[ar]t_[\w.-]{16,}/g;

/** The text with every token in it withheld: for what a caller may have written anywhere, such as a path or a name. */
export const redactTokens = (text: string): Recordable => text.replace(TOKEN, REDACTED) as Recordable;
