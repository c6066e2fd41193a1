// Describes the faults of a value in the terms of its schema: the value, the expectation, and an example.
import type { z } from 'zod';
import {
  alternativeOf,
  choose,
  type Expectation,
  expectationOf,
  isObject,
  isOptional,
  isWorded,
  type Keys,
  keysOf,
  meantBy,
  type Root,
  schemaAt,
  stripped,
  valueAtPath,
  type ZodSchema,
} from './expectation.ts';
import { didYouMean, nearest } from './nearest.ts';

type Issue = z.core.$ZodIssue;

export interface FormFault {
  readonly path: Keys;
  /** The subject of the message: the key at the end of the path, or its value. A hidden key may hold a secret: do not show it. */
  readonly about: 'key' | 'hidden key' | 'value';
  readonly message: string;
  /** For an unknown key: the path of the intended key, if it is clear. */
  readonly meant?: Keys | undefined;
}

/** @param issues from `schema.safeParse(value)` @returns one fault for each cause */
export function wordIssues(schema: z.ZodType, value: unknown, issues: readonly Issue[]): readonly FormFault[] {
  const root: Root = { schema: schema as unknown as ZodSchema, value, at: [] };
  const faults = issues.flatMap((issue) => wordIssue(issue, root));
  const meant = new Set(faults.flatMap((fault) => (fault.meant === undefined ? [] : [JSON.stringify(fault.meant)])));
  // A misspelled key leaves the intended key missing, or its section empty. That is the same cause.
  return faults.filter(({ path, about }) => about !== 'value' || !meant.has(JSON.stringify(path)));
}

function wordIssue(issue: Issue, root: Root): readonly FormFault[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => wordUnknownKey(key, issue.path, root));
  const path = [...root.at, ...issue.path];
  const { schema, secret } = schemaAt(root, issue.path);
  const value = valueAtPath(root.value, issue.path);
  if (issue.code === 'invalid_union' && schema !== undefined && value !== undefined) {
    const meant = alternative(issue, schema, value);
    if (meant !== undefined) {
      const inner: Root = { schema: meant.schema, value, at: path, secret };
      return meant.issues.flatMap((one) => wordIssue(one, inner));
    }
  }
  if (issue.code === 'invalid_key') {
    const record = schemaAt(root, issue.path.slice(0, -1)).schema;
    return [{ path, about: 'key', message: wordKey(issue.path.at(-1), record) }];
  }
  if (value === null && schema !== undefined && isOptional(schema))
    return [
      { path, about: 'value', message: `has no value. Write ${writeOf(expectationOf(schema))}, or remove the key.` },
    ];
  const expected = choicesOf(issue) ?? (schema && { ...expectationOf(schema), ...(secret && { secret }) });
  const message =
    issue.code === 'custom' && issue.message !== NO_MESSAGE ? issue.message : wordValue(value, expected, issue);
  return [{ path, about: 'value', message }];
}

/** The values that distinguish the alternatives of a union. */
const choicesOf = (issue: Issue): Expectation | undefined =>
  'options' in issue && Array.isArray(issue.options)
    ? choose(issue.options.filter((option) => option !== undefined).map(String))
    : undefined;

function wordKey(key: PropertyKey | undefined, record: ZodSchema | undefined): string {
  const { def } = record === undefined ? { def: undefined } : stripped(record)._zod;
  const expected = def?.type === 'record' ? expectationOf(def.keyType as ZodSchema) : undefined;
  return `the key ${show(key)} is not ${expected?.what ?? 'known'}.${writing(expected)}`;
}

/** The message of a refinement without one: the expectation of its schema is used instead. */
const NO_MESSAGE = 'Invalid input';

function wordUnknownKey(key: string, holder: Keys, root: Root): FormFault {
  const path = [...root.at, ...holder, key];
  const written = valueAtPath(root.value, holder);
  const { schema, secret } = schemaAt(root, holder);
  const known = keysOf(meantBy(schema, written));
  const open = known.filter((name) => !(isObject(written) && Object.hasOwn(written, name)));
  // Without a blank after the colon, the value is a part of the key, and may be a secret.
  if (/[:@]/.test(key)) {
    const [meant] = key.split(/[:@]/, 1);
    const holding = known.find((name) => name === meant);
    const message = 'unknown key, which holds its value. Write a space after the colon.';
    return {
      path,
      about: 'hidden key',
      message,
      meant: holding === undefined ? undefined : [...root.at, ...holder, holding],
    };
  }
  const near = nearest(key, open);
  if (near !== undefined)
    return { path, about: 'key', message: `unknown key. Did you mean ${near}?`, meant: [...root.at, ...holder, near] };
  const twin = nearest(key, known);
  if (twin !== undefined)
    return {
      path,
      about: 'key',
      message: `unknown key. Did you mean ${twin}, which stands here too? Remove one of them.`,
    };
  // A key that is beside its section instead of below it leaves the section without a value.
  const home = known.find(
    (name) =>
      isObject(written) && written[name] === null && keysOf(schemaAt(root, [...holder, name]).schema).includes(key),
  );
  if (home !== undefined)
    return {
      path,
      about: 'key',
      message: `unknown key. Indent it below ${home}, whose key it is.`,
      meant: [...root.at, ...holder, home],
    };
  const here = known.length === 0 ? '' : ` Known here: ${known.join(', ')}.`;
  return { path, about: secret ? 'hidden key' : 'key', message: `unknown key.${here}` };
}

