// The decisions that differ: how many of which kind, in groups by client and reason, and one by one.
import { Badge, Button, Code, Text, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useUrlState } from '../../frame/url-state.ts';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { formatNumber } from '../../shared/numbers.ts';
import { Drawer } from '../../shared/overlays.tsx';
import { Facts, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { ReasonText } from '../../shared/ReasonText.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { TokenId } from '../../shared/TokenId.tsx';
import { page } from './page.ts';
import type { Difference, Group, Replay } from './use-replay.ts';

const KINDS = ['newly allowed', 'newly refused', 'allowed otherwise', 'refused otherwise'] as const;
type Kind = (typeof KINDS)[number];
const COLOURS: Readonly<Record<Kind, string>> = {
  'newly allowed': 'red',
  'newly refused': 'blue',
  'allowed otherwise': 'gray',
  'refused otherwise': 'gray',
};

const Kind = ({ change, count }: { readonly change: Kind; readonly count?: number }): ReactNode => (
  <Badge variant="light" color={COLOURS[change]}>
    {count !== undefined && formatNumber(count)} {change}
  </Badge>
);

const groupColumns: readonly Column<Group>[] = [
  { title: 'Change', width: '10rem', cell: ({ change, count }) => <Kind change={change} count={count} /> },
  { title: 'Client', width: 'minmax(4rem, 1fr)', cell: ({ client }) => client },
  {
    title: 'Reason',
    width: 'minmax(8rem, 2fr)',
    wideOnly: true,
    cell: ({ reason }) => (reason === undefined ? 'another token' : <ReasonText reason={reason} />),
  },
];

const columns: readonly Column<Difference>[] = [
  { title: 'Change', width: '8.5rem', cell: ({ change }) => <Kind change={change} /> },
  { title: 'When', width: 'minmax(6rem, 1fr)', cell: ({ time }) => <TimeText at={time} /> },
  { title: 'Client', width: 'minmax(6rem, 1fr)', wideOnly: true, cell: ({ client }) => client },
  { title: 'Subject', width: 'minmax(6rem, 1fr)', wideOnly: true, cell: ({ subject }) => subject },
  { title: 'Now', width: 'minmax(8rem, 3fr)', wideOnly: true, cell: ({ after }) => after },
];

export function Differences({ replay }: { readonly replay: Replay }): ReactNode {
  const [{ change: kind, of, reason, request }, change] = useUrlState(page);
  const { differences, groups, counts } = replay;
  const countOfKind = (one: Kind): number => differences.filter((item) => item.change === one).length;
  const isWanted = (item: Pick<Difference, 'change' | 'client' | 'reason'>): boolean =>
    (kind === 'all' || item.change === kind) &&
    (of === '' || item.client === of) &&
    (reason === '' || item.reason === reason);
  const shown = differences.filter(isWanted);
  const open = differences.find(({ requestId }) => requestId === request);
  const isDone = replay.state === 'done';
  return (
    <>
      <div className="replay-kinds">
        {KINDS.map((one) => (
          <UnstyledButton
            key={one}
            className="replay-kind"
            aria-pressed={kind === one}
            onClick={() => change({ change: kind === one ? 'all' : one, of: '', reason: '' })}
          >
            <strong>{formatNumber(countOfKind(one))}</strong> {one}
          </UnstyledButton>
        ))}
        <div className="replay-kind">
          <strong>{formatNumber(counts.same)}</strong> the same
        </div>
      </div>
      <Rest counts={counts} />
      {differences.length === 0 ? (
        <Panel title="Differences">
          <Text c="dimmed">{isDone ? 'No recorded decision would change.' : 'No difference so far.'}</Text>
        </Panel>
      ) : (
        <>
          <Panel title="By client and reason">
            <DataTable
              label="Groups of differences"
              columns={groupColumns}
              rows={groups.filter((one) => kind === 'all' || one.change === kind)}
              keyOf={(one) => JSON.stringify([one.change, one.client, one.reason])}
              onOpen={(one) => change({ change: one.change, of: one.client, reason: one.reason ?? '' })}
            />
          </Panel>
          <Panel title="Differences">
            {(of !== '' || reason !== '') && (
              <Text size="sm" mb="xs">
                Of {of}
                {reason !== '' && (
                  <>
                    : <ReasonText reason={reason} />
                  </>
                )}{' '}
                <Button
                  size="compact-xs"
                  variant="subtle"
                  onClick={() => change({ change: 'all', of: '', reason: '' })}
                >
                  Show all
                </Button>
              </Text>
            )}
            <DataTable
              label="Differences"
              columns={columns}
              rows={shown}
              keyOf={({ requestId }) => requestId}
              onOpen={({ requestId }) => change({ request: requestId })}
            />
          </Panel>
        </>
      )}
      <Drawer title="A decision that differs" onClose={() => change({ request: '' })}>
        {open && <Details difference={open} />}
      </Drawer>
    </>
  );
}

/** What could not be compared, and why. */
const Rest = ({ counts: { withheld, undecided } }: Pick<Replay, 'counts'>): ReactNode => (
  <Text size="sm" c="dimmed" className="replay-rest">
    {withheld > 0 && `${formatNumber(withheld)} rows cannot be compared: they lack what a rule read, or were erased. `}
    {undecided > 0 &&
      `${formatNumber(undecided)} have no decision of a rule: another kind of request, or refused for another cause.`}
    {withheld + undecided === 0 && 'Every row could be compared.'}
  </Text>
);

function Details({ difference }: { readonly difference: Difference }): ReactNode {
  const { requestId, time, client, subject, change, reason, before, after, missing } = difference;
  const isRefused = change === 'newly refused' || change === 'refused otherwise';
  return (
    <>
      <Facts
        of={{
          Change: <Badge color={COLOURS[change]}>{change}</Badge>,
          When: <TimeText at={time} />,
          Client: client,
          Subject: subject,
          Then: before,
          Now: after,
          'To allow it': isRefused && reason !== undefined ? <ReasonText reason={reason} withRemedy /> : undefined,
          'Not recorded':
            missing.length === 0 ? undefined : (
              <>
                The rules read{' '}
                {missing.map((one) => (
                  <Code key={one}>{one}</Code>
                ))}
                , which the row does not have. With a value, the decision may be another.
              </>
            ),
          Request: <TokenId id={requestId} whole />,
        }}
      />
      <Text mt="md">
        <PageLink to="playground" state={{ row: requestId }}>
          Open in the playground
        </PageLink>
        {' · '}
        <PageLink to="audit" state={{ request: requestId }}>
          Show the audit row
        </PageLink>
      </Text>
    </>
  );
}
