// Reads the main file and the files that it includes as one: their entries are appended to the lists of the main file. Each fault
// names the file that it is about.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isObject } from '../primitives/expectation.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { decodeFile } from './decode.ts';
import { type Complain, type Fault, faultOfFile, formatPath, type Path } from './fault.ts';
import { listIncluded, readIncluded } from './include.ts';
import type { Inputs } from './inputs.ts';
import { type ConfigurationText, foreignVariable, type Origin } from './origin.ts';
import { type FileLimits, INCLUDED_SECTIONS, type IncludeSource, include } from './schema-include.ts';
import { readYaml, type YamlFile } from './yaml.ts';

export interface ReadFiles extends Omit<YamlFile, 'lineOf'> {
  readonly files: readonly ConfigurationText[];
  readonly originOf: (path: Path) => Origin;
  readonly placeOf: (path: Path) => string;
  /** `partly`: a file could not be used, so entries may be missing that others name. */
  readonly extent: 'whole' | 'partly';
}

interface Around {
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly inputs: Inputs;
  /** For a reading without some of the included files: their names, each with its faults. Files that cannot be read are added. */
  readonly leftOut?: Map<string, readonly Fault[]> | undefined;
}

type Section = (typeof INCLUDED_SECTIONS)[number];
/** With limits it cannot have issuers, which vouch for people. */
const LIMITED_SECTIONS = INCLUDED_SECTIONS.filter((section) => section !== 'issuers');

/** Files that a configuration may include. */
const MAX_FILES = 1000;
/** Entries of each section, and tests, in all files of an entry of `include` with limits: all requests wait while they are checked. */
const MAX_LIMITED_ENTRIES = 1000;
/** Bytes of all files of an entry of `include` with limits. */
const MAX_LIMITED_BYTES = 1_048_576;

/** A file, and where its entries begin in the merged lists. */
interface Part {
  readonly text: string;
  readonly yaml: YamlFile;
  readonly origin: Origin;
  readonly lists: Readonly<Partial<Record<Section, readonly unknown[]>>>;
}

export function readFiles(text: string, around: Around): ReadFiles {
  const yaml = readYaml(text, around.environment, { parsed: around.inputs.parsed });
  const value = isObject(yaml.value) ? (yaml.value as Readonly<Record<string, unknown>>) : undefined;
  const lists = Object.fromEntries(
    INCLUDED_SECTIONS.flatMap((section) => (Array.isArray(value?.[section]) ? [[section, value[section]]] : [])),
  );
  const origin = { file: around.file, folder: dirname(resolve(around.file)), include: undefined, limits: undefined };
  const main: Part = { text, yaml, origin, lists };
  if (value?.include === undefined) return joined([main], yaml.value, 'whole');
  const { data: entries = [], success } = include.safeParse(value.include);
  const isKnown = success && !yaml.unknown.some(([section]) => section === 'include');
  if (!isKnown) return joined([main], value, 'partly');
  const before = yaml.faults.length;
  const parts = [main, ...readParts(entries, Array.isArray(value.include) ? 'list' : 'single', main, around)];
  const merged = { ...value, ...mergeLists(parts, value) };
  const isWhole = ![...yaml.faults.slice(before), ...parts.slice(1).flatMap((part) => part.yaml.faults)].some(
    ({ severity }) => severity === 'fault',
  );
  return joined(parts, merged, isWhole ? 'whole' : 'partly');
}

/** A section of the main file that is not a list is left as it is, and reported later. */
const mergeLists = (parts: readonly Part[], main: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    INCLUDED_SECTIONS.flatMap((section) => {
      if (Object.hasOwn(main, section) && !Array.isArray(main[section])) return [];
      const all = parts.flatMap(({ lists }) => lists[section] ?? []);
      return all.length > 0 ? [[section, all]] : [];
    }),
  );

