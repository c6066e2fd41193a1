// Writes the TypeScript types of the admin API from its OpenAPI description, for openapi-fetch. The packages that do this need the
// programming interface of TypeScript 5.
import { operationForms } from '../packages/server/src/config/operation-forms.ts';
import { operationsFor } from '../packages/server/src/http/admin/index.ts';
import { describeApi } from '../packages/server/src/http/admin/openapi.ts';

/** The parts of JSON Schema that the description has. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Described>>>>;

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

const member = (name: string, isRequired: boolean, type: string): string =>
  `${/^[a-zA-Z]\w*$/.test(name) ? name : JSON.stringify(name)}${isRequired ? '' : '?'}: ${type}`;

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return refOf(schema.$ref);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return union.map((one) => `(${typeOf(one)})`).join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((one) => `(${typeOf(one)})`).join(' & ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => `(${typeOf({ ...schema, type })})`).join(' | ');
  if (schema.type === 'array') return `(${typeOf(schema.items ?? {})})[]`;
  if (schema.type === 'object') return objectOf(schema);
  return PRIMITIVES[String(schema.type)] ?? 'unknown';
}

/** A schema that refers to a part of itself is any value. */
function refOf(ref: string): string {
  const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(ref) ?? [];
  return name === undefined ? 'unknown' : `components["schemas"]["${name}"]`;
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): string {
  const members = Object.entries(properties).map(([name, one]) => member(name, required.includes(name), typeOf(one)));
  const known = `{ ${members.join('; ')} }`;
  if (additionalProperties === undefined || additionalProperties === false) return known;
  const others = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  const open = `{ [name: string]: ${others} }`;
  return members.length === 0 ? open : `${known} & ${open}`;
}

function parametersOf(parameters: readonly Parameter[]): string {
  const groups = ['query', 'path', 'header'].map((place) => {
    const own = parameters.filter((one) => one.in === place);
    if (own.length === 0) return `${place}?: never`;
    const members = own.map(({ name, required, schema }) => member(name, required, typeOf(schema)));
    return `${place}${own.some(({ required }) => required) ? '' : '?'}: { ${members.join('; ')} }`;
  });
  return `{ ${groups.join('; ')}; cookie?: never }`;
}

const contentOf = (content: Content | undefined): string =>
  content === undefined
    ? 'content?: never'
    : `content: { ${Object.entries(content).map(([type, { schema }]) => `"${type}": ${typeOf(schema)}`)} }`;

function operationOf({ parameters = [], requestBody, responses }: Described): string {
  const body = requestBody === undefined ? 'requestBody?: never' : `requestBody: { ${contentOf(requestBody.content)} }`;
  const answers = Object.entries(responses).map(
    ([status, { content }]) => `    ${status}: { headers: { [name: string]: unknown }; ${contentOf(content)} };`,
  );
  return `{\n   parameters: ${parametersOf(parameters)};\n   ${body};\n   responses: {\n${answers.join('\n')}\n   };\n  }`;
}

/** Operations whose answer has a body, by id. */
const answersOf = (paths: Paths): readonly string[] =>
  Object.values(paths)
    .flatMap((one) => Object.values(one))
    .flatMap(({ operationId, responses }) => {
      const [schema] = Object.entries(responses).flatMap(([status, { content }]) =>
        status.startsWith('2') ? (content?.['application/json']?.schema ?? []) : [],
      );
      return schema === undefined ? [] : [`  "${operationId}": ${typeOf(schema)};`];
    });

export function adminApiTypes(): string {
  const api = describeApi(operationsFor(operationForms), 'https://login.example');
  const { paths, components } = api as unknown as {
    readonly paths: Paths;
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  const operations = Object.entries(paths).map(([path, methods]) => {
    const all = Object.entries(methods).map(([method, one]) => `  ${method}: ${operationOf(one)};`);
    return ` "${path}": {\n${all.join('\n')}\n };`;
  });
  const schemas = Object.entries(components.schemas).map(([name, one]) => `  ${name}: ${typeOf(one)};`);
  return `// The types of the admin API. Made from its OpenAPI description by scripts/generate-docs.ts.
export interface components {
 schemas: {
${schemas.join('\n')}
 };
 /** The body of the answer, by operation. */
 answers: {
${answersOf(paths).join('\n')}
 };
}

export interface paths {
${operations.join('\n')}
}
`;
}
