// Removes entries from the text of a configuration file. All other text stays as it is, with its comments and its order.
import { isDeepStrictEqual } from 'node:util';
import {
  type CST,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Edit } from '../primitives/unified-diff.ts';
import type { Path } from './fault.ts';

export interface Removal {
  readonly text: string;
  /** In order, without overlaps. */
  readonly edits: readonly Edit[];
}

/**
 * @param text can be read as a configuration
 * @param paths of entries of lists, and of keys of maps
 * @returns undefined if an entry cannot be removed alone: an alias, a merge or an anchor shares it with others
 */
export function removeEntries(text: string, paths: readonly Path[]): Removal | undefined {
  const document = parseDocument(text, { keepSourceTokens: true, uniqueKeys: false, logLevel: 'error' });
  const before: unknown = document.toJS();
  const edits: Edit[] = [];
  for (const [parent, keys] of byParent(paths)) {
    const found = locate(document.contents, parent);
    if (found === undefined || hasAnchor(found)) return undefined;
    const places = keys.map((key) => placeOf(found, key));
    if (places.includes(-1) || places.some((place) => hasAnchor(found.items[place]))) return undefined;
    const made = editsOf(found, new Set(places), text);
    if (made === undefined) return undefined;
    edits.push(...made);
  }
  const merged = withoutOverlaps(edits);
  const changed = apply(text, merged);
  // A list that an alias stands for, or text that was cut in the wrong place, would show here.
  const after = parseDocument(changed, { uniqueKeys: false, logLevel: 'error' });
  const isAsMeant = after.errors.length === 0 && isDeepStrictEqual(after.toJS(), without(before, paths));
  return isAsMeant ? { text: changed, edits: merged } : undefined;
}

/**
 * Removes entries from several files.
 * @param paths in the lists that the files make together: the entries of each file follow those of the one before
 * @returns for each file, as `removeEntries`
 */
export function removeFromFiles(
  files: readonly { readonly text: string }[],
  paths: readonly Path[],
): readonly (Removal | undefined)[] {
  const begins = new Map<string | number, number>();
  return files.map(({ text }) => {
    const lengths = files.length === 1 ? undefined : listLengths(text);
    const own = paths.flatMap(([section = '', index, ...rest]): Path[] => {
      if (lengths === undefined) return [[section, Number(index), ...rest]];
      const place = Number(index) - (begins.get(section) ?? 0);
      return place >= 0 && place < (lengths.get(section) ?? 0) ? [[section, place, ...rest]] : [];
    });
    for (const [section, length] of lengths ?? []) begins.set(section, (begins.get(section) ?? 0) + length);
    return own.length === 0 ? { text, edits: [] } : removeEntries(text, own);
  });
}

/** The number of entries of each section. */
function listLengths(text: string): ReadonlyMap<string | number, number> {
  const { contents } = parseDocument(text, { uniqueKeys: false, logLevel: 'error' });
  const pairs = isMap(contents) ? contents.items : [];
  return new Map(
    pairs.flatMap(({ key, value }) => (isScalar(key) && isSeq(value) ? [[String(key.value), value.items.length]] : [])),
  );
}

type Collection = YAMLMap | YAMLSeq;

/** Groups the paths by their collection, and leaves out those within another one. */
function byParent(paths: readonly Path[]): readonly (readonly [Path, readonly (string | number)[]])[] {
  const all = new Set(paths.map((path) => JSON.stringify(path)));
  const groups = new Map<string, readonly [parent: Path, keys: (string | number)[]]>();
  for (const path of new Map(paths.map((one) => [JSON.stringify(one), one])).values()) {
    if (path.some((_, length) => length > 0 && all.has(JSON.stringify(path.slice(0, length))))) continue;
    const parent = path.slice(0, -1);
    const key = path.at(-1);
    const group = groups.get(JSON.stringify(parent)) ?? ([parent, []] as const);
    if (key !== undefined) group[1].push(key);
    groups.set(JSON.stringify(parent), group);
  }
  return [...groups.values()];
}

/** @returns undefined if the path leads through an alias or a merge */
function locate(root: unknown, path: Path): Collection | undefined {
  let node = root;
  for (const key of path) {
    if (!isCollection(node) || node.anchor !== undefined) return undefined;
    const entry = node.items[placeOf(node, key)];
    node = isPair(entry) ? entry.value : entry;
  }
  return isCollection(node) ? node : undefined;
}

