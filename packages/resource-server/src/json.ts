// Parses JSON that every parser reads alike. Parsers disagree about duplicate members (RFC 8259 section 4), and about integers
// beyond 2^53 (RFC 7493 section 2.2).

/** Matches a number, or a string with the colon that follows it if it is the name of a member. */
const LITERALS = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/gs;

/** @throws SyntaxError if the text is not JSON, an object has a duplicate member, or a number would be rounded */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  let members = 0;
  for (const [literal, colon] of text.matchAll(LITERALS)) {
    if (colon !== undefined) members++;
    else if (!literal.startsWith('"') && !isExact(literal)) throw new SyntaxError('a number would be rounded');
  }
  if (members !== countMembers(value)) throw new SyntaxError('an object has a member twice');
  return value;
}

/** Does a double hold exactly this number? False for fractions that would become integers: 0.99999999999999999999. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isInteger(value)) return Number.isFinite(value);
  if (!Number.isSafeInteger(value)) return false;
  const [mantissa = '', exponent = '0'] = literal.split(/e/i);
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let significant = digits.length;
  while (significant > 0 && digits[significant - 1] === '0') significant--;
  return significant === 0 || Number(exponent) - fraction.length + digits.length - significant >= 0;
}

/** Counts the members of all objects in it, without recursion: the value may be nested deeply. */
function countMembers(value: unknown): number {
  let count = 0;
  const values = [value];
  for (const one of values) {
    if (typeof one !== 'object' || one === null) continue;
    const inside = Object.values(one);
    if (!Array.isArray(one)) count += inside.length;
    for (const each of inside) values.push(each);
  }
  return count;
}
