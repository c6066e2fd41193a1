// Reads the requirements of each standard, their verdicts, and the tests that name them.
import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dirname, '..');

/** The verdict of a requirement. */
export const verdicts = {
  held: 'always so',
  configured: 'so where the configuration says it',
  departs: 'otherwise, on purpose: docs/explanation/divergences.md says why',
  absent: 'of a feature that does not exist here, or the duty of somebody else',
} as const;

export interface Requirement {
  /** `TE-14`, as in titles of tests. A letter follows if a part has its own verdict. */
  readonly id: string;
  readonly clause: string;
  /** The requirement, in our words. */
  readonly says: string;
  /** One of `verdicts`. */
  readonly verdict: string;
  /** Paths from `packages/server/src`, or from the repository where they begin with `packages/`. */
  readonly code: readonly string[];
  readonly note: string;
}

/** Under its own heading; without one if it is the only section of its page. */
export interface Section {
  readonly heading: string | undefined;
  readonly requirements: readonly Requirement[];
}

/** One file of `test/conformance/`: `# TITLE`, `## HEADING` if there are several, and one requirement per line, with tabs between fields. */
export interface Page {
  readonly name: string;
  readonly title: string;
  readonly sections: readonly Section[];
}

export const readPages = (): readonly Page[] =>
  globSync('packages/server/test/conformance/*.tsv', { cwd: REPOSITORY })
    .sort()
    .map((file) => ({ name: basename(file, '.tsv'), ...readPage(read(file)) }));

export const requirementsOf = ({ sections }: Page): readonly Requirement[] =>
  sections.flatMap(({ requirements }) => requirements);

export const codePath = (path: string): string => (path.startsWith('packages/') ? path : `packages/server/src/${path}`);

function readPage(text: string): Pick<Page, 'title' | 'sections'> {
  const [head = '', ...parts] = text.trimEnd().split('\n## ');
  const [title = '', ...lines] = head.split('\n');
  const sections = parts.map((part): Section => {
    const [heading, ...rows] = part.split('\n');
    return { heading, requirements: rows.map(readRequirement) };
  });
  const own = lines.length === 0 ? [] : [{ heading: undefined, requirements: lines.map(readRequirement) }];
  return { title: title.replace('# ', ''), sections: [...own, ...sections] };
}

function readRequirement(line: string): Requirement {
  const [id = '', clause = '', says = '', verdict = '', code = '', note = '', ...more] = line.split('\t');
  if (says === '' || more.length > 0) throw new Error(`not the fields of a requirement: ${line}`);
  return { id, clause, says, verdict, code: code.split(' ').filter((path) => path !== ''), note };
}

/** A test, or a row of attacks, that names requirements. */
export interface NamedTest {
  readonly name: string;
  /** From the root of the repository. */
  readonly page: string;
  readonly ids: readonly string[];
}

const TESTS = ['packages/*/test/**/*.ts', 'examples/*/*.test.ts'];
/** The title of a test or suite, or the part of one that stands in a table. */
const TITLE =
  /(?:\b(?:test|suite)\(|\b(?:title|when):)\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;
const ID = /(?<![\w-])[A-Z]{2,3}-\d{2}[a-z]?(?!\w)/g;
/** Ids stand in brackets: `UTF-16` is not a requirement. */
const idsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\(([^()]*)\)/g)].flatMap(([, named]) => named?.match(ID) ?? []);

/** Every test and every successful row of attacks that names a requirement. */
export const readTests = (): readonly NamedTest[] =>
  [...readTitles(), ...readAttacks()].filter(({ ids }) => ids.length > 0);

const readTitles = (): readonly NamedTest[] =>
  globSync(TESTS, { cwd: REPOSITORY })
    .sort()
    .flatMap((page) =>
      [...read(page).matchAll(TITLE)].map(([title]) => ({
        name: basename(page).replace(/\.test\.ts$/, ''),
        page,
        ids: idsIn(title),
      })),
    );

/** docs/evidence/attacks.md has the verdicts of rows; a test fails if they are out of date. */
function readAttacks(): readonly NamedTest[] {
  const page = 'docs/evidence/attacks.md';
  const held = new Set([...read(page).matchAll(/^\| (\w+) \|.*\| held, /gm)].map(([, id]) => id));
  return read('packages/server/test/attacks/rows.tsv')
    .split('\n')
    .map((line) => ({ name: line.split('\t', 1)[0] ?? '', page, ids: idsIn(line) }))
    .filter(({ name }) => held.has(name));
}

const read = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8');
