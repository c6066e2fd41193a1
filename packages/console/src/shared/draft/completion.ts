// Completes keys, values and expressions of rules, from the JSON Schema and the lists that the server gives.
import type { Completion, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import type { components } from '../../api/admin-api.ts';
import { isObject } from '../entry.ts';
import { type Place, placeAt } from './yaml-place.ts';

export type Schemas = components['answers']['get-schema'];
export type Names = components['answers']['list-names'];

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: unknown;
  readonly description?: string;
}

/** The alternatives of a schema, each without references. */
function alternativesOf(schema: Schema, defs: Schema['$defs']): readonly Schema[] {
  const { $ref, anyOf, oneOf, ...own } = schema;
  const named = $ref === undefined ? undefined : defs?.[$ref.replace('#/$defs/', '')];
  const parts = [...(named === undefined ? [] : [named]), ...(anyOf ?? []), ...(oneOf ?? [])];
  return [own, ...parts.flatMap((part) => alternativesOf(part, defs))];
}

/** @returns the schemas of the value at the path */
export function schemasAt(root: Schema, path: Place['path']): readonly Schema[] {
  return path.reduce<readonly Schema[]>(
    (found, key) =>
      found
        .flatMap(({ items, properties, additionalProperties: others }): readonly Schema[] => {
          if (key === 'item') return items === undefined ? [] : [items];
          const named = properties?.[key.key] ?? (typeof others === 'object' ? others : undefined);
          return named === undefined ? [] : [named];
        })
        .flatMap((schema) => alternativesOf(schema, root.$defs)),
    alternativesOf(root, root.$defs),
  );
}

const infoOf = ({ description }: Schema): Pick<Completion, 'info'> =>
  description === undefined ? {} : { info: description };

function keysOf(schemas: readonly Schema[]): readonly Completion[] {
  const properties = schemas.flatMap(({ properties: own }) => Object.entries(own ?? {}));
  return [...new Map(properties)].map(([label, schema]) => ({
    label,
    apply: `${label}: `,
    type: 'property',
    ...infoOf(schema),
  }));
}

function valuesOf(schemas: readonly Schema[]): readonly Completion[] {
  const words = schemas.flatMap(({ enum: some = [], const: one, type }) => [
    ...some,
    ...(one === undefined ? [] : [one]),
    ...(type === 'boolean' ? [true, false] : []),
  ]);
  return [...new Set(words.map(String))].map((label) => ({ label, type: 'enum' }));
}

/** The names that a key takes, in a rule and in a test of it. */
const NAMED: Readonly<Record<string, keyof Names>> = {
  client: 'clients',
  clients: 'clients',
  issuer: 'issuers',
  audience: 'audiences',
  audiences: 'audiences',
  scope: 'scopes',
  scopes: 'scopes',
};

/** A text that YAML reads as another value, or cuts, needs quotes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z_/](?:[^\s:#,[\]{}]|:(?=\S))*$/i;

const quoted = (name: string): string => (PLAIN.test(name) ? name : JSON.stringify(name));

/** A scope of the subject token is a key of `scopes`, with a list of scopes. */
function namesAt({ path }: Place, names: Names): readonly Completion[] {
  const keys = path.flatMap((key) => (key === 'item' ? [] : [key.key]));
  const kind = NAMED[keys.at(-1) ?? ''] ?? (keys.at(-2) === 'scopes' ? 'scopes' : undefined);
  return kind === undefined ? [] : names[kind].map((label) => ({ label, apply: quoted(label), type: 'constant' }));
}

const isExpression = ({ path }: Place): boolean => {
  const names = path.flatMap((key) => (key === 'item' ? [] : [key.key]));
  return names.at(-1) === 'when' || (names.at(-2) === 'claims' && names.includes('grant'));
};

/** `size(string)` is a function, `string.size()` a method. */
const SIGNATURE = /^(\w+(?:<.*>)?\.)?(\w+)/;

/** @param isMethod what comes after a dot. Of the macros, only `has` does not */
function callsOf({ functions, macros }: Schemas['expressions'], isMethod: boolean): readonly Completion[] {
  const fitting = [
    ...functions.flatMap((detail) => {
      const [, receiver, label = ''] = SIGNATURE.exec(detail) ?? [];
      return (receiver !== undefined) === isMethod ? [{ label, detail }] : [];
    }),
    ...macros.flatMap((detail) => {
      const label = detail.replace(/\/.*/, '');
      return (label !== 'has') === isMethod ? [{ label, detail }] : [];
    }),
  ];
  return [...new Map(fitting.map((one) => [one.label, { ...one, type: 'function' }])).values()];
}

/** Members and methods after a dot; otherwise variables and functions. */
function factsOf(expressions: Schemas['expressions'], before: string): readonly Completion[] {
  const parents = before.split('.').slice(0, -1);
  const members = parents.reduce<unknown>(
    (found, name) => (isObject(found) ? found[name] : undefined),
    expressions.variables,
  );
  const facts = Object.entries(isObject(members) ? members : {}).map(([label, kind]) => ({
    label,
    type: 'variable',
    ...(typeof kind === 'string' && { detail: kind }),
  }));
  return [...facts, ...callsOf(expressions, parents.length > 0)];
}

export const completeRules = ({ configuration, expressions }: Schemas, names?: Names): CompletionSource => {
  const root = configuration as Schema;
  return ({ state, pos, explicit }): CompletionResult | null => {
    const { from, text } = state.doc.lineAt(pos);
    const lines = state.doc.sliceString(0, from).split('\n').slice(0, -1);
    const place = placeAt(lines, text.slice(0, pos - from));
    if (place === undefined) return null;
    const word = isExpression(place) ? (/[\w.]*$/.exec(place.word)?.[0] ?? '') : place.word;
    if (word === '' && !explicit) return null;
    if (isExpression(place)) {
      const start = pos - (word.length - word.lastIndexOf('.') - 1);
      return { from: start, options: [...factsOf(expressions, word)], validFor: /^\w*$/ };
    }
    const schemas = schemasAt(root, place.path);
    const named = names === undefined ? [] : namesAt(place, names);
    const options = [...(place.kind === 'key' ? keysOf(schemas) : []), ...valuesOf(schemas), ...named];
    return options.length === 0 ? null : { from: pos - word.length, options, validFor: /^[^\s,[\]{}]*$/ };
  };
};
