// Keeps the values of parts of texts, so that a reading parses only the parts that changed since the reading before.

export interface ParsedParts {
  readonly find: (text: string) => { readonly value: unknown } | undefined;
  /** @param text its value depends on nothing else */
  readonly keep: (text: string, read: { readonly value: unknown }) => void;
  /** The parts that were found or kept. */
  readonly all: () => ReadonlyMap<string, { readonly value: unknown }>;
}

/** @param before of the reading before */
export function createParsedParts(before: ReturnType<ParsedParts['all']> = new Map()): ParsedParts {
  const parts = new Map<string, { readonly value: unknown }>();
  return { find: (text) => before.get(text), keep: (text, read) => void parts.set(text, read), all: () => parts };
}
