// Finds the line and column of a value by its path, and of a position in its text.
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, type YAMLMap } from 'yaml';
import type { FaultAbout, Path, Position } from './fault.ts';
import { partOf, type TextPart } from './yaml-parts.ts';

export interface Places {
  /** Finds the place of the path, or of the nearest that exists. Line and column begin at 1. */
  readonly find: (path: Path, about?: FaultAbout) => Position;
  readonly at: (offset: number) => Position;
  /** Is the value at the path, or one above it, an alias? */
  readonly isAlias: (path: Path) => boolean;
}

/** @param open parses a part. Parsed parts are much larger than their text, so they are kept only until memory is collected */
export function createPlaces(text: string, parts: readonly TextPart[], open: (part: TextPart) => Document): Places {
  const opened = new Map<TextPart, WeakRef<Document>>();
  const pairsOf = createPairIndex();
  let lines: LineCounter | undefined;
  const at = (offset: number): Position => {
    lines ??= countLines(text);
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const documentOf = (part: TextPart): Document => {
    const document = opened.get(part)?.deref() ?? open(part);
    opened.set(part, new WeakRef(document));
    return document;
  };
  return {
    at,
    isAlias: (path) => {
      const found = partOf(parts, path);
      return found.kind !== 'offset' && isAlias(locate(documentOf(found.part).contents, found.within, pairsOf).node);
    },
    find: (path, about = 'value') => {
      const found = partOf(parts, path);
      if (found.kind === 'offset') return at(found.offset);
      const { part } = found;
      const { node, key, offset } = locate(documentOf(part).contents, found.within, pairsOf);
      const isKey = about === 'key' || about === 'hidden key';
      const inText = typeof about === 'object' ? offsetWithin(part.text, node, about) : undefined;
      return at(part.start + (inText ?? (isKey ? (key ?? offset) : offset)));
    },
  };
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let feed = text.indexOf('\n'); feed !== -1; feed = text.indexOf('\n', feed + 1)) lines.addNewLine(feed + 1);
  return lines;
}

/**
 * Finds the offset of a position in a scalar's text, considering quotes, escapes, indentation and folds.
 * @returns undefined if the node is not a text
 */
function offsetWithin(text: string, node: unknown, { line, column }: Position): number | undefined {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined;
  const [start, end] = node.range;
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

export const rangeOf = (node: unknown): number | undefined =>
  (node as { range?: readonly [number, number, number] } | null | undefined)?.range?.[0];
