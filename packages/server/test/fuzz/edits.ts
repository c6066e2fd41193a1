// Generates small edits of texts.
import fc from 'fast-check';

export interface Edit {
  /** Position in the text, as a fraction. */
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

export const place: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, noNaN: true });

/** Usually no edit. */
export const few = <T>(one: fc.Arbitrary<T>, most: number): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: most }) },
  );

/** @param insert texts to insert @param remove maximum number of characters to remove */
export const edit = (insert: fc.Arbitrary<string>, remove: number): fc.Arbitrary<Edit> =>
  fc.record({ at: place, remove: fc.nat(remove), insert });

export const apply = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((before, { at, remove, insert }) => {
    const start = Math.floor(at * before.length);
    return before.slice(0, start) + insert + before.slice(start + remove);
  }, text);
