// Checks the mechanical part of plain English in code and documents. Usage: node scripts/check-words.ts [FOLDER OR FILE ...]
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const FILES = [
  '{packages/*/{src,test},bench,examples,interop,scripts}/**/*.{ts,mjs}',
  '{docs,deploy,examples}/**/*.md',
  '*.md',
  'packages/*/README.md',
];

/** Tests that kill processes by signal, and the report of Stryker, which calls detected mutants killed. */
const KILLING = /\/test\/(?:faults|bin|support\/postgres)|write-mutation/;

/** A phrase that readers have to decode, what to write instead, and the files that may use it. */
const PHRASES: readonly (readonly [phrase: RegExp, instead: string, allowed?: RegExp])[] = [
  [
    /(?<!\bthere )(?<!\bThere )\b(?:is|are|was|were|be|been) no (?!longer\b|more\b|less\b|later\b|earlier\b|older\b)\w+/i,
    '“is not a”',
  ],
  [/\b(?:whoever|whomever|whosoever|that which)\b/i, 'a noun: “the caller”, “a person who”'],
  [/(?<!\.)\b(?:kill|kills|killed|killing)\b(?!`| \$| -9)/i, '“revoke”, “stop”, “end”', KILLING],
  [
    /(?<!keep-)\b(?:dies|died|dying|alive|undead|corpse|graveyard|funeral|stillborn|offspring|orphans?)\b/i,
    '“expires”, “is active”, “descendants”',
  ],
  [/\bpass(?:es|ed|ing)? over\b/i, '“ignore”, “skip”'],
  [/\b(?:withhold|withholds|withholding)\b/i, '“redact”'],
  [/\b(?:nobody speaks|speaks for|his word|its word|their word|word is taken)\b/i, '“vouches for”, “is trusted for”'],
];

/** A constant of time or size. Its unit belongs in its name. */
const QUANTITY =
  /(?:LIFETIME|LIFE|TIMEOUT|DEADLINE|PERIOD|INTERVAL|AGE|LEEWAY|GRACE|DELAY|SKEW|WINDOW|LEASE|KEPT|FRESH|STALE|COOL_DOWN|PATIENCE\w*|BODY|LATENESS|SILENCE|MARGIN|EVERY)$/;
const UNIT = /_(?:MS|SECONDS|MINUTES|HOURS|DAYS|BYTES|BITS|CHARACTERS|ROWS)$/;
const NUMBER = /^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: number)? = [-0-9_. *+/()]+;/;
const STATES_A_UNIT = /\b(?:milliseconds|seconds|minutes|hours|days|bytes|bits)\b/i;

const MAX_OPENING_CHARACTERS = 200;

const faults: string[] = [];

function checkPhrases(file: string, lines: readonly string[]): void {
  for (const [index, line] of lines.entries()) {
    for (const [phrase, instead, allowed] of PHRASES) {
      const found = allowed?.test(file) ? null : phrase.exec(line);
      if (found) faults.push(`${file}:${index + 1}: “${found[0]}”: write ${instead}`);
    }
  }
}

function checkUnits(file: string, lines: readonly string[]): void {
  for (const [index, line] of lines.entries()) {
    const [, name] = NUMBER.exec(line) ?? [];
    if (name === undefined || UNIT.test(name)) continue;
    const comment = /^\/\*\*|^ \*/.test(lines[index - 1] ?? '') ? lines[index - 1] : '';
    if (QUANTITY.test(name) || STATES_A_UNIT.test(`${comment}`.slice(0, 60)))
      faults.push(`${file}:${index + 1}: ${name}: put the unit into the name: _MS, _SECONDS, _BYTES …`);
  }
}

/** A source file opens with a comment whose first sentence says in one breath what the file does. */
function checkOpening(file: string, text: string): void {
  const comment = /^(?:#!.*\n)?((?:\/\/ ?.*\n)+)/
    .exec(text)?.[1]
    ?.replaceAll(/^\/\/ ?/gm, '')
    .replaceAll('\n', ' ');
  const sentence = comment && /^.+?[.?](?= |$)/.exec(comment)?.[0];
  if (!sentence) faults.push(`${file}:1: begin with a comment: one sentence that says what the file does`);
  else if (sentence.length > MAX_OPENING_CHARACTERS) faults.push(`${file}:1: make the first sentence shorter`);
  else if (/^(?:What|Whoever|That which)\b/.test(sentence) && !sentence.endsWith('?'))
    faults.push(`${file}:1: “What …”: begin with a verb or a noun`);
}

const wanted = process.argv.slice(2);
const isWanted = (file: string): boolean => wanted.length === 0 || wanted.some((path) => file.startsWith(path));
const files = FILES.flatMap((pattern) =>
  globSync(pattern, {
    cwd: ROOT,
    exclude: ['**/node_modules/**', '**/dist/**', '**/check-words.ts', '**/CHANGELOG.md'],
  }),
).filter(isWanted);
for (const file of files) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const lines = text.split('\n');
  checkPhrases(file, lines);
  if (/\/src\/.*\.ts$/.test(file)) {
    checkUnits(file, lines);
    checkOpening(file, text);
  }
}
for (const fault of faults) console.error(fault);
console.log(`words: ${files.length} files, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
