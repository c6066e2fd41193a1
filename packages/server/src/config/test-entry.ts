// Writes a test of a rule into the text of a file.
import { stringify } from 'yaml';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Edit } from '../primitives/unified-diff.ts';

/** As an item of the list `tests`. */
export const formatTest = (test: JsonObject): string => stringify([test], { lineWidth: 0 });

const indentOf = (line: string): number => line.length - line.trimStart().length;
const isNothing = (line: string): boolean => /^\s*(?:#.*)?$/.test(line);

/**
 * Appends a test to the rule that begins at a line.
 * @param line from 1 @returns undefined if the rule is not written in block style
 */
export function insertTest(text: string, line: number, test: JsonObject): Edit | undefined {
  const lines = text.split('\n');
  const first = lines[line - 1] ?? '';
  const dash = /^( *)- +(?=[A-Za-z]+:(?: |$))/.exec(first);
  if (dash === null) return undefined;
  const [{ length: keys }, outerSpace = ''] = dash;
  const outer = outerSpace.length;
  const isWithin = (index: number): boolean => isNothing(lines[index] ?? '') || indentOf(lines[index] ?? '') > outer;
  let end = line;
  while (end < lines.length && isWithin(end)) end++;
  end = withoutNothing(lines, line, end);
  const keyOf = (index: number): string => {
    const one = lines[index] ?? '';
    return index === line - 1 || indentOf(one) === keys ? one.slice(keys) : '';
  };
  let at = line - 1;
  while (at < end && !keyOf(at).startsWith('tests:')) at++;
  if (at === end) return editAt(lines, end, [`${' '.repeat(keys)}tests:`, ...indented(test, keys + 2)]);
  if (!/tests:\s*(?:#.*)?$/.test(lines[at] ?? '')) return undefined;
  const isItem = (index: number): boolean => {
    const one = lines[index] ?? '';
    return isNothing(one) || indentOf(one) > keys || (indentOf(one) === keys && one.trimStart().startsWith('- '));
  };
  let last = at + 1;
  while (last < end && isItem(last)) last++;
  last = withoutNothing(lines, at + 1, last);
  const item = lines.slice(at + 1, last).find((one) => one.trimStart().startsWith('- '));
  return editAt(lines, last, indented(test, item === undefined ? keys + 2 : indentOf(item)));
}

function withoutNothing(lines: readonly string[], from: number, end: number): number {
  let last = end;
  while (last > from && isNothing(lines[last - 1] ?? '')) last--;
  return last;
}

const indented = (test: JsonObject, columns: number): readonly string[] =>
  formatTest(test)
    .trimEnd()
    .split('\n')
    .map((one) => ' '.repeat(columns) + one);

function editAt(lines: readonly string[], index: number, added: readonly string[]): Edit {
  const before = lines.slice(0, index).join('\n');
  const isLast = index === lines.length;
  const offset = before.length + (isLast || index === 0 ? 0 : 1);
  return { from: offset, to: offset, text: isLast ? `\n${added.join('\n')}\n` : `${added.join('\n')}\n` };
}
