// Reads YAML with `${NAME}` and `${NAME:-default}` from the environment, and knows the line and column of each value.
import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { isExactNumber, type JsonObject, parseJsonFile } from '../primitives/strict-json.ts';
import { asSentence, type Complain, type Fault, formatPath, isAboutPeople, type Path, type Position } from './fault.ts';
import { describeSyntaxError } from './yaml-syntax.ts';
import { substitute, type YamlVariables } from './yaml-variables.ts';

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

/** @param forbidden why a variable may not be read; undefined if it may */
export function readYaml(
  text: string,
  environment: NodeJS.ProcessEnv,
  forbidden: (variable: string) => string | undefined = () => undefined,
): YamlFile {
  const json = text.includes('${') ? undefined : parseJsonFile(text);
  return json === undefined ? readDocument(text, { environment, forbidden }) : readJson(text, json);
}

/** JSON needs no YAML parser, and is read much faster without it. Line numbers need the YAML parser; it runs only when a fault is reported. */
function readJson(text: string, value: JsonObject): YamlFile {
  const faults: Fault[] = [];
  let document: YamlFile | undefined;
  const open = (): YamlFile => {
    document ??= readDocument(text, { environment: {}, forbidden: () => undefined });
    return document;
  };
  return {
    value,
    faults,
    unknown: [],
    complain: (...fault) => {
      open().complain(...fault);
      faults.push(...open().faults.splice(0));
    },
    lineOf: (path) => open().lineOf(path),
  };
}

function readDocument(text: string, variables: YamlVariables): YamlFile {
  const lines = new LineCounter();
  // The parser compares each key with all others; `keysTwice` finds the same in one pass.
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error', uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  const faults: Fault[] = [];
  const unknown: Path[] = [];
  let value: unknown;
  const add = (offset: number, path: Path, message: string, severity: Fault['severity'] = 'fault'): void => {
    const { line, col } = lines.linePos(offset);
    faults.push({
      severity,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: formatPath(path, value),
      message: asSentence(message),
      ...(isAboutPeople(path) && { withoutPeople: formatPath(path) }),
    });
  };
  // The first syntax error causes those after it.
  const [syntax] = [...document.errors, ...document.warnings];
  if (syntax !== undefined) {
    const { offset, message } = describeSyntaxError(syntax, text);
    add(offset, [], message);
    return { value: undefined, faults, unknown, complain: () => undefined, lineOf: () => 1 };
  }
  const pairsOf = createPairIndex();
  const problems = findProblems(document, variables);
  value = readValue(document, (message) => add(0, [], message));
  for (const { offset, path, message } of problems) {
    unknown.push(path);
    add(offset, path, message);
  }
  return {
    value,
    faults,
    unknown,
    complain: (path, message, severity = 'fault', about = 'value') => {
      const isHidden = about === 'hidden key';
      const { node, key, offset } = locate(document.contents, path, pairsOf);
      // The value of an unset variable is unknown, not wrong.
      if (unknown.some((one) => isDeepStrictEqual(one, path))) return;
      const place =
        typeof about === 'object'
          ? offsetWithin(text, node, about)
          : about === 'key' || isHidden
            ? (key ?? offset)
            : offset;
      add(place, isHidden ? path.slice(0, -1) : path, message, severity);
    },
    lineOf: (path) => Math.max(1, lines.linePos(locate(document.contents, path, pairsOf).offset).line),
  };
}

/** @returns undefined if aliases expand the text beyond the limit */
function readValue(document: Document, complain: (message: string) => void): unknown {
  try {
    // A file without a key is an empty map.
    return document.toJS() ?? {};
  } catch (error) {
    // Nested aliases could expand a page of text to gigabytes.
    if (!(error instanceof ReferenceError)) throw error;
    complain('aliases (*name) stand for more than a file may hold. Write the values themselves.');
    return undefined;
  }
}

/** The name is not shown: it may be a secret that begins with *. */
const UNKNOWN_ALIAS =
  'a value that begins with * stands for a value with & and the same name before it, and there is none. For the text, write it in quotes.';

/** Without a blank after its colon, a key holds its value, which may be a secret. */
const namesOf = (key: string): readonly string[] => (/[:@]/.test(key) ? [] : [key]);

