// Reads YAML with `${NAME}` and `${NAME:-default}` from the environment, and knows the line and column of each value.
import { isDeepStrictEqual } from 'node:util';
import { isMap, isPair, isScalar, isSeq } from 'yaml';
import { parseJsonFile } from '../primitives/strict-json.ts';
import { asSentence, type Complain, type Fault, formatPath, isAboutPeople, type Path, type Position } from './fault.ts';
import type { ConstantPart, ParsedParts } from './parsed-parts.ts';
import { documentValue, MERGE_KEY, openDocument } from './yaml-document.ts';
import { divide, type TextPart, wholeOf } from './yaml-parts.ts';
import { createPlaces, type Places } from './yaml-places.ts';
import { readPlain } from './yaml-plain.ts';
import { describeSyntaxError } from './yaml-syntax.ts';
import type { YamlVariables } from './yaml-variables.ts';

export interface YamlFile {
  /** Undefined if the text cannot be read at all. */
  readonly value: unknown;
  readonly faults: Fault[];
  /** The paths of unknown values: of an unset variable, a number that would be rounded, a duplicate key. */
  readonly unknown: readonly Path[];
  /** Adds a fault at the place of the path, or at the nearest that exists. */
  readonly complain: Complain;
  /** @returns the line of the path, or of the nearest that exists */
  readonly lineOf: (path: Path) => number;
}

interface Reading {
  /** Why a variable may not be read; undefined if it may. */
  readonly forbidden?: (variable: string) => string | undefined;
  /** Parts of texts that were parsed before. */
  readonly parsed?: ParsedParts | undefined;
}

export function readYaml(
  text: string,
  environment: NodeJS.ProcessEnv,
  { forbidden = () => undefined, parsed }: Reading = {},
): YamlFile {
  const variables = { environment, forbidden };
  // JSON needs no YAML parser, and is read much faster without it.
  const json = text.includes('${') ? undefined : parseJsonFile(text);
  if (json !== undefined) return fileOf(json, placesIn(text, [wholeOf(text)], variables));
  const parts = divide(text);
  const divided = parts && readParts(parts, variables, parsed);
  return parts === undefined || divided === undefined
    ? readWhole(text, variables)
    : fileOf(divided.value, placesIn(text, parts, variables));
}

const placesIn = (text: string, parts: readonly TextPart[], variables: YamlVariables): Places =>
  createPlaces(text, parts, (part) => openDocument(part.text, variables).document);

/** @returns undefined if a part has a fault: the whole text is read for it, because parts may depend on each other */
function readParts(
  parts: readonly TextPart[],
  variables: YamlVariables,
  parsed: ParsedParts | undefined,
): { readonly value: unknown } | undefined {
  const sections = new Map<string | number, unknown>();
  for (const part of parts) {
    const read = parsed?.find(part.text) ?? readPart(part, variables);
    if (read === undefined) return undefined;
    // An escape can hide `${` in the text: only the substitution knows.
    if (read.dependsOn === 'text') parsed?.keep(part.text, read);
    const [section = '', index] = part.path;
    const list = sections.get(section);
    if (index === undefined) sections.set(section, read.value);
    else if (Array.isArray(list)) list.push(read.value);
    else sections.set(section, [read.value]);
  }
  return { value: Object.fromEntries(sections) };
}

type PartValue = ConstantPart | { readonly value: unknown; readonly dependsOn: 'environment' };

function readPart(part: TextPart, variables: YamlVariables): PartValue | undefined {
  const plain = readPlain(part.text);
  if (plain === undefined) return parsePart(part, variables);
  return { value: Object.values(plain.value)[0], dependsOn: 'text' };
}

function parsePart({ path, text }: TextPart, variables: YamlVariables): PartValue | undefined {
  const { document, syntax, problems, dependsOn } = openDocument(text, variables);
  if (syntax !== undefined || problems.length > 0) return undefined;
  const { contents } = document;
  if (!(isMap(contents) || isSeq(contents)) || contents.items.length !== 1) return undefined;
  const value = documentValue(document)?.value;
  if (value === undefined) return undefined;
  const [item] = contents.items;
  const [section, index] = path;
  if (index !== undefined) return Array.isArray(value) ? { value: value[0], dependsOn } : undefined;
  const isSection = isPair(item) && isScalar(item.key) && item.key.value === section;
  return isSection ? { value: Object.values(value as object)[0], dependsOn } : undefined;
}

function readWhole(text: string, variables: YamlVariables): YamlFile {
  const { document, syntax, problems } = openDocument(text, variables);
  const places = placesIn(text, [wholeOf(text)], variables);
  if (syntax !== undefined) {
    const { offset, message } = describeSyntaxError(syntax, text);
    const faults = [faultAt(places.at(offset), [], message, undefined)];
    return { value: undefined, faults, unknown: [], complain: () => undefined, lineOf: () => 1 };
  }
  const read = documentValue(document);
  // A file without a key is an empty map.
  const value = read && (read.value ?? {});
  const faults = problems.map(({ offset, path, message }) => faultAt(places.at(offset), path, message, value));
  if (read === undefined) faults.unshift(faultAt(places.at(0), [], TOO_MANY_ALIASES, undefined));
  return fileOf(
    value,
    places,
    faults,
    problems.map(({ path }) => path),
  );
}

const TOO_MANY_ALIASES = 'aliases (*name) stand for more than a file may hold. Write the values themselves.';

function fileOf(value: unknown, places: Places, faults: Fault[] = [], unknown: readonly Path[] = []): YamlFile {
  const said = new Set<string>();
  return {
    value,
    faults,
    unknown,
    complain: (path, message, severity = 'fault', about = 'value') => {
      // The value of an unset variable is unknown, not wrong.
      if (unknown.some((one) => isDeepStrictEqual(one, path) || mayMerge(one, path, value))) return;
      // A value that an alias repeats has its fault where it is written.
      if (said.has(message) && places.isAlias(path)) return;
      said.add(message);
      const shown = about === 'hidden key' ? path.slice(0, -1) : path;
      faults.push(faultAt(places.find(path, about), shown, message, value, severity));
    },
    lineOf: (path) => places.find(path).line,
  };
}

/** Is a key absent from the map that the merge key was meant to fill? */
const mayMerge = (merging: Path, path: Path, value: unknown): boolean =>
  merging.at(-1) === MERGE_KEY &&
  isDeepStrictEqual(path.slice(0, -1), merging.slice(0, -1)) &&
  !path.reduce<unknown>((within, key) => (within as Record<Path[number], unknown> | undefined)?.[key], value);

/** @param value of the file */
const faultAt = (
  place: Position,
  path: Path,
  message: string,
  value: unknown,
  severity: Fault['severity'] = 'fault',
): Fault => ({
  severity,
  ...place,
  path: formatPath(path, value),
  message: asSentence(message),
  ...(isAboutPeople(path) && { withoutPeople: formatPath(path) }),
});
