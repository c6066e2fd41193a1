// A table that draws only the rows in view, so that it may have any number of them.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useMemo, useRef } from 'react';
import { isRead, useMissedRows } from './kept-place.ts';

export interface Column<Row> {
  readonly title: string;
  /** The track of a CSS grid: `8rem`, `minmax(0, 2fr)`. */
  readonly width: string;
  readonly cell: (row: Row) => ReactNode;
  /** Left out on a narrow screen. */
  readonly wideOnly?: true;
  /** Left out unless the screen has room for many columns. */
  readonly desktopOnly?: true;
}

interface DataTableProps<Row> {
  /** What the rows are, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Makes rows open something, by click and by Enter. */
  readonly onOpen?: (row: Row) => void;
  /** Called when the last rows come into view, to load more. */
  readonly onEnd?: () => void;
}

const ROW_HEIGHT_PX = 44;
const NARROW = '(max-width: 48rem)';
const NOT_DESKTOP = '(max-width: 75rem)';

function useFitting<Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] {
  const [isNarrow, isTablet] = [matchMedia(NARROW).matches, matchMedia(NOT_DESKTOP).matches];
  return useMemo(
    () => columns.filter(({ wideOnly, desktopOnly }) => !(isNarrow && wideOnly) && !(isTablet && desktopOnly)),
    [columns, isNarrow, isTablet],
  );
}

interface CellsProps<Row> {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
}

/** A row that stays in view is not drawn again while the table is scrolled. */
const Cells = memo(function Cells<Row>({ row, columns }: CellsProps<Row>): ReactNode {
  return columns.map(({ title, cell }) => (
    // biome-ignore lint/a11y/useSemanticElements: rows of a <table> cannot be positioned one by one
    <div key={title} className="table-cell" role="cell">
      {cell(row)}
    </div>
  ));
}) as <Row>(props: CellsProps<Row>) => ReactNode;

export function DataTable<Row>({ label, columns, rows, keyOf, onOpen, onEnd }: DataTableProps<Row>): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    // The rows are measured anew when this function changes.
    getItemKey: useCallback((index: number) => keyOf(rows[index] as Row), [keyOf, rows]),
    overscan: 12,
    // Rows that arrive above those in view do not move them.
    anchorTo: isRead(scroller.current) ? 'end' : 'start',
  });
  const missed = useMissedRows(scroller, rows, keyOf);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - 1 && rows.length > 0) onEnd?.();
  }, [last, rows.length, onEnd]);
  const shown = useFitting(columns);
  const gridTemplateColumns = shown.map(({ width }) => width).join(' ');
  const press = (event: KeyboardEvent<HTMLDivElement>, index: number): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = rows[index];
    if (event.key === 'Enter' && event.target === event.currentTarget && row !== undefined) onOpen?.(row);
    if (step === undefined) return;
    event.preventDefault();
    virtualizer.scrollToIndex(Math.min(rows.length - 1, Math.max(0, index + step)));
    const next = event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-index="${index + step}"]`);
    next?.focus();
  };
  return (
    <div className="table-frame">
      {/* biome-ignore lint/a11y/useSemanticElements: rows of a <table> cannot be positioned one by one */}
      <div
        ref={scroller}
        className="table"
        role="table"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        // Rows that open take the focus themselves. Otherwise the arrow keys scroll the table.
        tabIndex={onOpen === undefined || rows.length === 0 ? 0 : -1}
      >
        {/* biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useSemanticElements: the head is read, not used */}
        <div className="table-row table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns }}>
          {shown.map(({ title }) => (
            // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useSemanticElements: as above
            <div key={title} className="table-cell" role="columnheader">
              {title}
            </div>
          ))}
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div className="table-body" role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, key, start }) => {
            const row = rows[index] as Row;
            return (
              // biome-ignore lint/a11y/useSemanticElements: as above
              <div
                key={key}
                data-index={index}
                data-last={index === rows.length - 1 || undefined}
                role="row"
                aria-rowindex={index + 2}
                tabIndex={onOpen === undefined ? -1 : 0}
                className={onOpen === undefined ? 'table-row' : 'table-row opens'}
                style={{ gridTemplateColumns, height: ROW_HEIGHT_PX, transform: `translateY(${start}px)` }}
                onClick={() => onOpen?.(row)}
                onKeyDown={(event) => press(event, index)}
              >
                <Cells row={row} columns={shown} />
              </div>
            );
          })}
        </div>
      </div>
      <MissedRows count={missed} onSeen={() => scroller.current?.scrollTo({ top: 0 })} />
    </div>
  );
}

/** Says how many rows arrived above those in view. */
const MissedRows = ({ count, onSeen }: { readonly count: number; readonly onSeen: () => void }): ReactNode =>
  count > 0 && (
    <button type="button" className="table-missed" onClick={onSeen}>
      ↑ {count === 1 ? '1 new row' : `${count} new rows`}
    </button>
  );
