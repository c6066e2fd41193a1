// Keeps the values of parts of texts, so that a reading parses only the parts that changed since the reading before.

/** The value of each part, by its text. */
export type PartValues = ReadonlyMap<string, { readonly value: unknown }>;

export interface ParsedParts {
  /** @returns the value that the part had in the reading before */
  readonly find: (text: string) => { readonly value: unknown } | undefined;
  /** Keeps the value of a part for the next reading. @param text without variables */
  readonly keep: (text: string, read: { readonly value: unknown }) => void;
  /** The parts that were kept. */
  readonly all: () => PartValues;
}

/** @param before the parts that the reading before kept */
export function createParsedParts(before: PartValues = new Map()): ParsedParts {
  const parts = new Map<string, { readonly value: unknown }>();
  return { find: (text) => before.get(text), keep: (text, read) => void parts.set(text, read), all: () => parts };
}
