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
  const first = new Map<string, string>();
  /** All values of the parameters that have several. */
  const several = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    if (value === '') continue;
    const known = first.get(name);
    const all = several.get(name);
    if (known === undefined) first.set(name, value);
    else if (all === undefined) several.set(name, [known, value]);
    else all.push(value);
  }
  return {
    get: (name) => first.get(name),
    all: (name) => {
      const value = first.get(name);
      return value === undefined ? [] : (several.get(name) ?? [value]);
    },
    repeated: () => several.keys(),
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
