// Writes texts for a shell: links and requests of strangers name clients, targets and scopes, and people paste the commands.

/** Text that every shell takes as it is. A word that begins with `=` is the path of a program to zsh. */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;

/** Characters that a terminal acts on when a text is pasted, and those that are not seen. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** @returns one word of bash, zsh and ksh; of every shell if the text has printable characters alone */
export function shellQuote(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text.search(UNSEEN) === -1) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll(UNSEEN, escapeBytes)}'`;
}

/** In octal, which a digit behind it does not continue. */
const escapeBytes = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
