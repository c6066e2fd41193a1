// Makes the JSON Schema (draft 2020-12) of the configuration file and of the files that it includes, which editors use for completion, descriptions and faults.
// It refuses nothing that `cambio check` accepts. Faults that need another key, a file or the environment are found by `check` alone.
import { z } from 'zod';
import { expectationOf, isWorded } from '../primitives/expectation.ts';
import descriptions from './key-descriptions.json' with { type: 'json' };
import { configurationFile } from './schema.ts';
import { INCLUDED_SECTIONS } from './schema-include.ts';

export interface JsonSchema {
  readonly $schema?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** @param described descriptions of keys by path, such as `rules[].grant.scopes` */
export function configurationSchema(described: Readonly<Record<string, string>> = descriptions): JsonSchema {
  const { $defs = {}, ...root } = keySchema(describeForm);
  return {
    ...root,
    ...rewrite(root, { path: [], described }),
    $defs: { ...$defs, variable: VARIABLE },
  };
}

/** The schema of a file that `include` names: its sections are those of the main file, and it needs none of them. */
export function includedFileSchema(described: Readonly<Record<string, string>> = descriptions): JsonSchema {
  const { required: _, properties = {}, ...whole } = configurationSchema(described);
  return {
    ...whole,
    properties: Object.fromEntries(INCLUDED_SECTIONS.map((name) => [name, properties[name] ?? {}])),
  };
}

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** The schema as Zod writes it, of the text of the file before variables are replaced. */
export const keySchema = (alsoDescribe: Override = () => undefined): JsonSchema =>
  z.toJSONSchema(configurationFile, {
    io: 'input',
    unrepresentable: 'any',
    override: (context) => {
      writeDefault(context);
      alsoDescribe(context);
    },
  }) as JsonSchema;

/** Writes the default of a duration as in the file. Zod knows its seconds only. */
const writeDefault: Override = ({ zodSchema, jsonSchema }) => {
  const { def } = zodSchema._zod;
  if (def.type !== 'default' || typeof def.defaultValue !== 'number' || jsonSchema.default !== undefined) return;
  const seconds = def.defaultValue;
  const [unit, size] = UNITS.find(([, each]) => seconds % each === 0) ?? ['s', 1];
  jsonSchema.default = `${seconds / size}${unit}`;
};

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Describes the form of a text, such as that of a duration. */
const describeForm: Override = ({ zodSchema, jsonSchema }) => {
  if (jsonSchema.type !== 'string' || jsonSchema.description !== undefined || !isWorded(zodSchema)) return;
  const { write } = expectationOf(zodSchema);
  if (write !== undefined) jsonSchema.description = `Write ${write}.`;
};

/** A value that contains an environment variable, `${NAME}` or `${NAME:-default}`. Its form is known only where the file is read. */
const HAS_VARIABLE = '\\$\\{';
const VARIABLE: JsonSchema = { type: 'string', pattern: HAS_VARIABLE };

interface Place {
  /** A number is the alternative of a union. */
  readonly path: readonly (string | number)[];
  readonly described: Readonly<Record<string, string>>;
}

/** Adds descriptions, and accepts variables wherever the file may have one. */
function rewrite(schema: JsonSchema, place: Place): JsonSchema {
  const { properties, items, oneOf, anyOf, additionalProperties, propertyNames, format, ...kept } = schema;
  const alternatives = anyOf ?? oneOf;
  const below = (step: string | number): Place => ({ ...place, path: [...place.path, step] });
  const isMany = alternatives !== undefined && alternatives.filter(hasKeys).length > 1;
  return {
    ...withVariable(kept),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, one]) => [key, describe(rewrite(one, below(key)), below(key))]),
      ),
    }),
    ...(items && { items: rewrite(items, below('[]')) }),
    // An alternative that is chosen by a variable may be any of them, so more than one may fit.
    ...(alternatives && { anyOf: alternatives.map((one, index) => rewrite(one, isMany ? below(index) : place)) }),
    ...(propertyNames?.pattern !== undefined && { propertyNames }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? rewrite(additionalProperties, below('*')) : additionalProperties,
    }),
  };
}

const hasKeys = ({ properties }: JsonSchema): boolean => properties !== undefined;

/** Variables are replaced in texts, and an unquoted text of digits becomes a number. */
function withVariable(schema: JsonSchema): JsonSchema {
  const { type, pattern, enum: choices, const: only, ...others } = schema;
  if (type === 'integer') return { ...schema, type: ['integer', 'string'], pattern: HAS_VARIABLE };
  if (pattern !== undefined) return { ...schema, pattern: `${pattern}|${HAS_VARIABLE}` };
  const values = choices ?? (typeof only === 'string' ? [only] : undefined);
  if (values === undefined) return schema;
  return { ...others, anyOf: [{ enum: values }, { $ref: '#/$defs/variable' } as JsonSchema] };
}

function describe(schema: JsonSchema, { path, described }: Place): JsonSchema {
  const found = nameOf(path, described);
  if (found === undefined) return schema;
  const { description: form } = schema;
  const meaning = described[found.name] ?? '';
  // A key without a row of its own, such as `secret.env`: its form says more than the row of the key above it.
  if (form !== undefined) return found.isExact ? { ...schema, description: `${meaning}\n\n${form}` } : schema;
  return { ...schema, description: meaning };
}

/** Finds the key itself or the nearest key above it: first of this kind of entry, then of every kind. */
function nameOf(
  path: Place['path'],
  described: Place['described'],
): { readonly name: string; readonly isExact: boolean } | undefined {
  const ofKind = namesOf(path);
  const ofAll = namesOf(path.filter((step) => typeof step !== 'number'));
  const name = [...ofKind.filter((one) => one.includes('#')), ...ofAll].find((one) => Object.hasOwn(described, one));
  return name === undefined ? undefined : { name, isExact: name === ofKind[0] || name === ofAll[0] };
}

/** `rules[]#1.actor.types`, `rules[]#1.actor`, ... `rules` */
const namesOf = (path: Place['path']): readonly string[] =>
  path.map((_, index) =>
    path
      .slice(0, path.length - index)
      .map((step) => (typeof step === 'number' ? `#${step}` : step === '[]' ? step : `.${step}`))
      .join('')
      .replace(/^\./, ''),
  );