function wordValue(value: unknown, expected: Expectation | undefined, issue: Issue): string {
  if (value === undefined) return `is missing.${writing(expected)}`;
  if (value === null) return `has no value.${writing(expected)}`;
  if (issue.code === 'too_small' && issue.origin === 'array')
    return `is an empty list.${writing(expected, 'at least one entry')}`;
  if (issue.code === 'too_small' && value === '') return `is an empty text.${writing(expected)}`;
  if (issue.code === 'too_big' && issue.origin === 'string') return `is longer than ${issue.maximum} characters.`;
  const { what = 'a value that is known here', secret } = expected ?? {};
  const shown = secret || isContainer(what) ? kindOf(value) : show(value);
  return `${shown} is not ${what}.${advice(value, expected)}`;
}

/** If keys or entries are expected, the kind of the value is more useful than the value. */
const isContainer = (what: string): boolean => what === 'a map';

function advice(value: unknown, expected: Expectation | undefined): string {
  const { what = '', choices = [], secret } = expected ?? {};
  if (choices.length > 0 && typeof value === 'string') return didYouMean(value, choices);
  if (what === 'a text' && typeof value === 'number') return ` Write it in quotes${secret ? '' : `: "${value}"`}.`;
  if (what === 'a list' && typeof value === 'string' && /^-\S/.test(value)) return ' Write a space after each "-".';
  if (what === 'a list' && !secret && (typeof value === 'string' || typeof value === 'number'))
    return typeof value === 'string' && isUrlWithUser(value)
      ? ' Write it in [ and ].'
      : ` Write [${entriesOf(value)}].`;
  if (typeof value === 'string' && what === 'a map' && /^\w+:\S/.test(value)) return ' Write a space after the colon.';
  if (what === 'true or false' && typeof value === 'string' && Object.hasOwn(BOOLEANS, value.toLowerCase()))
    return ` Write ${BOOLEANS[value.toLowerCase()]}.`;
  if (what.startsWith('a whole number') && typeof value === 'string' && /^\d+$/.test(value))
    return ` Write it without quotes: ${value}.`;
  return expected?.write === undefined ? '' : writing(expected);
}

/** Blanks or commas divide entries in other formats. */
const entriesOf = (value: string | number): string =>
  String(value)
    .trim()
    .split(/[\s,]+/)
    .join(', ');

const writing = (expected: Expectation | undefined, otherwise?: string): string => {
  const write = expected === undefined ? otherwise : writeOf(expected);
  return write === undefined || write === '' ? '' : ` Write ${write}.`;
};

const writeOf = ({ what, write = what }: Expectation): string => write;

/** Words of older versions of YAML. */
const BOOLEANS: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false };

const kindOf = (value: unknown): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return (
    { string: 'a text', number: 'a number', boolean: `${value}`, object: mapWords(value) }[typeof value as string] ??
    'this'
  );
};

/** Mentions the number of keys, which may be the fault. */
function mapWords(value: unknown): string {
  const count = Object.keys(value ?? {}).length;
  return count < 2 ? 'a map' : `a map with ${count} keys`;
}

/** A URL with a user name may hold a password, too. */
const isUrlWithUser = (text: string): boolean => /:.*@/s.test(text);

/** The text of a URL in a message. */
export const showUrl = (text: string): string => (isUrlWithUser(text) ? 'the URL' : JSON.stringify(text));

const MAX_SHOWN = 60;

function show(value: unknown): string {
  if (typeof value === 'string' && isUrlWithUser(value)) return 'the URL';
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
  return typeof value === 'number' ? String(value) : kindOf(value);
}

interface Alternative {
  readonly schema: ZodSchema;
  readonly issues: readonly Issue[];
}

/** The intended alternative of a union, with its issues; undefined if the expectation of the union is more useful. */
function alternative(issue: z.core.$ZodIssueInvalidUnion, schema: ZodSchema, value: unknown): Alternative | undefined {
  const union = stripped(schema);
  const { def } = union._zod;
  if (def.type !== 'union') return undefined;
  const options = def.options as readonly ZodSchema[];
  const index = alternativeOf(options, value);
  const [meant, issues = []] = [options[index], issue.errors[index]];
  if (meant === undefined || issues.length === 0) return undefined;
  if (isWorded(schema)) return isObject(value) ? memberOf(union, { schema: meant, issues }, value) : undefined;
  if (isObject(value) || Array.isArray(value) || stripped(meant)._zod.def.type === 'union')
    return { schema: meant, issues };
  // For a scalar, the union is more useful than one alternative, unless only that alternative refuses the value.
  const refined = issues.filter(({ code }) => code !== 'invalid_type' && code !== 'invalid_value');
  return refined.length === 0 ? undefined : { schema: meant, issues: refined };
}

/** For a union with a stated expectation: the fault below the value's only key, or the key that was intended. */
function memberOf(union: ZodSchema, { schema, issues }: Alternative, value: object): Alternative | undefined {
  const [key, ...others] = Object.keys(value);
  if (key === undefined || others.length > 0) return undefined;
  if (keysOf(schema).includes(key)) return { schema, issues };
  const unknown = issues.filter(({ code }) => code === 'unrecognized_keys');
  return nearest(key, keysOf(union)) === undefined ? undefined : { schema: union, issues: unknown };
}
