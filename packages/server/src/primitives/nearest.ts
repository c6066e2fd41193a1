// Finds the known name that is most similar to a mistyped one.

/** A longer text is not a mistyped name. */
const MAX_CHARACTERS = 200;
const MAX_DISTANCE = 3;

/** @returns the known name that is most similar to the text; undefined if none is similar */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  if (text.length === 0 || text.length > MAX_CHARACTERS) return undefined;
  const written = simplify(text);
  let best: string | undefined;
  let least = Math.min(MAX_DISTANCE, Math.max(1, Math.floor(text.length / 3))) + 1;
  for (const name of known) {
    if (name === text || Math.abs(name.length - text.length) > 2 * MAX_DISTANCE) continue;
    const distance = distanceOf(written, simplify(name), least);
    if (distance < least) [best, least] = [name, distance];
  }
  return best ?? [...known].find((name) => name !== text && isPartOf(written, simplify(name)));
}

/** @returns ` Did you mean NAME?`, or an empty text if no known name is similar */
export function didYouMean(text: string, known: Iterable<string>): string {
  const name = nearest(text, known);
  return name === undefined ? '' : ` Did you mean ${name}?`;
}

/** For an unknown name while files are left out: it is probably right, and a similar one would be somebody else's. */
export const mayBeIn = (leftOut: readonly string[]): string => ` It may be in ${leftOut.join(', ')}, left out here.`;

/** Ignores case, and the way in which words are joined. */
const simplify = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, '');

const MIN_PART_CHARACTERS = 4;

const isPartOf = (one: string, other: string): boolean =>
  Math.min(one.length, other.length) >= MIN_PART_CHARACTERS && (one.includes(other) || other.includes(one));

/**
 * Counts the insertions, deletions, replacements and swaps of neighbours that make one text the other (optimal string alignment).
 * @param limit a distance that is not smaller is not computed to its end
 */
function distanceOf(one: string, other: string, limit: number): number {
  let previous: number[] = [];
  let current = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      let least = Math.min(at(next, column - 1) + 1, at(current, column) + 1, at(current, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1])
        least = Math.min(least, at(previous, column - 2) + 1);
      next.push(least);
    }
    // A swap looks two rows back, so that one row beyond the limit is not enough.
    if (Math.min(...next) >= limit && Math.min(...current) >= limit) return limit;
    [previous, current] = [current, next];
  }
  return at(current, other.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
