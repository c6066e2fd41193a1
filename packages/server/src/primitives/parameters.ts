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

/** An empty value is an absent one (RFC 6749 section 3.2). */
export function parametersOf(pairs: Iterable<readonly [name: string, value: string]>): Parameters {
  const values = new Map<string, string[]>();
  const repeated = new Set<string>();
  for (const [name, value] of pairs) {
    if (value === '') continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else {
      known.push(value);
      repeated.add(name);
    }
  }
  return {
    get: (name) => values.get(name)?.[0],
    all: (name) => values.get(name) ?? [],
    repeated: () => repeated,
  };
}

const MAY_REPEAT: ReadonlySet<string> = new Set(['audience', 'resource']);

/** RFC 6749 section 3.2. What nobody reads may stand as often as it likes. @throws Refusal parameter_repeated */
export function refuseRepeated(parameters: Parameters, known: ReadonlySet<string>): void {
  for (const name of parameters.repeated()) {
    if (known.has(name) && !MAY_REPEAT.has(name)) throw new Refusal('parameter_repeated', { parameter: name });
  }
}
