// Tokens as programs have them: a text, a token of this package, or a function that returns the current one.
import { ExchangeError } from './errors.ts';

export type TokenLike = string | { readonly token: string };
export type TokenSource = TokenLike | (() => TokenLike | Promise<TokenLike>);

export type Role = 'subject' | 'actor' | 'client';

const FORM = /^[\x21-\x7e]+$/;

/** @throws ExchangeError before any request if it is not the text of one token */
export function textOf(token: TokenLike, about: Role): string {
  const text = typeof token === 'string' ? token : token?.token;
  if (typeof text === 'string' && FORM.test(text)) return text;
  throw new ExchangeError('invalid_token', about, `the ${about} token ${faultOf(text)}`, {
    action: 'Send the text of one token alone.',
  });
}

export const resolveToken = (source: TokenSource, about: Role): string | Promise<string> =>
  typeof source === 'function' ? resolveLater(source, about) : textOf(source, about);

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
