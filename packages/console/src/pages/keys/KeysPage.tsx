// Shows the signing keys, and rotates them.
import { Badge, Button, Select, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { mayWrite } from '../../session/session.ts';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { Confirm } from '../../shared/overlays.tsx';
import { Page } from '../../shared/Page.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { TokenId } from '../../shared/TokenId.tsx';
import { page } from './page.ts';

type Key = components['answers']['list-keys']['items'][number];

const COLOURS = { next: 'blue', active: 'green', retired: 'gray' } as const;

const columns: readonly Column<Key>[] = [
  {
    title: 'State',
    width: '6.5rem',
    cell: ({ state }) => (
      <Badge variant="light" color={COLOURS[state]}>
        {state}
      </Badge>
    ),
  },
  { title: 'Key', width: 'minmax(8rem, 2fr)', cell: ({ kid }) => <TokenId id={kid} /> },
  { title: 'Algorithm', width: 'minmax(4.5rem, 1fr)', cell: ({ alg }) => alg },
  {
    title: 'Published',
    width: 'minmax(7rem, 1fr)',
    wideOnly: true,
    cell: ({ createdAt }) => <TimeText at={createdAt} />,
  },
  {
    title: 'Signs from',
    width: 'minmax(7rem, 1fr)',
    wideOnly: true,
    cell: ({ activatesAt }) => <TimeText at={activatesAt} />,
  },
];

const keysQuery = {
  queryKey: ['keys'],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => read(api.GET('/keys', { signal })),
};

export default function KeysPage(): ReactNode {
  const { data } = useQuery(keysQuery);
  const [isAsking, setAsking] = useState(false);
  const rotate = mayWrite() && (
    <Button leftSection={<RefreshCw size={16} aria-hidden="true" />} onClick={() => setAsking(true)}>
      Rotate
    </Button>
  );
  return (
    <Page page={page} actions={rotate}>
      {data === undefined ? (
        <Loading />
      ) : (
        <>
          <DataTable label="Signing keys" columns={columns} rows={data.items} keyOf={({ kid }) => kid} />
          <Rotation keys={data.items} isOpen={isAsking} onClose={() => setAsking(false)} />
        </>
      )}
    </Page>
  );
}

interface RotationProps {
  readonly keys: readonly Key[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Asks for the algorithm, and says what the rotation does. */
function Rotation({ keys, isOpen, onClose }: RotationProps): ReactNode {
  const queries = useQueryClient();
  const algorithms = [...new Set(keys.map(({ alg }) => alg))];
  const [chosen, choose] = useState<Key['alg'] | undefined>();
  const alg = chosen ?? algorithms[0];
  const rotate = async (): Promise<void> => {
    await read(api.POST('/keys', { body: alg === undefined ? {} : { alg } }));
    await queries.invalidateQueries(keysQuery);
  };
  return (
    <Confirm
      title="Rotate the signing key"
      action="Make the next key"
      isOpen={isOpen}
      onClose={onClose}
      onConfirm={rotate}
    >
      <Stack gap="sm">
        <Text>
          A new {alg} key is published now. It signs once every verifier has had time to fetch it (keys.publishAhead).
          The active key signs until then, and tokens that it signed stay valid.
        </Text>
        {algorithms.length > 1 && (
          <Select
            label="Algorithm"
            data={algorithms}
            value={alg ?? null}
            allowDeselect={false}
            onChange={(value) => choose(algorithms.find((one) => one === value))}
          />
        )}
      </Stack>
    </Confirm>
  );
}
