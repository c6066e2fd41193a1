// Keeps the values of parts of texts, so that a reading parses only the parts that changed since the reading before.

/** The value of a part in which no variable was substituted. */
export interface ConstantPart {
  readonly value: unknown;
  readonly dependsOn: 'text';
}

/** The value of each part, by its text. */
export type PartValues = ReadonlyMap<string, ConstantPart>;

export interface ParsedParts {
  /** @returns the value that the part had in the reading before */
  readonly find: (text: string) => ConstantPart | undefined;
  /** Keeps the value of a part for the next reading. */
  readonly keep: (text: string, read: ConstantPart) => void;
  /** The parts that were kept. */
  readonly all: () => PartValues;
}

/** @param before the parts that the reading before kept */
export function createParsedParts(before: PartValues = new Map()): ParsedParts {
  const parts = new Map<string, ConstantPart>();
  return { find: (text) => before.get(text), keep: (text, read) => void parts.set(text, read), all: () => parts };
}
