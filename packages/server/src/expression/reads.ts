// Finds the members that an expression reads. Of a token's claims, the audit row contains only those.
import type { ASTNode } from '@marcbachmann/cel-js';
import { partsOf } from './context.ts';
import { ELSEWHERE, isElsewhere } from './elsewhere.ts';
import { iterationVariable } from './macros.ts';
import { isMap } from './values.ts';

/** The names from a variable to a value. */
export type MemberPath = readonly string[];

/** Without duplicates, in the order of the text. A list is read whole, even if only one item is used. */
export function findReads(root: ASTNode): readonly MemberPath[] {
  const found = new Map<string, MemberPath>();
  collect(root, []);
  return [...found.values()];

  function collect(node: ASTNode, locals: readonly string[]): void {
    const path = pathOf(node, locals);
    if (path !== undefined) {
      found.set(formatMemberPath(path), path);
      return;
    }
    const variable = iterationVariable(node);
    if (variable === undefined || node.op !== 'rcall') {
      for (const part of partsOf(node)) collect(part, locals);
      return;
    }
    collect(node.args[1], locals);
    for (const body of node.args[2].slice(1)) collect(body, [...locals, variable]);
  }
}

/**
 * Finds the members of which the expression takes an item by its position, or a member by a computed name. If that is done to a
 * computed value or to the variable of a macro, they are all members that it reads.
 */
export function findPicks(root: ASTNode): readonly MemberPath[] {
  const holders: (MemberPath | undefined)[] = [];
  visit(root, []);
  const known = holders.filter((path) => path !== undefined);
  return known.length === holders.length ? known : findReads(root);

  function visit(node: ASTNode, locals: readonly string[]): void {
    if (node.op === '[]' && !isNameLiteral(node.args[1])) holders.push(pathOf(node.args[0], locals));
    const variable = iterationVariable(node);
    for (const part of partsOf(node)) visit(part, variable === undefined ? locals : [...locals, variable]);
  }
}

const isNameLiteral = (node: ASTNode): node is ASTNode & { readonly op: 'value'; readonly args: string } =>
  node.op === 'value' && typeof node.args === 'string';

function pathOf(node: ASTNode, locals: readonly string[]): MemberPath | undefined {
  if (node.op === 'id') return locals.includes(node.args) ? undefined : [node.args];
  if (node.op === '.') {
    const holder = pathOf(node.args[0], locals);
    return holder && [...holder, node.args[1]];
  }
  if (node.op !== '[]' || !isNameLiteral(node.args[1])) return undefined;
  const holder = pathOf(node.args[0], locals);
  return holder && [...holder, node.args[1].args];
}

/** `subject.claims.tenant`; a name that is not an identifier is put in brackets: `subject.claims["https://example.com/t"]`. */
export const formatMemberPath = (path: MemberPath): string =>
  path
    .map((name, index) => {
      if (index === 0) return name;
      return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    })
    .join('');

/** The value at a path; undefined if a member of the path is missing, ELSEWHERE if one is kept elsewhere. */
export function valueAt(facts: Readonly<Record<string, unknown>>, path: MemberPath): unknown {
  let value: unknown = facts;
  for (const name of path) {
    if (!isMap(value)) return undefined;
    if (isElsewhere(value, name)) return ELSEWHERE;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
