// The parameters of a form, whichever way the form was parsed.
import { Refusal } from './refusal.ts';

export interface Parameters {
  /** The value; undefined if the parameter is absent or empty (RFC 6749 section 3.2). */
  readonly get: (name: string) => string | undefined;
  /** Every value that is not empty, in order. */
  readonly all: (name: string) => readonly string[];
  /** The names of the parameters that have more than one value. */
  readonly repeated: () => Iterable<string>;
}

/** Ignores empty values (RFC 6749 section 3.2). */
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

/**
 * Refuses a known parameter that is repeated (RFC 6749 section 3.2). Unknown parameters may repeat.
 * @throws Refusal parameter_repeated
 */
export function refuseRepeated(parameters: Parameters, known: ReadonlySet<string>): void {
  for (const name of parameters.repeated()) {
    if (known.has(name) && !MAY_REPEAT.has(name)) throw new Refusal('parameter_repeated', { parameter: name });
  }
}
