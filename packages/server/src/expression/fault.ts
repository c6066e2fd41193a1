// Where is the text of an expression wrong? Told when the configuration is loaded, never while a request waits.

/** The expression cannot be used. The message stands on its own; the place is within the expression's text. */
export class ExpressionFault extends Error {
  /** The first line is 1. */
  readonly line: number;
  /** The first column is 1, counted in UTF-16 units. */
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    super(message);
    const before = text.slice(0, offset).split('\n');
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }
}
