// Checks that the statements form one line. Each names the previous one. A statement that none names was hidden from later signers,
// or inserted.
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import type { ReadStatement } from './statement.ts';

/** During an upgrade, the last statement may fail to name one that an older version signed within this time before it. */
const UNNAMED_SECONDS = 2 * LEEWAY_SECONDS;

/** @param good trusted statements @returns those that are not part of the line */
export function findOutside(
  good: readonly ReadStatement[],
  byId: ReadonlyMap<string, ReadStatement>,
): ReadonlySet<ReadStatement> {
  const named = new Set(good.flatMap(({ seen }) => seen));
  const numbered = good.filter(({ number }) => number !== undefined);
  const [last] = numbered.filter(({ id }) => !named.has(id)).toSorted(latestFirst);
  // Without a numbered statement, none has to be named.
  if (last === undefined) return new Set(numbered);
  const line = lineOf(last, byId);
  const mayBeUnnamed = ({ number, time }: ReadStatement): boolean =>
    number === undefined && time >= last.time - UNNAMED_SECONDS;
  return new Set(good.filter((one) => !line.has(one.id) && !mayBeUnnamed(one)));
}

const latestFirst = (a: ReadStatement, b: ReadStatement): number =>
  (b.number ?? 0) - (a.number ?? 0) || b.time - a.time;

/** Returns the ids of a statement and of all that it names, directly or not. */
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
