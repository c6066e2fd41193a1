// Lists the keys of the configuration file with their forms and defaults, from the schema.
import { z } from 'zod';
import { configurationFile } from '../packages/server/src/config/schema.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Path, form and default of each key, or that it is required. */
export function keysTable(): string {
  const rows = rowsOf(
    z.toJSONSchema(configurationFile, { io: 'input', unrepresentable: 'any', override: tellDuration }) as Schema,
    '',
  );
  return ['| key | form | default |', '|---|---|---|', ...new Set(rows)].join('\n');
}

/** A default as one would write it: zod knows only the seconds of a duration. */
function tellDuration({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: { default?: unknown };
}): void {
  const { def } = zodSchema._zod;
  if (def.type !== 'default' || typeof def.defaultValue !== 'number' || jsonSchema.default !== undefined) return;
  const [unit, seconds] = UNITS.find(([, size]) => Number(def.defaultValue) % size === 0) ?? ['s', 1];
  jsonSchema.default = `${def.defaultValue / seconds}${unit}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** A key of several kinds of entries is one row. */
function rowsOf(schema: Schema, path: string): readonly string[] {
  const kinds = objectsIn(schema);
  const names = new Set(kinds.flatMap(({ properties = {} }) => Object.keys(properties)));
  return [...names].flatMap((name) => {
    const values = kinds.flatMap(({ properties = {} }) => properties[name] ?? []);
    // `saml: never` distinguishes two kinds of entries. It is not a key.
    const known = values.filter((value) => !(Object.keys(value).length === 1 && 'not' in value));
    const [first, second] = known;
    if (first === undefined) return [];
    const value = second === undefined ? first : { anyOf: known, default: first.default };
    const place = path === '' ? name : `${path}.${name}`;
    const isRequired = kinds.every(({ required = [] }) => required.includes(name));
    const row = `| \`${place}\` | ${formOf(value)} | ${defaultOf(value, isRequired)} |`;
    return known.some(isSecret) ? [row] : [row, ...rowsOf(value, isList(value) ? `${place}[]` : place)];
  });
}

/** The objects with the members of a key: its own, or those of its list. */
function objectsIn(schema: Schema): readonly Schema[] {
  const { properties, items, oneOf = [], anyOf = oneOf } = schema;
  if (properties !== undefined) return [schema];
  return [...(items === undefined ? [] : objectsIn(items)), ...anyOf.flatMap(objectsIn)];
}

const isList = ({ type, anyOf = [] }: Schema): boolean => type === 'array' || anyOf.some(isList);

/** `{ env }`, `{ file }` or `{ plain }`, one or a list of them. */
const isSecret = ({ anyOf = [], items }: Schema): boolean =>
  anyOf.some(({ properties = {} }) => 'env' in properties) ||
  anyOf.some(isSecret) ||
  (items !== undefined && isSecret(items));

function formOf(schema: Schema): string {
  const {
    type,
    oneOf,
    anyOf = oneOf,
    items,
    const: constant,
    enum: choices,
    minimum,
    maximum,
    pattern,
    additionalProperties,
  } = schema;
  if (isSecret(schema)) return isList(schema) ? 'secret, or a list of them' : 'secret';
  if (constant !== undefined) return `\`${constant}\``;
  if (choices !== undefined && choices.length > 20) return 'a reason of [errors.md](errors.md)';
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(formOf))].join(', or ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : formOf(items)}`;
  if (type === 'integer') return `${minimum} to ${maximum}`;
  if (type === 'object')
    return typeof additionalProperties === 'object' ? `map to ${formOf(additionalProperties)}` : 'map';
  if (type === 'string') return pattern?.includes('[smhd]') ? 'duration' : 'text';
  return type ?? 'anything';
}

const defaultOf = ({ default: value }: Schema, isRequired: boolean): string => {
  if (value !== undefined && typeof value !== 'object') return `\`${value}\``;
  return isRequired ? 'required' : '';
};
