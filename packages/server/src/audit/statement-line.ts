// Do the statements stand in one line? Each names the last before it; what none names was hidden from its signer, or is from elsewhere.
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import type { ReadStatement } from './statement.ts';

/** Seconds by which an older version beside this one may have signed before the last statement, and not be named by it. */
const BESIDE = 2 * LEEWAY_SECONDS;

/** @param good statements that are believed @returns those of them that stand beside the line */
export function findOutside(
  good: readonly ReadStatement[],
  byId: ReadonlyMap<string, ReadStatement>,
): ReadonlySet<ReadStatement> {
  const named = new Set(good.flatMap(({ seen }) => seen));
  const numbered = good.filter(({ number }) => number !== undefined);
  const [last] = numbered.filter(({ id }) => !named.has(id)).toSorted(latestFirst);
  // Before the first statement with a number nothing says which must be named.
  if (last === undefined) return new Set(numbered);
  const line = lineOf(last, byId);
  const isBeside = ({ number, time }: ReadStatement): boolean => number === undefined && time >= last.time - BESIDE;
  return new Set(good.filter((one) => !line.has(one.id) && !isBeside(one)));
}

const latestFirst = (a: ReadStatement, b: ReadStatement): number =>
  (b.number ?? 0) - (a.number ?? 0) || b.time - a.time;

/** The ids of a statement and of all before it. */
function lineOf(last: ReadStatement, byId: ReadonlyMap<string, ReadStatement>): ReadonlySet<string> {
  const line = new Set<string>();
  const waiting = [last.id];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (line.has(id)) continue;
    line.add(id);
    waiting.push(...(byId.get(id)?.seen ?? []));
  }
  return line;
}
