// Describes in words what a schema expects: as stated with `expecting`, or derived from its kind.
import { z } from 'zod';

export interface Expectation {
  /** Completes "600 is not …". */
  readonly what: string;
  /** Completes "Write …". */
  readonly write?: string;
  /** The value must not be shown. */
  readonly secret?: true;
  /** The allowed words. */
  readonly choices?: readonly string[];
}

export type ZodSchema = z.core.$ZodTypes;

export type Keys = readonly PropertyKey[];

/** A value, and the schema that it must have. */
export interface Root {
  readonly schema: ZodSchema;
  readonly value: unknown;
  /** Its path in the value that was checked. */
  readonly at: Keys;
  /** No part of it may be shown. */
  readonly secret?: true | undefined;
}

const expectations = z.registry<Expectation>();

/** States in words what a schema expects. */
export function expecting<T extends z.ZodType>(
  schema: T,
  what: string,
  write?: string,
  shown: 'shown' | 'secret' = 'shown',
): T {
  expectations.add(schema, {
    what,
    ...(write !== undefined && { write }),
    ...(shown === 'secret' && { secret: true }),
  });
  return schema;
}

/** Remembers the results of a function of a schema: a large file asks for the same ones at each of its values. */
function remembering<Result>(work: (schema: ZodSchema) => Result): (schema: ZodSchema) => Result {
  const results = new WeakMap<ZodSchema, { readonly result: Result }>();
  return (schema) => {
    const known = results.get(schema) ?? { result: work(schema) };
    results.set(schema, known);
    return known.result;
  };
}

/** The expectation of a schema: the stated one, or one derived from its kind. */
export const expectationOf: (schema: ZodSchema) => Expectation = remembering(
  (schema) => expectations.get(schema) ?? deriveExpectation(schema),
);

function deriveExpectation(schema: ZodSchema): Expectation {
  const inner = innerOf(schema);
  if (inner !== undefined) return expectationOf(inner);
  const { def } = schema._zod;
  switch (def.type) {
    case 'string':
      return { what: 'a text' };
    case 'number':
      return { what: numberWords(def.checks ?? []) };
    case 'boolean':
      return { what: 'true or false' };
    case 'enum':
      return choose(Object.values(def.entries).map(String));
    case 'literal':
      return choose(def.values.map(String));
    case 'array':
      return { what: 'a list', write: listWords(expectationOf(def.element as ZodSchema)) };
    case 'record':
      return { what: 'a map' };
    case 'object':
      return { what: 'a map', write: `the keys ${enumerate(keysOf(schema), 'and')} below it` };
    case 'union':
      return unionWords(def.options as readonly ZodSchema[]);
    default:
      return { what: '' };
  }
}

export const choose = (choices: readonly string[]): Expectation => ({
  what: choices.length === 1 ? `${choices[0]}, the one value that it can have` : `one of ${choices.join(', ')}`,
  choices,
});

function listWords({ what, choices }: Expectation): string {
  if (choices !== undefined) return `a list of one or more of ${choices.join(', ')}`;
  return what === 'a map' ? 'a list, each entry of which begins with "- "' : 'a list, such as [a, b]';
}

function unionWords(options: readonly ZodSchema[]): Expectation {
  const [first, second] = options;
  if (first === undefined || second === undefined) return { what: '' };
  // One value, or a list of such values.
  if (second._zod.def.type === 'array' && innerOf(first) === second._zod.def.element) return expectationOf(first);
  const all = options.map(expectationOf);
  const write = all.find((one) => one.write !== undefined)?.write;
  return { what: enumerate([...new Set(all.map(({ what }) => what))], 'or'), ...(write !== undefined && { write }) };
}

function numberWords(checks: readonly z.core.$ZodCheck[]): string {
  let [least, most]: (number | bigint | Date | undefined)[] = [];
  for (const check of checks) {
    const { def } = check._zod as z.core.$ZodChecks['_zod'];
    if (def.check === 'greater_than') least = def.value;
    if (def.check === 'less_than') most = def.value;
  }
  return least === undefined || most === undefined ? 'a whole number' : `a whole number from ${least} to ${most}`;
}