/** @param form `single`: one entry is written without a list */
function readParts(
  entries: readonly IncludeSource[],
  form: 'list' | 'single',
  main: Part,
  around: Around,
): readonly Part[] {
  const { folder } = main.origin;
  const seen = new Map([[realPathOf(around.file, around.inputs), 'the main file']]);
  let count = 0;
  return entries.flatMap((entry, index) => {
    const place: Path = form === 'list' ? ['include', index] : ['include'];
    const at: Path = [...place, ...(typeof entry === 'string' ? [] : ['path'])];
    const pattern = typeof entry === 'string' ? entry : entry.path;
    const limits = typeof entry === 'string' ? undefined : entry;
    const files = listIncluded(pattern, folder, around.inputs);
    const tooMuch = limits === undefined ? () => undefined : createSizeCheck();
    if (files.length === 0) main.yaml.complain(at, `no file matches ${pattern}. Add one, or remove this.`, 'warning');
    return files.flatMap((name) => {
      const complain = (message: string): readonly Part[] => {
        main.yaml.complain(at, message);
        return [];
      };
      if (++count > MAX_FILES)
        return count === MAX_FILES + 1 ? complain(`there are more than ${MAX_FILES} files. Join some of them.`) : [];
      const path = resolve(folder, name);
      const by = { path: resolve(folder, pattern), name: formatPath(place) };
      const isSecond = seen.has(realPathOf(path, around.inputs));
      const bytes = readIncluded(path, { entry: by, limits, inputs: around.inputs, seen });
      const shown = isAbsolute(name) ? name : join(dirname(around.file), name);
      const part =
        typeof bytes === 'string'
          ? bytes
          : (tooMuch({ bytes: bytes.length }) ??
            readPart(bytes, { file: shown, folder: dirname(path), include: index, limits }, around));
      const problem = typeof part === 'string' ? part : tooMuch(countEntries(part));
      if (problem !== undefined && !isSecond) around.leftOut?.set(shown, [{ ...faultOfFile(problem), file: shown }]);
      if (around.leftOut?.has(shown)) return [];
      if (problem !== undefined) return complain(problem === bytes ? problem : `${shown}: ${problem}`);
      return typeof part === 'string' ? [] : [part];
    });
  });
}

const countEntries = ({ lists }: Part): Readonly<Record<string, number>> => ({
  ...Object.fromEntries(Object.entries(lists).map(([section, list]) => [section, list.length])),
  tests: (lists.rules ?? []).reduce<number>(
    (sum, rule) => sum + (isObject(rule) && Array.isArray(rule.tests) ? rule.tests.length : 0),
    0,
  ),
});

/** @returns a function that adds what another file has, and says what is too much for one entry of `include` */
function createSizeCheck(): (counts: Readonly<Record<string, number>>) => string | undefined {
  const sums = new Map<string, number>();
  return (counts) => {
    for (const [what, count] of Object.entries(counts)) {
      const sum = (sums.get(what) ?? 0) + count;
      sums.set(what, sum);
      const most = what === 'bytes' ? MAX_LIMITED_BYTES : MAX_LIMITED_ENTRIES;
      if (sum > most)
        return `with this file, the files of this entry have ${sum} ${what}, and may have ${most}. Remove some, give the others an entry of their own, or include them without limits.`;
    }
    return undefined;
  };
}

function readPart(bytes: Buffer, origin: Origin, { environment, inputs: { parsed } }: Around): Part {
  const text = decodeFile(bytes);
  if (typeof text !== 'string') {
    const yaml = { ...readYaml('', {}), faults: [text] };
    return { text: '', yaml, origin, lists: {} };
  }
  const { limits } = origin;
  const yaml =
    limits === undefined
      ? readYaml(text, environment, { parsed })
      : readYaml(text, variablesWithin(limits, environment), {
          parsed,
          forbidden: (name) => (matchesAny(limits.variables, name) ? undefined : foreignVariable(name)),
        });
  const lists = yaml.value === undefined ? {} : listsOf(yaml, limits);
  return { text, yaml, origin, lists };
}

const variablesWithin = ({ variables }: FileLimits, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => matchesAny(variables, name)));

const EMPTY =
  'an included file has sections, such as rules, and this is empty. Write rules: [] if it has no entry, or remove the file.';

