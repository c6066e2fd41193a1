// Texts that are nearly what they were.
import fc from 'fast-check';

export interface Edit {
  /** Which part of the text stands before it. */
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

export const place: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, noNaN: true });

/** Mostly none. */
export const few = <T>(one: fc.Arbitrary<T>, most: number): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: most }) },
  );

/** @param insert what is put in @param remove how many characters at most are taken away */
export const edit = (insert: fc.Arbitrary<string>, remove: number): fc.Arbitrary<Edit> =>
  fc.record({ at: place, remove: fc.nat(remove), insert });

export const apply = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((before, { at, remove, insert }) => {
    const start = Math.floor(at * before.length);
    return before.slice(0, start) + insert + before.slice(start + remove);
  }, text);
