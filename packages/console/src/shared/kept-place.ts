// Says whether a person reads in a table, so that its rows stay in view while new ones arrive above them, and counts those.
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Has the person scrolled down, or put the focus on a row? */
export const isRead = (table: HTMLElement | null): boolean =>
  table !== null && (table.scrollTop > 0 || table.contains(document.activeElement));

/** @returns the number of rows that arrived above while somebody read */
export function useMissedRows<Row>(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): number {
  const previous = useRef(rows);
  const [missed, setMissed] = useState(0);
  useLayoutEffect(() => {
    const before = previous.current;
    const table = scroller.current;
    previous.current = rows;
    if (before === rows || before.length === 0 || table === null) return;
    const arrived = countArrived(before, rows, keyOf);
    // Another list begins at its top.
    if (arrived === undefined) table.scrollTop = 0;
    setMissed((count) => (arrived === undefined || !isRead(table) ? 0 : count + arrived));
  }, [rows, keyOf, scroller]);
  useEffect(() => {
    const table = scroller.current;
    const scrolled = (): void => {
      if (table?.scrollTop === 0) setMissed(0);
    };
    table?.addEventListener('scroll', scrolled, { passive: true });
    return () => table?.removeEventListener('scroll', scrolled);
  }, [scroller]);
  return missed;
}

/** @returns how many rows arrived at the top or between the first rows; undefined if it is another list */
function countArrived<Row>(
  before: readonly Row[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): number | undefined {
  const [first, last, newLast] = [before[0] as Row, before.at(-1) as Row, rows.at(-1)];
  if (newLast !== undefined && keyOf(newLast) === keyOf(last)) return rows.length - before.length;
  const index = rows.findIndex((row) => keyOf(row) === keyOf(first));
  return index === -1 ? undefined : index;
}