const enumerate = (words: readonly string[], join: 'and' | 'or'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${join} ${words.at(-1)}`;

/** The schema inside a default, an optional or a transformation. */
function innerOf({ _zod: { def } }: ZodSchema): ZodSchema | undefined {
  if (def.type === 'pipe') return def.in as ZodSchema;
  return 'innerType' in def ? (def.innerType as ZodSchema) : undefined;
}

const bare = (schema: ZodSchema): ZodSchema => {
  const inner = expectations.has(schema) ? undefined : innerOf(schema);
  return inner === undefined ? schema : bare(inner);
};

/** Has the schema a stated expectation? */
export const isWorded = (schema: ZodSchema): boolean => expectations.has(bare(schema));

export const stripped = (schema: ZodSchema): ZodSchema => {
  const inner = innerOf(schema);
  return inner === undefined ? schema : stripped(inner);
};

/** Can the key be left out? */
export const isOptional = (schema: ZodSchema): boolean =>
  ['default', 'prefault', 'optional'].includes(schema._zod.def.type);

/** The keys that an object can have. A key of type `never` only distinguishes alternatives. */
export const keysOf = (schema: ZodSchema | undefined): readonly string[] =>
  schema === undefined ? [] : findKeys(schema);

const findKeys: (schema: ZodSchema) => readonly string[] = remembering((schema) => {
  const { def } = stripped(schema)._zod;
  if (def.type === 'union') return [...new Set(def.options.flatMap((option) => keysOf(option as ZodSchema)))];
  if (def.type !== 'object') return [];
  return Object.entries(def.shape)
    .filter(([, member]) => stripped(member as ZodSchema)._zod.def.type !== 'never')
    .map(([name]) => name);
});

export const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The index of the alternative of a union that the value fits best; -1 if it fits none. */
export function alternativeOf(options: readonly ZodSchema[], value: unknown): number {
  const fits = options.map((option): number => {
    const { type } = stripped(option)._zod.def;
    if (Array.isArray(value)) return type === 'array' ? 1 : -1;
    if (type === 'union') return isObject(value) && keysOf(option).some((key) => Object.hasOwn(value, key)) ? 1 : 0;
    if (!isObject(value)) return type === 'object' || type === 'array' || type === 'record' ? -1 : 0;
    if (type === 'record') return 0;
    if (type !== 'object') return -1;
    const known = keysOf(option).filter((key) => Object.hasOwn(value, key)).length;
    return known / (1 + 100 * contradictions(option, value));
  });
  const best = Math.max(...fits);
  return best < 0 ? -1 : fits.indexOf(best);
}

/** Counts the members of the value that contradict a literal of the alternative. */
const contradictions = (option: ZodSchema, value: Record<PropertyKey, unknown>): number =>
  literalsOf(option).filter(({ key, values, isOptional }) =>
    value[key] === undefined ? !isOptional : !values.includes(value[key]),
  ).length;

/** The members of an object that are literals. */
const literalsOf = remembering((schema) => {
  const { def } = stripped(schema)._zod;
  return Object.entries(def.type === 'object' ? def.shape : {}).flatMap(([key, member]) => {
    const word = member as ZodSchema;
    const { def: inner } = stripped(word)._zod;
    const values: readonly unknown[] = inner.type === 'literal' ? inner.values : [];
    return inner.type === 'literal' ? [{ key, values, isOptional: word._zod.optin === 'optional' }] : [];
  });
});

/** The alternative of a union that a literal in the value selects. Any other schema is returned as it is. */
export function meantBy(schema: ZodSchema | undefined, value: unknown): ZodSchema | undefined {
  if (schema === undefined) return undefined;
  const { def } = stripped(schema)._zod;
  if (def.type !== 'union') return schema;
  const options = def.options as readonly ZodSchema[];
  const isChosen = isObject(value) && options.some((option) => contradictions(option, value) > 0);
  return (isChosen ? options[alternativeOf(options, value)] : undefined) ?? schema;
}

interface Found {
  readonly schema: ZodSchema | undefined;
  /** No part of it may be shown. */
  readonly secret: true | undefined;
}

export function schemaAt({ schema, value, secret: whole }: Root, path: Keys): Found {
  let found: ZodSchema | undefined = schema;
  let within = value;
  let secret = whole ?? secretOf(found);
  for (const key of path) {
    found = stepInto(found, key, within);
    within = valueAtPath(within, [key]);
    secret ??= secretOf(found);
  }
  return { schema: found, secret };
}

const secretOf = (schema: ZodSchema | undefined): true | undefined =>
  schema === undefined ? undefined : expectationOf(schema).secret;

function stepInto(schema: ZodSchema | undefined, key: PropertyKey, value: unknown): ZodSchema | undefined {
  if (schema === undefined) return undefined;
  const { def } = stripped(schema)._zod;
  if (def.type === 'array') return def.element as ZodSchema;
  if (def.type === 'record') return def.valueType as ZodSchema;
  if (def.type === 'object') return Object.hasOwn(def.shape, key) ? (def.shape[key as string] as ZodSchema) : undefined;
  if (def.type !== 'union') return undefined;
  const options = def.options as readonly ZodSchema[];
  const chosen = options[alternativeOf(options, value)];
  return (
    stepInto(chosen, key, value) ??
    options.map((option) => stepInto(option, key, value)).find((one) => one !== undefined)
  );
}

export function valueAtPath(value: unknown, path: Keys): unknown {
  let within = value;
  for (const key of path) {
    if (typeof within !== 'object' || within === null || !Object.hasOwn(within, key)) return undefined;
    within = (within as Record<PropertyKey, unknown>)[key];
  }
  return within;
}
