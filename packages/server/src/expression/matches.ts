// Matches a text with a pattern in linear time: RE2 syntax and engine.
import { RE2JS } from 're2js';
import { Problem } from './run.ts';

/** Instructions of a compiled pattern. With counted repetition, a hundred characters can compile to ten thousand. */
const MAX_INSTRUCTIONS = 500;
/** Maximum result of `sizeOf`, so that compiling takes a few milliseconds. */
const MAX_SIZE = 4096;
/** The size of a Unicode class like \pL, which is a table of hundreds of ranges. */
const UNICODE_CLASS_SIZE = 100;

export interface Pattern {
  /** Steps for each character of a text. */
  readonly cost: number;
  /** Searches anywhere in the text (CEL: `matches` is not anchored). */
  readonly occursIn: (text: string) => boolean;
}

/** @returns the pattern, or the problem with it */
export function compilePattern(source: string): Pattern | Problem {
  if (sizeOf(source) > MAX_SIZE) return TOO_LARGE;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    return new Problem(error instanceof Error ? error.message : 'the pattern is not valid');
  }
  const instructions = compiled.programSize();
  if (instructions > MAX_INSTRUCTIONS) return TOO_LARGE;
  // Not `test`, which builds a DFA: a text made to multiply its states took 250 ms for 8 KiB. `find` visits each instruction at
  // each character once, at the sizes that the budget allows.
  return { cost: instructions * 1.5, occursIn: (text) => compiled.matcher(text).find() };
}

const TOO_LARGE = new Problem('the pattern is too large: counted repetitions multiply');

const TOKENS =
  /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?[a-zA-Z-]+\)|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?|[\s\S]/g;
const REPETITION = /^\{(\d+)(?:,(\d*))?\}/;
const FLAGS = /^\(\?[a-zA-Z-]+[:)]$/;
const QUANTIFIER = /^[*+?{]$/;

/** The number of parts with counted repetitions expanded. Computed first, because compiling takes as long as the result is large. */
function sizeOf(source: string): number {
  // For each open group: its size, and the size of its last part.
  const open = [{ size: 0, last: 0 }];
  // A bracket that is never closed is not a class. Searching its end at each bracket would take quadratic time.
  const end = source.lastIndexOf(']') + 1;
  const closed = source.slice(0, end) + source.slice(end).replaceAll('[', 'x');
  const tokens = closed.matchAll(new RegExp(`\\{\\d+(?:,\\d*)?\\}|${TOKENS.source}`, 'g'));
  for (const [token] of tokens) {
    const group = open.at(-1);
    if (group === undefined) return 0;
    const [repeated, least, most] = REPETITION.exec(token) ?? [];
    if (repeated !== undefined) {
      const times = Math.max(1, Number(least) + (most === '' ? 1 : 0), Number(most ?? 0));
      group.size += group.last * (times - 1);
      group.last *= times;
    } else if (token === ')') {
      open.pop();
      const around = open.at(-1);
      if (around !== undefined) around.size += group.size;
      if (around !== undefined) around.last = group.size;
    } else if (token.startsWith('(') && !FLAGS.test(token)) open.push({ size: 0, last: 0 });
    else if (!token.startsWith('(')) {
      group.last = partSize(token);
      group.size += group.last;
    }
  }
  return open.reduce((size, group) => size + group.size, 0);
}

const partSize = (token: string): number => {
  const classes = token.match(/\\[pP]/g)?.length ?? 0;
  return classes > 0 ? classes * UNICODE_CLASS_SIZE : token.startsWith('\\Q') ? token.length : 1;
};

/** Does the pattern match only whole texts? @param source a valid pattern */
export function isAnchored(source: string): boolean {
  const tokens = source.match(TOKENS) ?? [];
  // With the flag m, `^` and `$` match at the ends of lines, and a claim may have several lines.
  if (tokens.some((token) => FLAGS.test(token) && /^\(\?[a-zA-Z]*m/.test(token))) return false;
  const visible = tokens.filter((token) => !(FLAGS.test(token) && token.endsWith(')')));
  return beginsAnchored(visible) && endsAnchored(visible);
}

const beginsAnchored = (tokens: readonly string[]): boolean =>
  branchesOf(tokens).every(([first, ...rest]) => {
    if (first === '^' || first === '\\A') return !QUANTIFIER.test(rest[0] ?? '');
    if (!first?.startsWith('(')) return false;
    const end = groupEnd(rest);
    return !QUANTIFIER.test(rest[end + 1] ?? '') && beginsAnchored(rest.slice(0, end));
  });

const endsAnchored = (tokens: readonly string[]): boolean =>
  branchesOf(tokens).every((branch) => {
    const last = branch.at(-1);
    if (last === '$' || last === '\\z') return true;
    const start = branch.findLastIndex(
      (token, index) => token.startsWith('(') && groupEnd(branch.slice(index + 1)) === branch.length - index - 2,
    );
    return start >= 0 && endsAnchored(branch.slice(start + 1, -1));
  });

/** The index of the token that ends the group that is open before the first one. */
function groupEnd(tokens: readonly string[]): number {
  let depth = 1;
  return tokens.findIndex((token) => {
    if (token.startsWith('(')) depth += 1;
    else if (token === ')') depth -= 1;
    return depth === 0;
  });
}

/** The parts between `|` outside groups. */
function branchesOf(tokens: readonly string[]): readonly (readonly string[])[] {
  const branches: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.startsWith('(')) depth += 1;
    else if (token === ')') depth -= 1;
    if (token === '|' && depth === 0) branches.push([]);
    else branches.at(-1)?.push(token);
  }
  return branches;
}
