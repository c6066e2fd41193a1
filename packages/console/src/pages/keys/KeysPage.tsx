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
import { countOf, describeSeconds, formatNumber } from '../../shared/numbers.ts';
import { Confirm } from '../../shared/overlays.tsx';
import { Page } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
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
  { title: 'Key', width: 'minmax(8rem, 1.5fr)', cell: ({ kid }) => <TokenId id={kid} /> },
  { title: 'Algorithm', width: 'minmax(4.5rem, 1fr)', wideOnly: true, cell: ({ alg }) => alg },
  {
    title: 'Signs from',
    width: 'minmax(7rem, 1fr)',
    wideOnly: true,
    cell: ({ activatesAt }) => <TimeText at={activatesAt} />,
  },
  {
    title: 'Signs until',
    width: 'minmax(7rem, 1fr)',
    desktopOnly: true,
    cell: ({ signsUntil }) => (signsUntil === undefined ? 'not used' : <TimeText at={signsUntil} />),
  },
  {
    title: 'Published until',
    width: 'minmax(7rem, 1fr)',
    wideOnly: true,
    cell: ({ publishedUntil }) => <TimeText at={publishedUntil} />,
  },
  {
    title: 'Valid tokens',
    width: 'minmax(4rem, 0.7fr)',
    cell: ({ validTokens }) => (validTokens === undefined ? 'not counted' : formatNumber(validTokens)),
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
          <Text size="sm" c="dimmed" mt="sm">
            A key leaves the key sets when the last token that it signed has expired. Valid tokens are counted by their
            audience and its longest lifetime; revocations and ID tokens do not count.
          </Text>
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
  const { data: preview } = useQuery({
    queryKey: ['rotation', alg],
    queryFn: ({ signal }) =>
      read(api.GET('/keys/rotation', { params: { query: alg === undefined ? {} : { alg } }, signal })),
    enabled: isOpen,
  });
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
        {algorithms.length > 1 && (
          <Select
            label="Algorithm"
            data={algorithms}
            value={alg ?? null}
            allowDeselect={false}
            onChange={(value) => choose(algorithms.find((one) => one === value))}
          />
        )}
        {preview === undefined ? <Loading /> : <Preview of={preview} />}
      </Stack>
    </Confirm>
  );
}

/** What the rotation does, and who notices it. */
function Preview({ of }: { readonly of: components['answers']['preview-rotation'] }): ReactNode {
  const { alg, activatesAt, replaces, published, audiences, audienceCount } = of;
  const cached = describeSeconds(of.cachedForSeconds);
  return (
    <>
      <Text>
        A new {alg} key is published now, and signs <TimeText at={activatesAt} />.
      </Text>
      {published.map((key) => (
        <Text key={key.kid}>
          <TokenId id={key.kid} /> is published already, and signs <TimeText at={key.activatesAt} />.
        </Text>
      ))}
      {replaces !== undefined && (
        <Text>
          It replaces <TokenId id={replaces.kid} />. Tokens that it signed stay valid
          {replaces.validTokens !== undefined && `, about ${formatNumber(replaces.validTokens)} now`}, and it leaves the
          key sets <TimeText at={of.replacedPublishedUntil} />.
        </Text>
      )}
      <Text>
        Verifiers that cache a key set for {cached}, as it says, notice nothing. One that keeps keys until the new key
        signs, or that has a key in its configuration, refuses the new tokens.
      </Text>
      <details>
        <summary>{countOf(audienceCount, 'audience')} whose verifiers must read the key</summary>
        <ul className="plain-list">
          {audiences.map((audience) => (
            <li key={audience}>
              <PageLink to="directory" state={{ kind: 'resources', name: audience }}>
                {audience}
              </PageLink>
            </li>
          ))}
          {audienceCount > audiences.length && <li>and {formatNumber(audienceCount - audiences.length)} more</li>}
        </ul>
      </details>
    </>
  );
}
