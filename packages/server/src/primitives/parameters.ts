// What did the form say? Read through this, so that nothing below http/ knows how a form is parsed.
import { Refusal } from './refusal.ts';

export interface Parameters {
  /** The one value, or undefined where the parameter is absent or empty (RFC 6749 section 3.2). */
  readonly get: (name: string) => string | undefined;
  /** Every value that is not empty, in order. */
  readonly all: (name: string) => readonly string[];
  /** The names that stand more than once with a value. */
  readonly repeated: () => Iterable<string>;
}

const MAY_REPEAT: ReadonlySet<string> = new Set(['audience', 'resource']);

/** RFC 6749 section 3.2. What nobody reads may stand as often as it likes. @throws Refusal parameter_repeated */
export function refuseRepeated(parameters: Parameters, known: ReadonlySet<string>): void {
  for (const name of parameters.repeated()) {
    if (known.has(name) && !MAY_REPEAT.has(name)) throw new Refusal('parameter_repeated', { parameter: name });
  }
}
