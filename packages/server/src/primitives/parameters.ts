// What did the form say? Read through this, so that nothing below http/ knows how a form is parsed.

export interface Parameters {
  /** The one value, or undefined where the parameter is absent or empty (RFC 6749 section 3.2). */
  readonly get: (name: string) => string | undefined;
  /** Every value that is not empty, in order. */
  readonly all: (name: string) => readonly string[];
  /** The names that stand more than once with a value. */
  readonly repeated: () => Iterable<string>;
}
