// What does the file say, and on which line? YAML with `${NAME}` and `${NAME:-default}` from the environment.
import { isMap, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { isExactNumber, type JsonObject, parseJsonFile } from '../primitives/strict-json.ts';
import { type Complain, type Fault, formatPath, type Path, type Position } from './fault.ts';

export interface YamlFile {
  readonly value: unknown;
  readonly faults: Fault[];
  /** Adds a fault at the place that the path leads to, or at the nearest that exists. */
  readonly complain: Complain;
  /** @returns the line that the path leads to, or the nearest that exists */
  readonly lineOf: (path: Path) => number;
}

/** `value` is undefined where the text cannot be read at all. */
export function readYaml(text: string, environment: NodeJS.ProcessEnv): YamlFile {
  const json = text.includes('${') ? undefined : parseJsonFile(text);
  return json === undefined ? readDocument(text, environment) : readJson(text, json);
}

/** JSON needs no YAML parser, and is read much faster without it. Line numbers need the YAML parser; it runs only when a fault is reported. */
function readJson(text: string, value: JsonObject): YamlFile {
  const faults: Fault[] = [];
  let document: YamlFile | undefined;
  const open = (): YamlFile => {
    document ??= readDocument(text, {});
    return document;
  };
  return {
    value,
    faults,
    complain: (...said) => {
      open().complain(...said);
      faults.push(...open().faults.splice(0));
    },
    lineOf: (path) => open().lineOf(path),
  };
}

function readDocument(text: string, environment: NodeJS.ProcessEnv): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const faults: Fault[] = [];
  const add = (offset: number, path: Path, message: string, severity: Fault['severity']): void => {
    const { line, col } = lines.linePos(offset);
    faults.push({ severity, line: Math.max(1, line), column: Math.max(1, col), path: formatPath(path), message });
  };
  const errors = [...document.errors, ...document.warnings];
  // The first syntax error makes those after it; a key that stands twice makes no other.
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  for (const error of errors) {
    if (error === first || error.code === 'DUPLICATE_KEY') add(error.pos[0], [], error.message, 'fault');
  }
  const unset = new Set<unknown>();
  visit(document, {
    Scalar: (key, node) => {
      const missing = key === 'key' ? undefined : substitute(node, environment);
      if (isRounded(node)) add(node.range?.[0] ?? 0, [], ROUNDED, 'fault');
      if (missing === undefined) return;
      unset.add(node);
      add(node.range?.[0] ?? 0, [], `the environment variable ${missing} is not set`, 'fault');
    },
  });
  const readValue = (): unknown => {
    try {
      return document.toJS();
    } catch (error) {
      // Lists of lists of aliases: a page of text that would be gigabytes of value.
      if (!(error instanceof ReferenceError)) throw error;
      add(0, [], 'aliases (*name) stand for more than a file may hold', 'fault');
      return undefined;
    }
  };
  return {
    value: first === undefined ? readValue() : undefined,
    faults,
    complain: (path, message, severity = 'fault', within) => {
      const { node, offset } = locate(document.contents, path);
      // What a variable that is not set would have said is not known to be wrong.
      if (!unset.has(node)) add(within ? offsetWithin(text, node, within) : offset, path, message, severity);
    },
    lineOf: (path) => Math.max(1, lines.linePos(locate(document.contents, path).offset).line),
  };
}

const ROUNDED = 'is a number that would be rounded: write it in quotes, or with 15 digits at most';

/** Would it be read as another number? */
function isRounded({ value, source = '' }: Scalar): boolean {
  if (typeof value !== 'number') return false;
  return /^0[xo]/.test(source) ? !Number.isSafeInteger(value) : !isExactNumber(source);
}

/** Where a position of a scalar's text is in the file, whose text has quotes, escapes, indentation and folds beside it. */
function offsetWithin(text: string, node: unknown, { line, column }: Position): number {
  const [start = 0, end = start] = (isScalar(node) && node.range) || [];
  if (!isScalar(node) || typeof node.value !== 'string') return start;
  const value = node.value;
  const before = value
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, one) => sum + one.length + 1, 0);
  const wanted = before + column - 1;
  // What a block scalar begins with stands on a line of its own.
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

const VARIABLE = /\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/** @returns the name of a variable that is not set and has no default. */
function substitute(node: Scalar, environment: NodeJS.ProcessEnv): string | undefined {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return undefined;
  let missing: string | undefined;
  const text = node.value.replace(VARIABLE, (_whole, name: string, otherwise: string | undefined) => {
    const value = environment[name] || otherwise;
    if (value === undefined) missing = name;
    return value ?? '';
  });
  // An unquoted value that became a number is one, as if it had been written there.
  node.value = node.type === 'PLAIN' && /^\d+$/.test(text) ? Number(text) : text;
  node.source = text;
  return missing;
}

/** The value that the path leads to, and where its key stands; of a path that leads nowhere, the last step that exists. */
function locate(root: unknown, path: Path): { readonly node: unknown; readonly offset: number } {
  let node = root;
  let offset = rangeOf(root);
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair === undefined) break;
      offset = rangeOf(pair.key) ?? offset;
      node = pair.value;
    } else if (typeof key === 'number' && typeof node === 'object' && node !== null && 'items' in node) {
      node = (node.items as unknown[])[key];
      offset = rangeOf(node) ?? offset;
    } else break;
  }
  return { node, offset: offset ?? 0 };
}

const rangeOf = (node: unknown): number | undefined =>
  (node as { range?: readonly [number, number, number] } | null | undefined)?.range?.[0];
