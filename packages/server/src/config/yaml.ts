// What does the file say, and on which line? YAML with `${NAME}` and `${NAME:-default}` from the environment.
import { isMap, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { type Complain, type Fault, formatPath, type Path } from './fault.ts';

export interface YamlFile {
  readonly value: unknown;
  readonly faults: Fault[];
  /** Adds a fault at the place that the path leads to, or at the nearest that exists. */
  readonly complain: Complain;
}

export function readYaml(text: string, environment: NodeJS.ProcessEnv): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults: Fault[] = [];
  const add = (offset: number, path: Path, message: string, severity: Fault['severity']): void => {
    const { line, col } = lines.linePos(offset);
    faults.push({ severity, line: Math.max(1, line), column: Math.max(1, col), path: formatPath(path), message });
  };
  // The first syntax error makes those after it.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) add(error.pos[0], [], error.message, 'fault');
  if (faults.length === 0) {
    visit(document, {
      Scalar: (key, node) => {
        if (key === 'key') return;
        const missing = substitute(node, environment);
        if (missing !== undefined)
          add(node.range?.[0] ?? 0, [], `the environment variable ${missing} is not set`, 'fault');
      },
    });
  }
  return {
    value: faults.length === 0 ? document.toJS() : undefined,
    faults,
    complain: (path, message, severity = 'fault') => add(offsetOf(document.contents, path), path, message, severity),
  };
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

/** Where the value stands; for a key that is not known, where the key stands. */
function offsetOf(root: unknown, path: Path): number {
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
  return offset ?? 0;
}

const rangeOf = (node: unknown): number | undefined =>
  (node as { range?: readonly [number, number, number] } | null | undefined)?.range?.[0];
