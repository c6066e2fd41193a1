// Shows the audit log: a list that may be followed as rows are written, its filters, and one row in a drawer.

import { Button, Group, Text } from '@mantine/core';
import { RotateCw } from 'lucide-react';
import { type ReactNode, useCallback } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { DataTable } from '../../shared/DataTable.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Drawer } from '../../shared/overlays.tsx';
import { Page } from '../../shared/Page.tsx';
import { Problem } from '../../shared/Problem.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import './audit.css';
import { columns } from './columns.tsx';
import { FilterBar } from './FilterBar.tsx';
import { type Filter, filterOf } from './filters.ts';
import { page } from './page.ts';
import { RowDetails } from './RowDetails.tsx';
import { type Entry, useAudit } from './use-audit.ts';

const keyOf = ({ key }: Entry): string => key;

export default function AuditPage(): ReactNode {
  const [state, change] = useUrlState(page);
  const filter = filterOf(state);
  // Rows after the end of a period are not written any more.
  const isLive = state.live === 'on' && filter.until === undefined;
  const audit = useAudit(filter, isLive);
  const open = useCallback((requestId: string) => change({ request: requestId }), [change]);
  return (
    <Page
      page={page}
      actions={
        <Group gap="xs">
          {!isLive && (
            <Button
              variant="subtle"
              leftSection={<RotateCw size={16} aria-hidden="true" />}
              onClick={audit.searchAgain}
            >
              Search again
            </Button>
          )}
          <Button
            variant={isLive ? 'filled' : 'default'}
            aria-pressed={isLive}
            disabled={filter.until !== undefined}
            leftSection={<span className={isLive ? 'live-dot on' : 'live-dot'} aria-hidden="true" />}
            onClick={() => change({ live: isLive ? 'off' : 'on' }, 'replace')}
          >
            Live
          </Button>
        </Group>
      }
    >
      <FilterBar state={state} change={change} />
      <AuditList audit={audit} filter={filter} isLive={isLive} onOpen={open} />
      <Drawer title="One request" onClose={() => change({ request: '' })}>
        {state.request !== '' && <RowDetails key={state.request} id={state.request} onOpen={open} />}
      </Drawer>
    </Page>
  );
}

interface AuditListProps {
  readonly audit: ReturnType<typeof useAudit>;
  readonly filter: Filter;
  readonly isLive: boolean;
  readonly onOpen: (requestId: string) => void;
}

function AuditList({ audit, filter, isLive, onOpen }: AuditListProps): ReactNode {
  const { rows, data, error, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = audit;
  const openRow = useCallback(({ requestId }: Entry) => onOpen(requestId), [onOpen]);
  const readMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (error !== null) return <Problem error={error} title="The server cannot search for this" />;
  const isSearching = data === undefined || (rows.length === 0 && hasNextPage);
  return (
    <div className="audit-list" data-old={isPlaceholderData || undefined}>
      <Notes audit={audit} />
      {isSearching ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Nothing isFiltered={Object.keys(filter).length > 0} isLive={isLive} />
      ) : (
        <DataTable label="Audit rows" columns={columns} rows={rows} keyOf={keyOf} onOpen={openRow} onEnd={readMore} />
      )}
    </div>
  );
}

/** What the list lacks. */
const Notes = ({ audit: { isCut, searchedUpTo, searchAgain } }: Pick<AuditListProps, 'audit'>): ReactNode => (
  <>
    {searchedUpTo !== undefined && (
      <Text size="sm" mb="xs">
        The index of the log is behind. Rows that were written after <TimeText at={searchedUpTo} /> are missing here.
      </Text>
    )}
    {isCut && (
      <Group gap="xs" mb="xs">
        <Text size="sm">Many rows have arrived, and older ones were left out of this list.</Text>
        <Button variant="subtle" size="compact-sm" onClick={searchAgain}>
          Search again
        </Button>
      </Group>
    )}
  </>
);

const Nothing = ({ isFiltered, isLive }: { readonly isFiltered: boolean; readonly isLive: boolean }): ReactNode =>
  isFiltered ? (
    <EmptyState title="No row matches every filter" command="cambio audit search --help">
      {isLive ? 'Rows that match appear as soon as they are written.' : 'Remove a filter, or choose a longer period.'}
    </EmptyState>
  ) : (
    <EmptyState title="Nothing has been asked of this server" command="cambio audit tail --follow">
      {isLive ? 'Rows appear as soon as they are written.' : 'Get a token, and search again.'}
    </EmptyState>
  );
