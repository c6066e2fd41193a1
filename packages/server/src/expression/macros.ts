// Implements the macros has, all, exists, exists_one, map and filter. They are the only loops.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, declaredType, faultAt, priceOf, quote } from './context.ts';
import { ExpressionFault } from './fault.ts';
import { type ExpressionStep, Problem, type Run } from './run.ts';
import { hasMember, isMap, itemsOf, wrongKind } from './values.ts';

/** Three nested loops would take the cube of the size of the caller's input. */
const MAX_NESTING = 2;

/** Steps to describe a problem. */
const PROBLEM_STEPS = 30;

/** A loop over these items. Both functions take their steps from the budget. */
interface Walk {
  readonly items: readonly unknown[];
  /** Evaluates the first expression after the variable, for an item. */
  readonly test: (item: unknown) => boolean | Problem;
  /** Evaluates the last expression, for an item. */
  readonly make: (item: unknown) => unknown;
}

type Loop = (walk: Walk) => unknown;

/** By name and number of arguments, including the variable. */
const loops: Readonly<Record<string, Loop>> = {
  'all/2': (walk) => quantify(walk, false),
  'exists/2': (walk) => quantify(walk, true),
  'exists_one/2': (walk) => {
    const found = select(walk, (item) => item);
    return found instanceof Problem ? found : found.length === 1;
  },
  'filter/2': (walk) => select(walk, (item) => item),
  'map/2': (walk) => select({ ...walk, test: () => true }, walk.make),
  'map/3': (walk) => select(walk, walk.make),
};

/** The macros, with the number of their arguments after the receiver. */
export const macros: readonly string[] = ['has/1', ...Object.keys(loops)];

/** Ends at the first item with the sought answer, which absorbs the problems of items before it. */
function quantify({ items, test }: Walk, sought: boolean): boolean | Problem {
  let problem: Problem | undefined;
  for (const item of items) {
    const answer = test(item);
    if (answer === sought) return sought;
    if (answer instanceof Problem) problem ??= answer;
  }
  return problem ?? !sought;
}

function select({ items, test }: Walk, make: (item: unknown) => unknown): readonly unknown[] | Problem {
  const made: unknown[] = [];
  for (const item of items) {
    const answer = test(item);
    if (answer instanceof Problem) return answer;
    if (!answer) continue;
    const value = make(item);
    if (value instanceof Problem) return value;
    made.push(value);
  }
  return made;
}

/** The variable of a loop; undefined if the node is not a loop. */
export const iterationVariable = (node: ASTNode): string | undefined => loopOf(node)?.variable;

function loopOf(node: ASTNode): { readonly loop: Loop; readonly variable: string } | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, , parameters] = node.args;
  const loop = Object.hasOwn(loops, `${name}/${parameters.length}`) ? loops[`${name}/${parameters.length}`] : undefined;
  return loop && parameters[0]?.op === 'id' ? { loop, variable: parameters[0].args } : undefined;
}

/** @returns undefined if the node is not a macro */
export function translateMacro(node: ASTNode, context: Context): ExpressionStep | undefined {
  if (node.op === 'call' && node.args[0] === 'has') return translateHas(node.args[1][0], context);
  return loopOf(node) && translateLoop(node, context);
}

/** `has(a.b)`: is there a member b? If a is missing, the result is a problem. */
function translateHas(member: ASTNode | undefined, context: Context): ExpressionStep {
  if (member?.op !== '.') throw new Error('the type checker let has() pass without a member');
  if (declaredType(member, context) === 'unknown') {
    throw new ExpressionFault(`there is no member ${member.args[1]}`, context.text, member.pos);
  }
  const [holder, name] = member.args;
  const [step, text] = [context.translate(holder, context), quote(holder, context)];
  return (run) => {
    const value = step(run);
    return isMap(value) ? hasMember(value, name) : wrongKind(text, value, 'map');
  };
}

function translateLoop(node: ASTNode, context: Context): ExpressionStep {
  const found = loopOf(node);
  if (found === undefined || node.op !== 'rcall') throw new Error('not a loop');
  const depth = context.locals.length;
  if (depth === MAX_NESTING) throw faultAt(node, `macros nest ${MAX_NESTING} deep at most`, context);
  const [, receiver, [, first, last = first]] = node.args;
  const [list, text] = [context.translate(receiver, context), quote(receiver, context)];
  const inner = { ...context, locals: [...context.locals, found.variable] };
  const test = translateBody(first, inner);
  const make = last === first ? test : translateBody(last, inner);
  const testText = first === undefined ? '' : quote(first, context);
  return (run) => {
    const items = itemsOf(run, list(run), text);
    if (items instanceof Problem) return items;
    return found.loop({
      items,
      test: (item) => {
        const answer = test(run, item);
        if (typeof answer === 'boolean') return answer;
        run.pay(PROBLEM_STEPS);
        return wrongKind(testText, answer, 'bool');
      },
      make: (item) => make(run, item),
    });
  };
}

type Body = (run: Run, item: unknown) => unknown;

function translateBody(body: ASTNode | undefined, context: Context): Body {
  if (body === undefined) throw new Error('the parser let a loop pass without a body');
  const step = context.translate(body, context);
  const index = context.locals.length - 1;
  const price = 2 + priceOf(body);
  return (run, item) => {
    run.locals[index] = item;
    run.pay(price);
    return step(run);
  };
}
