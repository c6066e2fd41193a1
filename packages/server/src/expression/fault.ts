// A fault in the text of an expression, with its place. It is thrown when the configuration is loaded, never during a request.

/** The expression cannot be used. The message needs no context; the place is relative to the expression's text. */
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
