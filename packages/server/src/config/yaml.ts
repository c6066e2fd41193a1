// What does the file say, and on which line? YAML with `${NAME}` and `${NAME:-default}` from the environment.
import { isMap, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { type Complain, type Fault, formatPath, type Path, type Position } from './fault.ts';

export interface YamlFile {
  readonly value: unknown;
  readonly faults: Fault[];
  /** Adds a fault at the place that the path leads to, or at the nearest that exists. */
  readonly complain: Complain;
}

/** `value` is undefined where the text cannot be read at all. */
export function readYaml(text: string, environment: NodeJS.ProcessEnv): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
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
      if (missing === undefined) return;
      unset.add(node);
      add(node.range?.[0] ?? 0, [], `the environment variable ${missing} is not set`, 'fault');
    },
  });
  return {
    value: first === undefined ? document.toJS() : undefined,
    faults,
    complain: (path, message, severity = 'fault', within) => {
      const { node, offset } = locate(document.contents, path);
      // What a variable that is not set would have said is not known to be wrong.
      if (!unset.has(node)) add(within ? offsetWithin(text, node, within) : offset, path, message, severity);
    },
  };
}

/** Where a position of a scalar's text is in the file: after an opening quote, or in the lines below a `|`. */
function offsetWithin(text: string, node: unknown, { line, column }: Position): number {
  const start = rangeOf(node) ?? 0;
  if (!isScalar(node) || (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED')) {
    return start + (isScalar(node) && node.type !== 'PLAIN' ? 1 : 0) + column - 1;
  }
  let offset = text.indexOf('\n', start) + 1;
  for (let i = 1; i < line; i++) offset = text.indexOf('\n', offset) + 1;
  const indent = /^ */.exec(text.slice(offset))?.[0].length ?? 0;
  return offset + indent + column - 1;
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
