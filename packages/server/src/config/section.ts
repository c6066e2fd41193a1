// Finds a section of a file in block style, replaces it, and writes changes of it as a patch.
import { type Edit, unifiedDiff } from '../primitives/unified-diff.ts';

export interface TextSection {
  /** With the line of its key, and without comments behind it. */
  readonly text: string;
  /** The number of its first line. */
  readonly line: number;
}

interface Lines {
  readonly lines: readonly string[];
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

const KEY = /^([A-Za-z]+):/;
const isNothing = (line: string): boolean => /^\s*(?:#.*)?$/.test(line);

function findLines(text: string, name: string): Lines | undefined {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => KEY.exec(line)?.[1] === name);
  if (first === -1) return undefined;
  const next = lines.findIndex((line, index) => index > first && /^[^\s#-]/.test(line));
  let end = next === -1 ? lines.length : next;
  while (end > first + 1 && isNothing(lines[end - 1] ?? '')) end--;
  return { lines, first, end };
}

/** @returns undefined if the file has no such section, or is written as JSON */
export function findSection(text: string, name: string): TextSection | undefined {
  const found = findLines(text, name);
  if (found === undefined) return undefined;
  return { text: `${found.lines.slice(found.first, found.end).join('\n')}\n`, line: found.first + 1 };
}

/** @param section with its key @returns the file with this section, at the end if it had none */
export function replaceSection(text: string, name: string, section: string): string {
  const found = findLines(text, name);
  const body = section.replace(/\n+$/, '');
  if (found === undefined) return `${text.replace(/\n*$/, '\n')}${body}\n`;
  const { lines, first, end } = found;
  return [...lines.slice(0, first), body, ...lines.slice(end)].join('\n');
}

/** Of lines outside of a section, only these may be shown beside a change: empty ones, and keys without a value. Others may hold secrets. */
const hasNoValue = (line: string): boolean => /^(?:[A-Za-z]+:)?\s*$/.test(line);

/**
 * Writes edits of a section as a unified diff.
 * @param edits within the section, or behind it
 * @returns undefined if the line behind the section is needed as context, and may hold a secret
 */
export function diffOfSection(
  names: string | readonly [before: string, after: string],
  text: string,
  { name, edits }: { readonly name: string; readonly edits: readonly Edit[] },
): string | undefined {
  const { lines, first, end } = findLines(text, name) ?? { lines: text.split('\n'), first: 0, end: 0 };
  const behind = lines.slice(0, end).join('\n').length;
  const next = lines[end] ?? '';
  const isLast = lines.slice(end).every((line) => line === '');
  if (!isLast && !hasNoValue(next) && edits.some(({ to }) => to >= behind && end > 0)) return undefined;
  return unifiedDiff(names, text, edits, (line, index) => (index >= first && index < end) || hasNoValue(line));
}
