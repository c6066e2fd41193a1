// Tokens as programs have them: a text, a token of this package, or a function that returns the current one.
import { orAbort } from './deadline.ts';
import { ExchangeError } from './errors.ts';

export type TokenLike = string | { readonly token: string };
export type TokenSource = TokenLike | (() => TokenLike | Promise<TokenLike>);

export type Role = 'subject' | 'actor' | 'client';

/** Whether it is the text of one token, which fits into a header. */
export const isTokenText = (text: unknown): text is string => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);

/** @throws ExchangeError before any request if it is not the text of one token */
export function textOf(token: TokenLike, about: Role): string {
  const text = typeof token === 'string' ? token : token?.token;
  if (isTokenText(text)) return text;
  throw new ExchangeError('invalid_token', about, `the ${about} token ${faultOf(text)}`, {
    action: 'Send the text of one token alone.',
  });
}

/** @throws ExchangeError, or the reason of the signal if it aborts first */
export function resolveToken(source: TokenSource, about: Role, signal?: AbortSignal): string | Promise<string> {
  if (typeof source !== 'function') return textOf(source, about);
  return signal === undefined ? resolveLater(source, about) : orAbort(() => resolveLater(source, about), signal);
}

async function resolveLater(source: () => TokenLike | Promise<TokenLike>, about: Role): Promise<string> {
  return textOf(await source(), about);
}

function faultOf(text: unknown): string {
  if (typeof text !== 'string') return 'is not a text';
  if (text === '') return 'is empty';
  if (/^(?:bearer|dpop)\s/i.test(text)) return 'begins with the name of a scheme, such as “Bearer”';
  if (/[\r\n]/.test(text)) return 'has more than one line, or ends in a line feed';
  return 'has white space, or characters that no token has';
}