/** Returns the lists of an included file, and reports all else that it has. */
function listsOf({ value, complain }: YamlFile, limits: FileLimits | undefined): Part['lists'] {
  if (!isObject(value)) {
    complain(
      [],
      'an included file has sections, such as rules, and this is none. Write rules: and its entries below it.',
    );
    return {};
  }
  // A file that is being written is empty for a moment: its rules that deny must stay in force.
  if (Object.keys(value).length === 0) complain([], EMPTY);
  const allowed: readonly string[] = limits === undefined ? INCLUDED_SECTIONS : LIMITED_SECTIONS;
  const lists: Record<string, readonly unknown[]> = {};
  for (const [key, list] of Object.entries(value)) {
    if (!allowed.includes(key)) complain([key], unknownSection(key, allowed, limits), 'fault', keyOrHidden(key));
    else if (Array.isArray(list)) lists[key] = list;
    else complain([key], 'is not a list. Begin each entry with "- ".');
  }
  return lists;
}

/** Without a blank after its colon, a key holds its value, which may be a secret. */
const keyOrHidden = (key: string): 'key' | 'hidden key' => (/[:@]/.test(key) ? 'hidden key' : 'key');

function unknownSection(key: string, allowed: readonly string[], limits: FileLimits | undefined): string {
  if (/[:@]/.test(key)) return 'unknown key, which holds its value. Write a space after the colon.';
  if (key === 'include') return 'an included file cannot include others. List them in the main file.';
  const which = limits === undefined ? 'an included file' : 'an included file with limits';
  return `${which} has only ${allowed.slice(0, -1).join(', ')} and ${allowed.at(-1)}.${didYouMean(key, allowed) || ' Write it in the main file.'}`;
}

function realPathOf(file: string, { tree }: Inputs): string {
  try {
    return tree.realPathOf(file);
  } catch {
    return resolve(file);
  }
}

/** A path of the merged value, in the file that it stands in. */
interface Located {
  readonly part: Part;
  readonly path: Path;
}

function joined(parts: readonly Part[], value: unknown, extent: ReadFiles['extent']): ReadFiles {
  const [main] = parts as [Part];
  const { faults } = main.yaml;
  const take = (part: Part): void => {
    if (part !== main)
      faults.push(...part.yaml.faults.splice(0).map((fault) => ({ ...fault, file: part.origin.file })));
  };
  for (const part of parts) take(part);
  const locate = createLocator(parts);
  const complain: Complain = (path, ...about) => {
    const { part, path: own } = locate(path);
    part.yaml.complain(own, ...about);
    take(part);
  };
  return {
    value,
    faults,
    unknown: parts.flatMap((part) => part.yaml.unknown.map((path) => pathInWhole(path, part, parts))),
    complain,
    files: parts.map(({ origin, text }) => ({ path: origin.file, text })),
    originOf: (path) => locate(path).part.origin,
    placeOf: (path) => {
      const { part, path: own } = locate(path);
      return `${part.origin.file}:${part.yaml.lineOf(own)}`;
    },
    extent,
  };
}

const isSection = (key: unknown): key is Section => INCLUDED_SECTIONS.includes(key as Section);

function createLocator(parts: readonly Part[]): (path: Path) => Located {
  const [main] = parts as [Part];
  return (path) => {
    const [section, index, ...rest] = path;
    if (!isSection(section) || typeof index !== 'number') return { part: main, path };
    let start = 0;
    for (const part of parts) {
      const length = part.lists[section]?.length ?? 0;
      if (index < start + length) return { part, path: [section, index - start, ...rest] };
      start += length;
    }
    return { part: main, path };
  };
}

function pathInWhole(path: Path, part: Part, parts: readonly Part[]): Path {
  const [section, index, ...rest] = path;
  if (!isSection(section) || typeof index !== 'number') return path;
  const before = parts.slice(0, parts.indexOf(part)).flatMap(({ lists }) => lists[section] ?? []);
  return [section, before.length + index, ...rest];
}
