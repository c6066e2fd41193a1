// Lists the keys of the configuration file with their forms and defaults, from the schema.
import { keySchema, type JsonSchema as Schema } from '../packages/server/src/config/json-schema.ts';

/** Path, form and default of each key, or that it is required. */
export function keysTable(): string {
  const rows = rowsOf(keySchema(), '');
  return ['| key | form | default |', '|---|---|---|', ...new Set(rows)].join('\n');
}

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
  return typeof type === 'string' ? type : 'anything';
}

const defaultOf = ({ default: value }: Schema, isRequired: boolean): string => {
  if (value !== undefined && typeof value !== 'object') return `\`${value}\``;
  return isRequired ? 'required' : '';
};