interface Problem {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

/** Substitutes variables. @returns the faults of single values and keys */
function findProblems(document: Document, { environment, forbidden }: YamlVariables): readonly Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string | undefined>();
  const add = (node: unknown, path: Path, message: string): void =>
    void problems.push({ offset: rangeOf(node) ?? 0, path, message });
  visit(document, {
    Map: (_, map, ancestors) => {
      anchors.add(map.anchor);
      for (const [name, key] of keysTwice(map))
        add(
          key,
          [...pathOf([...ancestors, map]), ...namesOf(name)],
          'this key stands twice in one map. Remove one of them.',
        );
    },
    Seq: (_, { anchor }) => void anchors.add(anchor),
    Alias: (_, alias, ancestors) => {
      if (anchors.has(alias.source)) return undefined;
      const message = UNKNOWN_ALIAS;
      add(alias, pathOf([...ancestors, alias]), message);
      return new Scalar(null);
    },
    Scalar: (key, node, ancestors) => {
      anchors.add(node.anchor);
      const missing = key === 'key' ? undefined : substitute(node, environment);
      if (missing === undefined && !isRounded(node)) return;
      const path = pathOf([...ancestors, node]);
      if (isRounded(node)) add(node, path, ROUNDED);
      if (missing !== undefined)
        add(
          node,
          path,
          forbidden(missing) ??
            `the environment variable ${missing} is not set. Set it, or write a default: \${${missing}:-VALUE}.`,
        );
    },
  });
  return problems;
}

/** The keys of a map that stand there more than once, each with its later occurrence. */
function keysTwice({ items }: YAMLMap): readonly (readonly [string, unknown])[] {
  const seen = new Set<string>();
  return items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : undefined;
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    return [[name, key] as const];
  });
}

/** @param nodes from the root to a value, each within the one before */
function pathOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, index): Path => {
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : ''];
    const before = nodes[index - 1];
    return isSeq(before) ? [before.items.indexOf(node)] : [];
  });
}

const ROUNDED = 'this number would be rounded. Write it in quotes, or with 15 digits at most.';

/** Would the number be rounded to another one? */
function isRounded({ value, source = '' }: Scalar): boolean {
  if (typeof value !== 'number') return false;
  return /^0[xo]/.test(source) ? !Number.isSafeInteger(value) : !isExactNumber(source);
}

/** Finds the offset in the file of a position in a scalar's text, considering quotes, escapes, indentation and folds. */
function offsetWithin(text: string, node: unknown, { line, column }: Position): number {
  const [start = 0, end = start] = (isScalar(node) && node.range) || [];
  if (!isScalar(node) || typeof node.value !== 'string') return start;
  const value = node.value;
  const before = value
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, one) => sum + one.length + 1, 0);
  const wanted = before + column - 1;
  // A block scalar begins on the line after its header.
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  let offset = isBlock ? text.indexOf('\n', start) + 1 : start + (node.type === 'PLAIN' ? 0 : 1);
  for (let index = 0; index < value.length; index++) {
    const char = value[index] ?? '';
    if (/\s/.test(char)) continue;
    while (offset < end && text[offset] !== char) offset++;
    if (index >= wanted) break;
    offset++;
  }
  return offset;
}

interface Located {
  readonly node: unknown;
  /** The offset of the key. */
  readonly key: number | undefined;
  /** The offset of the value; for a value on lines of its own, the offset of its key. */
  readonly offset: number;
}

type PairIndex = (map: YAMLMap) => ReadonlyMap<unknown, Pair>;

/** Finds pairs of a map by key. A map is indexed once, because a file may have as many faults as keys. */
function createPairIndex(): PairIndex {
  const indexes = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>();
  return (map) => {
    const known = indexes.get(map);
    if (known !== undefined) return known;
    const pairs = map.items.map((pair) => [isScalar(pair.key) ? pair.key.value : undefined, pair] as const);
    const index = new Map<unknown, Pair>(pairs);
    indexes.set(map, index);
    return index;
  };
}

/** Finds the value at the path, or the last step of the path that exists. */
function locate(root: unknown, path: Path, pairsOf: PairIndex): Located {
  let found: Located = { node: root, key: undefined, offset: rangeOf(root) ?? 0 };
  for (const step of path) {
    const { node } = found;
    if (isMap(node)) {
      const pair = pairsOf(node).get(step);
      if (pair === undefined) break;
      const key = rangeOf(pair.key) ?? found.offset;
      found = { node: pair.value, key, offset: isOnLine(pair.value) ? (rangeOf(pair.value) ?? key) : key };
    } else if (typeof step === 'number' && isSeq(node)) {
      const entry = node.items[step];
      if (entry === undefined) break;
      found = { node: entry, key: undefined, offset: rangeOf(entry) ?? found.offset };
    } else break;
  }
  return found;
}

/** Does the value begin on the line of its key? A missing value does not. */
function isOnLine(node: unknown): boolean {
  if (isScalar(node)) return node.value !== null;
  return (node as { flow?: boolean } | null)?.flow === true;
}

const rangeOf = (node: unknown): number | undefined =>
  (node as { range?: readonly [number, number, number] } | null | undefined)?.range?.[0];
