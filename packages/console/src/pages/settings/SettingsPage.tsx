// Shows the configurations that came into force, and what each of them changed.
import { Badge, Code, List, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { textOf } from '../../shared/entry.ts';
import { Drawer } from '../../shared/overlays.tsx';
import { Facts, Page, Panel } from '../../shared/Page.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { TokenId } from '../../shared/TokenId.tsx';
import { Nodes } from './Nodes.tsx';
import { page } from './page.ts';

type Row = components['answers']['list-configurations']['items'][number];

const columns: readonly Column<Row>[] = [
  {
    title: 'Outcome',
    width: '6.5rem',
    cell: ({ outcome }) => (
      <Badge variant="light" color={outcome === 'applied' ? 'green' : 'red'}>
        {outcome}
      </Badge>
    ),
  },
  { title: 'When', width: 'minmax(7rem, 1fr)', cell: ({ time }) => <TimeText at={time} /> },
  { title: 'Cause', width: 'minmax(5rem, 1fr)', cell: ({ cause }) => textOf(cause) },
  { title: 'Digest', width: 'minmax(7rem, 1fr)', wideOnly: true, cell: ({ digest }) => textOf(digest).slice(0, 12) },
  {
    title: 'Request',
    width: 'minmax(9rem, 1fr)',
    wideOnly: true,
    cell: ({ requestId }) => <TokenId id={requestId} />,
  },
];

export default function SettingsPage(): ReactNode {
  const [{ changes }, change] = useUrlState(page);
  const { data, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['configurations'],
    queryFn: ({ pageParam, signal }) =>
      read(
        api.GET('/configurations', { params: { query: { ...(pageParam !== '' && { cursor: pageParam }) } }, signal }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });
  const rows = data?.pages.flatMap(({ items }) => items);
  const shown = rows?.find(({ requestId }) => requestId === changes);
  return (
    <Page page={page}>
      <Nodes />
      <Panel title="Configurations">
        {rows === undefined ? (
          <Loading />
        ) : rows.length === 0 ? (
          <EmptyState title="No configuration has come into force" command="cambio policy history">
            A server that runs for the first time writes a row about its configuration at once.
          </EmptyState>
        ) : (
          <DataTable
            label="Configurations"
            columns={columns}
            rows={rows}
            keyOf={({ requestId }) => requestId}
            onOpen={({ requestId }) => change({ changes: requestId })}
            onEnd={() => void (hasNextPage && fetchNextPage())}
          />
        )}
      </Panel>
      <Drawer title="Configuration" onClose={() => change({ changes: '' })}>
        {shown && <Details row={shown} />}
      </Drawer>
    </Page>
  );
}

/** The members of `configured` in docs/reference/audit-log.md. */
function Details({ row }: { readonly row: Row }): ReactNode {
  const { time, outcome, cause, digest, requestId, file, error } = row;
  return (
    <>
      <Facts
        of={{
          Outcome: outcome,
          When: <TimeText at={time} />,
          Cause: textOf(cause) || undefined,
          File: textOf(file) || undefined,
          Digest: textOf(digest) === '' ? undefined : <TokenId id={textOf(digest)} whole />,
          Request: <TokenId id={requestId} whole />,
          Fault: textOf(error) === '' ? undefined : <Code block>{textOf(error)}</Code>,
        }}
      />
      {outcome === 'applied' && textOf(digest) !== '' && <Changes digest={textOf(digest)} />}
    </>
  );
}

function Changes({ digest }: { readonly digest: string }): ReactNode {
  const { data } = useQuery({
    queryKey: ['changes', digest],
    queryFn: ({ signal }) =>
      read(api.GET('/configurations/{digest}/changes', { params: { path: { digest }, query: {} }, signal })),
  });
  if (data === undefined) return <Loading />;
  if (data.items.length === 0)
    return (
      <Text mt="md" c="dimmed">
        Nothing has changed since: this configuration is in force.
      </Text>
    );
  return (
    <>
      <Text mt="md" fw={600}>
        What has changed since
      </Text>
      <List size="sm" spacing={4}>
        {data.items.map(({ text }) => (
          <List.Item key={text}>{text}</List.Item>
        ))}
      </List>
    </>
  );
}
