// A table that draws only the rows in view, so that it may have any number of them.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

export interface Column<Row> {
  readonly title: string;
  /** The track of a CSS grid: `8rem`, `minmax(0, 2fr)`. */
  readonly width: string;
  readonly cell: (row: Row) => ReactNode;
  /** Left out on a narrow screen. */
  readonly wideOnly?: true;
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

export function DataTable<Row>({ label, columns, rows, keyOf, onOpen, onEnd }: DataTableProps<Row>): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    getItemKey: (index) => keyOf(rows[index] as Row),
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - 1 && rows.length > 0) onEnd?.();
  }, [last, rows.length, onEnd]);
  const shown = matchMedia(NARROW).matches ? columns.filter(({ wideOnly }) => !wideOnly) : columns;
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
    // biome-ignore lint/a11y/useSemanticElements: rows of a <table> cannot be positioned one by one
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
              {shown.map(({ title, cell }) => (
                // biome-ignore lint/a11y/useSemanticElements: as above
                <div key={title} className="table-cell" role="cell">
                  {cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
