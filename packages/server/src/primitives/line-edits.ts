// Finds the edits that make one text of another, by lines.
import { diff } from 'node:util';
import type { Edit } from './unified-diff.ts';

/** The cost of a comparison is quadratic. Above this number of lines that differ, they are replaced together. */
const MAX_COMPARED_LINES = 1000;

const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** @returns edits of whole lines, in order, without overlaps */
export function lineEdits(before: string, after: string): readonly Edit[] {
  const [old, next] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && old[start] === next[start]) start++;
  let tail = 0;
  while (tail < Math.min(old.length, next.length) - start && old.at(-1 - tail) === next.at(-1 - tail)) tail++;
  const [removed, added] = [old.slice(start, old.length - tail), next.slice(start, next.length - tail)];
  if (removed.length + added.length === 0) return [];
  const from = old.slice(0, start).join('').length;
  if (removed.length + added.length > MAX_COMPARED_LINES)
    return [{ from, to: from + removed.join('').length, text: added.join('') }];
  return editsOf(removed, added, from);
}

function editsOf(removed: readonly string[], added: readonly string[], from: number): readonly Edit[] {
  const edits: { from: number; to: number; text: string }[] = [];
  let at = from;
  let isWithin = false;
  for (const [kind, line] of diff(removed, added)) {
    if (kind !== UNCHANGED) {
      if (!isWithin) edits.push({ from: at, to: at, text: '' });
      const edit = edits.at(-1) as { to: number; text: string };
      if (kind === ADDED) edit.text += line;
      else edit.to = at + line.length;
    }
    isWithin = kind !== UNCHANGED;
    if (kind !== ADDED) at += line.length;
  }
  return edits;
}

/** As `diff` marks lines. */
const UNCHANGED = 0;
const ADDED = -1;
