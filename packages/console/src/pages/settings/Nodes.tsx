// Lists the processes that run on the database, and which configuration each of them has in force.
import { Badge, Code, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { formatMs } from '../../shared/numbers.ts';
import { Panel } from '../../shared/Page.tsx';
import { statusQuery } from '../../shared/status-query.ts';
import { TimeText } from '../../shared/TimeText.tsx';

type Node = components['answers']['list-nodes']['items'][number];

const REFRESH_MS = 5_000;
const DIGEST_CHARACTERS = 12;
const STORES = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;

const columns: readonly Column<Node>[] = [
  {
    title: 'Node',
    width: 'minmax(8rem, 2fr)',
    cell: ({ host, pid, id, self }) => (
      <>
        {host === undefined ? id.slice(0, DIGEST_CHARACTERS) : `${host} ${pid}`}{' '}
        {self && <Badge variant="light">answers</Badge>}
      </>
    ),
  },
  {
    title: 'Configuration',
    width: 'minmax(7rem, 1fr)',
    cell: ({ digest, faults = [] }) =>
      faults.length > 0 ? <Badge color="red">{faults.length} faults</Badge> : digest?.slice(0, DIGEST_CHARACTERS),
  },
  { title: 'Version', width: 'minmax(5rem, 1fr)', wideOnly: true, cell: ({ version }) => version },
  {
    title: 'Started',
    width: 'minmax(7rem, 1fr)',
    wideOnly: true,
    cell: ({ startedAt }) => startedAt !== undefined && <TimeText at={startedAt} />,
  },
];

export function Nodes(): ReactNode {
  const { data } = useQuery({
    queryKey: ['nodes'],
    queryFn: ({ signal }) => read(api.GET('/nodes', { params: { query: {} }, signal })),
    refetchInterval: REFRESH_MS,
  });
  const { data: status } = useQuery(statusQuery);
  if (data === undefined) return <Loading />;
  const faults = data.items.flatMap(({ faults: own = [] }) => own);
  const digests = new Set(data.items.map(({ digest }) => digest));
  return (
    <Panel title="Nodes">
      <Stack gap="sm">
        {digests.size > 1 && <Text role="alert">The nodes have different configurations in force.</Text>}
        {faults.map(({ kind, since, details }) => (
          <div key={kind + since}>
            <Text fw={600}>
              {kind}, <TimeText at={since} />
            </Text>
            <Code block>{details.join('\n')}</Code>
          </div>
        ))}
        {status !== undefined && (
          <Text>
            The store is {STORES[status.store]}. It answered in {formatMs(Math.max(1, status.databaseMs))}.
          </Text>
        )}
        <DataTable label="Nodes" columns={columns} rows={data.items} keyOf={({ id }) => id} />
      </Stack>
    </Panel>
  );
}
