// Writes a text as a literal that TypeScript, Python, Go and Java read alike.

/** Characters that JSON keeps and nobody sees. Some make the code around them look different. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const MAX_ESCAPED = 0xffff;

export const literal = (text: string): string =>
  JSON.stringify(text).replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > MAX_ESCAPED ? character : `\\u${code.toString(16).padStart(4, '0')}`;
  });