const placeOf = ({ items }: Collection, key: string | number): number =>
  typeof key === 'number'
    ? key
    : items.findIndex((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);

function hasAnchor(node: unknown): boolean {
  let found = false;
  if (node === null || node === undefined) return found;
  visit(node as Node, {
    Value: (_, one) => {
      if (!isAlias(one) && one.anchor !== undefined) found = true;
    },
  });
  return found;
}

/** @param places of the items to remove */
function editsOf(list: Collection, places: ReadonlySet<number>, text: string): readonly Edit[] | undefined {
  const spans = list.items.map(spanOf);
  const all = list.items.map((_, place) => place);
  if (all.every((place) => places.has(place))) return [emptied(list, spans, text)].filter((edit) => edit !== undefined);
  if (list.flow) return flowEdits(spans, places);
  const starts = isSeq(list) ? (list.srcToken as CST.BlockSequence | undefined)?.items.map(dashOf) : undefined;
  const edits = [...places].map((place) => {
    const [first, end] = spans[place] ?? [];
    const start = isSeq(list) ? starts?.[place] : first;
    return start === undefined || end === undefined ? undefined : lineEdit(text, start, end, place === 0);
  });
  return edits.every((edit) => edit !== undefined) ? edits : undefined;
}

const dashOf = ({ start }: { readonly start: readonly CST.SourceToken[] }): number | undefined =>
  start.find(({ type }) => type === 'seq-item-ind')?.offset;

type Span = readonly [start: number, end: number];

/** From the first character of a value, or of the key of a pair, to the end of its last value. */
function spanOf(item: unknown): Span {
  let [start, end] = [Number.POSITIVE_INFINITY, 0];
  if (item === null || item === undefined) return [start, end];
  visit(item as Node, {
    Node: (_, node) => {
      if (!node.range) return;
      start = Math.min(start, node.range[0]);
      if (!isCollection(node) || node.flow) end = Math.max(end, node.range[1]);
    },
  });
  return [start, end];
}

/** `[]` or `{}` in place of all items. */
function emptied(list: Collection, spans: readonly Span[], text: string): Edit | undefined {
  const empty = isMap(list) ? '{}' : '[]';
  if (list.flow && list.range) return { from: list.range[0], to: list.range[1], text: empty };
  const [last] = spans.at(-1)?.slice(1) ?? [];
  if (!list.range || last === undefined) return undefined;
  // The value begins after the colon of its key, on an earlier line.
  const before = text.slice(0, list.range[0]);
  const colon = before.search(/:[ \t]*(?:#[^\n]*)?(?:\r?\n[ \t]*(?:#[^\n]*)?)*$/);
  if (colon === -1) return undefined;
  const to = endOfLine(text, last);
  return { from: colon + 1, to: to - (/\r?\n$/.exec(text.slice(0, to))?.[0].length ?? 0), text: ` ${empty}` };
}

/** Removes each run of items together with the commas that they need. */
function flowEdits(spans: readonly Span[], places: ReadonlySet<number>): readonly Edit[] {
  const edits: Edit[] = [];
  for (let place = 0; place < spans.length; place++) {
    if (!places.has(place)) continue;
    const first = place;
    while (places.has(place + 1)) place++;
    const [next, previous] = [spans[place + 1], spans[first - 1]];
    const from = next === undefined ? previous?.[1] : spans[first]?.[0];
    const to = next === undefined ? spans[place]?.[1] : next[0];
    if (from !== undefined && to !== undefined) edits.push({ from, to, text: '' });
  }
  return edits;
}

/** Removes whole lines: an item of a block, and the comment right above it. */
function lineEdit(text: string, start: number, end: number, isFirst: boolean): Edit | undefined {
  let from = text.lastIndexOf('\n', start - 1) + 1;
  const indent = text.slice(from, start);
  if (indent.trim() !== '') return undefined;
  for (;;) {
    const previous = text.lastIndexOf('\n', from - 2) + 1;
    const line = text.slice(previous, from);
    if (from === 0 || !line.startsWith(`${indent}#`)) break;
    from = previous;
  }
  const to = endOfLine(text, end);
  const blankBefore = isFirst || /\n[ \t]*\r?\n$/.test(text.slice(0, from));
  const blank = /^[ \t]*\r?\n/.exec(text.slice(to))?.[0] ?? '';
  return { from, to: blankBefore ? to + blank.length : to, text: '' };
}

/** @returns the offset after the line feed of the line that an item ends on */
function endOfLine(text: string, end: number): number {
  if (text[end - 1] === '\n') return end;
  const feed = text.indexOf('\n', end);
  return feed === -1 ? text.length : feed + 1;
}

/** Neighbours may both remove the blank line between them. */
function withoutOverlaps(edits: readonly Edit[]): readonly Edit[] {
  let at = 0;
  return edits
    .toSorted((a, b) => a.from - b.from)
    .map((edit) => {
      const from = Math.max(at, edit.from);
      at = Math.max(from, edit.to);
      return { ...edit, from, to: at };
    });
}

function apply(text: string, edits: readonly Edit[]): string {
  let [result, at] = ['', 0];
  for (const { from, to, text: other } of edits) {
    result += text.slice(at, from) + other;
    at = to;
  }
  return result + text.slice(at);
}

/** The value without the entries at the paths. */
function without(value: unknown, paths: readonly Path[]): unknown {
  if (paths.length === 0) return value;
  const gone = new Set(paths.filter(({ length }) => length === 1).map(([key]) => key));
  const inner = (key: string | number): readonly Path[] =>
    paths.filter((path) => path.length > 1 && path[0] === key).map((path) => path.slice(1));
  if (Array.isArray(value))
    return value.flatMap((item, index) => (gone.has(index) ? [] : [without(item, inner(index))]));
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([key, member]) =>
      gone.has(key) ? [] : [[key, without(member, inner(key))]],
    ),
  );
}
