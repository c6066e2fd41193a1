// Replaces CEL that the library's parser or type checker does not know by names of the same length, and puts it back into the checked
// tree. It is `.5`, names in backquotes, and empty lists and maps, for whose items the type checker finds no operator.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type CelType, partsOf } from './context.ts';

/** What a name stands for. */
type Part =
  | { readonly kind: 'value' | 'list' | 'map'; readonly type: 'double' | 'list' | 'map'; readonly args: unknown }
  | { readonly kind: 'name'; readonly name: string };

export interface Prepared {
  /** As long as the original, so that positions are the same. */
  readonly text: string;
  /** The names that stand for values, to be declared. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** Puts the parts back. @param root the tree of `text`, checked */
  readonly restore: (root: ASTNode) => void;
  /** Replaces the names in a message of the library. */
  readonly explain: (message: string) => string;
}

/** As the library splits a text: a backslash hides the next character, in raw strings too. */
const TOKEN =
  /\/\/[^\n]*|[bBrR]?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\[\s\S]|[^"\\\n\r])*"|'(?:\\[\s\S]|[^'\\\n\r])*')|[A-Za-z_]\w*|0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|`[^`\n]*`|\[[ \t\r\n]*\]|\{[ \t\r\n]*\}|[ \t\r\n]+|[\s\S]/g;
const IDENTIFIER = /^[A-Za-z_]\w*$/;
const ESCAPED_NAME = /^`[\w.\-/ ]+`$/;
/** A token after which an operator must follow. */
const ENDS_VALUE = /[\w"'`)\]}]$/;

export function prepare(text: string): Prepared {
  const parts = new Map<string, Part>();
  const known = new Map<string, string>();
  const free = freeNames(text);
  let before = '';
  const standIn = (token: string, part: Part): string => {
    const key = `${part.kind} ${token}`;
    const name = known.get(key) ?? free.next().value?.padEnd(token.length, '0');
    if (name === undefined) return token;
    known.set(key, name);
    parts.set(name, part);
    return name;
  };
  const replaced = text.replace(TOKEN, (token) => {
    if (/^(?:\s|\/\/)/.test(token)) return token;
    const part =
      before === '.' ? nameOf(token) : ENDS_VALUE.test(before) && before !== 'in' ? undefined : literalOf(token);
    before = token;
    if (part === undefined) return token;
    return part.kind === 'name' && IDENTIFIER.test(part.name) && !KEYWORDS.has(part.name)
      ? part.name.padStart(token.length)
      : standIn(token, part);
  });
  const values = [...parts].flatMap(([name, part]) => ('type' in part ? [[name, part.type] as const] : []));
  return {
    text: replaced,
    variables: Object.fromEntries(values),
    restore: (root) => restoreIn(root, parts),
    explain: (message) =>
      [...known].reduce((said, [key, name]) => said.replaceAll(name, key.slice(key.indexOf(' ') + 1)), message),
  };
}

const nameOf = (token: string): Part | undefined =>
  ESCAPED_NAME.test(token) ? { kind: 'name', name: token.slice(1, -1) } : undefined;

function literalOf(token: string): Part | undefined {
  if (/^\.\d/.test(token) && Number.isFinite(Number(token)))
    return { kind: 'value', type: 'double', args: Number(token) };
  if (/^\[\s*\]$/.test(token)) return { kind: 'list', type: 'list', args: [] };
  return /^\{\s*\}$/.test(token) ? { kind: 'map', type: 'map', args: [] } : undefined;
}

function restoreIn(node: ASTNode, parts: ReadonlyMap<string, Part>): void {
  if (node.op === 'id') {
    const part = parts.get(node.args);
    if (part !== undefined && part.kind !== 'name') Object.assign(node, { op: part.kind, args: part.args });
  } else if (node.op === '.') {
    const part = parts.get(node.args[1]);
    if (part?.kind === 'name') Object.assign(node, { args: [node.args[0], part.name] });
  }
  for (const inner of partsOf(node)) restoreIn(inner, parts);
}

/** Beginnings of names, of two characters, that the text does not contain. */
function* freeNames(text: string): Generator<string, undefined> {
  const letters = '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (const first of letters)
    for (const second of `0123456789${letters.slice(1)}`) {
      const name = first + second;
      if (!text.includes(name) && !KEYWORDS.has(name)) yield name;
    }
  return undefined;
}

/** CEL reserves these words, so they are names only in backquotes. */
const KEYWORDS = new Set([
  ...['as', 'break', 'const', 'continue', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'let', 'loop'],
  ...['namespace', 'null', 'package', 'prototype', 'return', 'true', 'var', 'void', 'while', '__proto__'],
]);
