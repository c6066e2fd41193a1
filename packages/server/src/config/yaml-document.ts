// Parses YAML: substitutes variables, and finds what the parser itself does not report.
import {
  type Document,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { isExactNumber } from '../primitives/strict-json.ts';
import type { Path } from './fault.ts';
import { rangeOf } from './yaml-places.ts';
import { substitute, type YamlVariables } from './yaml-variables.ts';

export interface Opened {
  readonly document: Document;
  /** The first syntax error causes those after it. */
  readonly syntax: YAMLError | undefined;
  /** The faults of single values and keys. */
  readonly problems: readonly ValueProblem[];
  /** `environment`: variables were substituted. */
  readonly dependsOn: 'text' | 'environment';
}

export function openDocument(text: string, variables: YamlVariables): Opened {
  // The parser compares each key with all others; `keysTwice` finds the same in one pass.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', uniqueKeys: false });
  const [syntax] = [...document.errors, ...document.warnings];
  if (syntax !== undefined) return { document, syntax, problems: [], dependsOn: 'text' };
  return { document, syntax, ...findProblems(document, variables) };
}

/** @returns undefined if aliases expand the text beyond the limit: nested ones could expand a page of text to gigabytes */
export function documentValue(document: Document): { readonly value: unknown } | undefined {
  try {
    return { value: document.toJS() };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return undefined;
  }
}

/** The name is not shown: it may be a secret that begins with *. */
const UNKNOWN_ALIAS =
  'a value that begins with * stands for a value with & and the same name before it, and there is none. For the text, write it in quotes.';

/** YAML 1.1 merges the map after it into the one that it stands in. */
export const MERGE_KEY = '<<';
const NO_MERGING = '<< is a key of older YAML, and merges nothing here. Write the keys themselves.';

/** Without a blank after its colon, a key holds its value, which may be a secret. */
const namesOf = (key: string): readonly string[] => (/[:@]/.test(key) ? [] : [key]);

export interface ValueProblem {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

/** Substitutes variables, and says whether there are any. @returns the faults of single values and keys */
function findProblems(
  document: Document,
  { environment, forbidden }: YamlVariables,
): Pick<Opened, 'problems' | 'dependsOn'> {
  const problems: ValueProblem[] = [];
  let dependsOn: Opened['dependsOn'] = 'text';
  const anchors = new Set<string | undefined>();
  const add = (node: unknown, path: Path, message: string): void =>
    void problems.push({ offset: rangeOf(node) ?? 0, path, message });
  visit(document, {
    Map: (_, map, ancestors) => {
      anchors.add(map.anchor);
      for (const [name, key] of keysTwice(map))
        add(
          key,
          [...pathOf([...ancestors, map]), ...namesOf(name)],
          'this key stands twice in one map. Remove one of them.',
        );
      const merging = map.items.find(({ key }) => isScalar(key) && key.value === MERGE_KEY);
      if (merging !== undefined) add(merging.key, [...pathOf([...ancestors, map]), MERGE_KEY], NO_MERGING);
    },
    Seq: (_, { anchor }) => void anchors.add(anchor),
    Alias: (_, alias, ancestors) => {
      if (anchors.has(alias.source)) return undefined;
      const message = UNKNOWN_ALIAS;
      add(alias, pathOf([...ancestors, alias]), message);
      return new Scalar(null);
    },
    Scalar: (key, node, ancestors) => {
      anchors.add(node.anchor);
      const substituted = key === 'key' ? undefined : substitute(node, environment);
      if (substituted !== undefined) dependsOn = 'environment';
      const missing = substituted?.missing;
      if (missing === undefined && !isRounded(node)) return;
      const path = pathOf([...ancestors, node]);
      if (isRounded(node)) add(node, path, ROUNDED);
      if (missing !== undefined)
        add(
          node,
          path,
          forbidden(missing) ??
            `the environment variable ${missing} is not set. Set it, or write a default: \${${missing}:-VALUE}.`,
        );
    },
  });
  return { problems, dependsOn };
}

/** The keys of a map that stand there more than once, each with its later occurrence. */
function keysTwice({ items }: YAMLMap): readonly (readonly [string, unknown])[] {
  const seen = new Set<string>();
  return items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : undefined;
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    return [[name, key] as const];
  });
}

/** @param nodes from the root to a value, each within the one before */
function pathOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, index): Path => {
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : ''];
    const before = nodes[index - 1];
    return isSeq(before) ? [before.items.indexOf(node)] : [];
  });
}

const ROUNDED = 'this number would be rounded. Write it in quotes, or with 15 digits at most.';

/** Would the number be rounded to another one? */
function isRounded({ value, source = '' }: Scalar): boolean {
  if (typeof value !== 'number') return false;
  return /^0[xo]/.test(source) ? !Number.isSafeInteger(value) : !isExactNumber(source);
}
