// Finds where in a YAML text the cursor is, by indentation: a text that is being typed can rarely be parsed.

export interface Place {
  /** The keys that lead there from the root. `item`: an element of a list. */
  readonly path: readonly ({ readonly key: string } | 'item')[];
  /** `key`: a key may begin here, or the value of the path. `value`: after a key and its colon. */
  readonly kind: 'key' | 'value';
  /** What is typed already. */
  readonly word: string;
}

interface Line {
  /** The columns of dashes. */
  readonly dashes: readonly number[];
  /** The column of what is behind them. */
  readonly column: number;
  /** Absent for a line without a key. */
  readonly key?: string;
  readonly rest: string;
}

const KEY = /^(?:"([^"]+)"|'([^']+)'|([^\s:#[\]{},"'][^:#[\]{},]*)):(?:\s+|$)/;

function readLine(text: string): Line | undefined {
  if (/^\s*(?:#.*)?$/.test(text)) return undefined;
  const dashes: number[] = [];
  let column = text.search(/\S/);
  while (/^-(?:\s|$)/.test(text.slice(column))) {
    dashes.push(column);
    column += 1 + (/^\s*/.exec(text.slice(column + 1))?.[0].length ?? 0);
  }
  const rest = text.slice(column);
  const found = KEY.exec(rest);
  const key = found?.[1] ?? found?.[2] ?? found?.[3];
  return { dashes, column, rest: rest.slice(found?.[0].length ?? 0), ...(key !== undefined && { key }) };
}

/**
 * @param lines the lines before that of the cursor
 * @param start the line of the cursor, up to the cursor
 * @returns undefined in a comment
 */
export function placeAt(lines: readonly string[], start: string): Place | undefined {
  if (/(?:^|\s)#/.test(start)) return undefined;
  const own = readLine(start) ?? { dashes: [], column: start.length, rest: '' };
  const path = [...pathAbove(lines, own.dashes[0] ?? own.column, own.dashes.length > 0)];
  path.push(...own.dashes.map(() => 'item' as const));
  if (own.key !== undefined) path.push({ key: own.key });
  return withinFlow(path, own.rest, own.key === undefined ? 'key' : 'value');
}

/** @param isItem a list may be as far to the left as its key */
function pathAbove(lines: readonly string[], column: number, isItem: boolean): Place['path'] {
  const path: Place['path'][number][] = [];
  // The key of a list may be in the column of its dashes.
  let [keyLimit, dashLimit] = [isItem ? column + 1 : column, column];
  for (const text of lines.toReversed()) {
    const line = readLine(text);
    if (line === undefined) continue;
    if (line.key !== undefined && line.column < keyLimit) {
      path.unshift({ key: line.key });
      keyLimit = line.column;
      dashLimit = line.column;
    }
    for (const dash of line.dashes.toReversed()) {
      if (dash >= dashLimit) continue;
      path.unshift('item');
      keyLimit = dash + 1;
      dashLimit = dash;
    }
    if (keyLimit === 0) break;
  }
  return path;
}

/** Goes on within `{` and `[` of the line. */
function withinFlow(path: Place['path'], rest: string, kind: Place['kind']): Place {
  const stack: { readonly path: Place['path']; readonly isList: boolean }[] = [];
  let [at, current, isValue, word] = [0, path, kind === 'value', ''];
  const top = () => stack.at(-1);
  const begin = (): void => {
    const open = top();
    current = open === undefined ? path : open.isList ? [...open.path, 'item'] : open.path;
    isValue = false;
    word = '';
  };
  while (at < rest.length) {
    const sign = rest[at] ?? '';
    const key = top()?.isList === false && word.trim() === '' && !isValue ? KEY.exec(rest.slice(at)) : null;
    if (key !== null) {
      current = [...(top()?.path ?? path), { key: key[1] ?? key[2] ?? key[3] ?? '' }];
      [isValue, word] = [true, ''];
      at += key[0].length;
      continue;
    }
    if ((sign === '{' || sign === '[') && word.trim() === '') {
      stack.push({ path: current, isList: sign === '[' });
      begin();
    } else if ((sign === '}' || sign === ']') && stack.length > 0) {
      stack.pop();
      word = '';
    } else if (sign === ',' && stack.length > 0) begin();
    else word += sign;
    at++;
  }
  return { path: current, kind: isValue ? 'value' : 'key', word: word.trimStart() };
}
