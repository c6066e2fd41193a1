// Redacts tokens from everything that is written down, wherever they stand: in a claim, or in a parameter of the request.

declare const recordable: unique symbol;

/**
 * Text of a caller that may stand in an audit row. Only this file makes it, and a row has no member for other text of a caller.
 */
export type Recordable = string & { readonly [recordable]: true };

/** Replaces a value that is redacted. */
export const REDACTED = '[withheld]' as Recordable & '[withheld]';

/** The longest value that is recorded, in characters of JSON. */
const MAX_RECORDED = 256;
/** Matches compact JWS and JWE, our refresh tokens and opaque tokens, and any other text that is long and random. */
const LIKE_A_TOKEN = /(?:ey[JA]|ew[o0k])[\w-]{8,}\.|[\w-]{20,}\.[\w-]{20,}|cambio_[ar]t_|^(?:\w+ +)?[\w+/=~-]{40,}$/;
/** Matches a string in JSON. */
const TEXT = /"((?:[^"\\]|\\.)*)"/g;

/** Returns the value, or `[withheld]` if it is long or contains text that looks like a token. */
export function redactValue<T>(value: T): T | typeof REDACTED {
  const text = JSON.stringify(value);
  if (text.length > MAX_RECORDED) return REDACTED;
  for (const [, part = ''] of text.matchAll(TEXT)) if (LIKE_A_TOKEN.test(part)) return REDACTED;
  return value;
}

/** Returns the text, or `[withheld]`: for a value that should be a name, and may be a misplaced token or secret. */
export const recordName = (text: string): Recordable =>
  text.length > MAX_RECORDED || LIKE_A_TOKEN.test(text) ? REDACTED : (text as Recordable);

/** A name from the configuration is recorded as it is, whatever it looks like. */
export const recordKnown = (name: string): Recordable => name as Recordable;

/** Matches a run of characters that tokens consist of. */
const RUN = /[\w.-]{16,}/g;
const OWN_TOKEN = /cambio_[ar]t_/;
/** Matches the beginning of a JOSE header in base64url. Other letters may precede it. */
const HEADER = /ey[JA]|ew[o0k]/;

const MAY_HOLD_TOKEN = /ey[JA]|ew[o0k]|cambio_/;

/** Redacts signed JWTs and our access and refresh tokens, wherever they stand in the text. Takes linear time. */
export const redactTokens = (text: string): Recordable =>
  (MAY_HOLD_TOKEN.test(text) ? text.replace(RUN, redactRun) : text) as Recordable;

function redactRun(run: string): string {
  const own = run.search(OWN_TOKEN);
  if (own !== -1 && run.length - own >= 26) return redactRun(run.slice(0, own)) + REDACTED;
  const parts = run.split('.');
  let start = 0;
  for (const [index, part] of parts.entries()) {
    const header = part.search(HEADER);
    const [payload = '', signature = ''] = parts.slice(index + 1, index + 3);
    if (header !== -1 && part.length - header >= 11 && payload.length >= 8 && signature.length >= 8)
      return run.slice(0, start + header) + REDACTED;
    start += part.length + 1;
  }
  return run;
}
