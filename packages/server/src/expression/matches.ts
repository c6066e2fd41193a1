// Does a text match a pattern? In time that grows with the length of either and no faster: RE2 syntax, a linear engine.
import { RE2JS } from 're2js';
import { Problem } from './run.ts';

/** Instructions of a compiled pattern. Some hundred characters make ten thousands, with counted repetition. */
const MAX_INSTRUCTIONS = 500;

export interface Pattern {
  /** Steps for each character of a text. */
  readonly cost: number;
  /** Searches anywhere in the text (CEL: `matches` is not anchored). */
  readonly occursIn: (text: string) => boolean;
}

/** @returns the pattern, or what is wrong with it */
export function compilePattern(source: string): Pattern | Problem {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    return new Problem(error instanceof Error ? error.message : 'the pattern is not valid');
  }
  const instructions = compiled.programSize();
  if (instructions > MAX_INSTRUCTIONS) return new Problem('the pattern is too large: counted repetitions multiply');
  // `find` and not `test`, which builds a DFA: a text made to multiply its states took 250 ms for 8 KiB. `find`
  // visits each instruction at each character once, at the sizes that a run can pay for.
  return { cost: instructions * 1.5, occursIn: (text) => compiled.matcher(text).find() };
}

const TOKENS =
  /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?[a-zA-Z-]+\)|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?|[\s\S]/g;
const FLAGS = /^\(\?[a-zA-Z-]+[:)]$/;
const QUANTIFIER = /^[*+?{]$/;

/** Must a text match the pattern from its beginning to its end? A valid pattern, of which this reads the form. */
export function isAnchored(source: string): boolean {
  const tokens = source.match(TOKENS) ?? [];
  // With the flag m, `^` and `$` stand for the ends of lines, and a claim may hold several.
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

/** Where the group ends that was open before the first token. */
function groupEnd(tokens: readonly string[]): number {
  let depth = 1;
  return tokens.findIndex((token) => {
    if (token.startsWith('(')) depth += 1;
    else if (token === ')') depth -= 1;
    return depth === 0;
  });
}

/** What stands between the `|` that belong to no group. */
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
