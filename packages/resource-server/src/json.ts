// Does every parser read this JSON alike? Of two members of one name some take the first and some the last (RFC 8259 section 4).

/** A string, and the colon behind it where it is the name of a member. */
const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;

/** @throws SyntaxError where it is no JSON, or an object has a member twice */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const written = [...text.matchAll(STRINGS)].filter(([, colon]) => colon !== undefined).length;
  if (written !== countMembers(value)) throw new SyntaxError('an object has a member twice');
  return value;
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
