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
    const [first] = previous.current;
    const table = scroller.current;
    const isSame = previous.current === rows;
    previous.current = rows;
    if (isSame || first === undefined || table === null) return;
    const key = keyOf(first);
    const arrived = rows.findIndex((row) => keyOf(row) === key);
    // Another list begins at its top.
    if (arrived === -1) table.scrollTop = 0;
    setMissed((count) => (arrived === -1 || !isRead(table) ? 0 : count + arrived));
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
