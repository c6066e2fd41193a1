// Does every parser read this JSON alike? Of two members of one name some take the first and some the last (RFC 8259 section 4),
// and of an integer beyond 2^53 some keep what stands there, and some a neighbour (RFC 7493 section 2.2).

/** A string, and the colon behind it where it is the name of a member; or a number. */
const LITERALS = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/gs;

/** @throws SyntaxError where it is no JSON, an object has a member twice, or a number would be rounded */
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

/** Is it the number that a double holds? A fraction that is read as an integer is not: 0.99999999999999999999. */
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

/** Of all objects in it. No recursion: what is parsed may be deep. */
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
