// Decides recorded exchanges again, and shows where the decision differs.

import { Button, Group, NativeSelect, Text, TextInput } from '@mantine/core';
import { Play } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { useUrlState } from '../../frame/url-state.ts';
import { issuer } from '../../location.ts';
import { type Draft, useDraft } from '../../shared/draft/draft.ts';
import { Command, EmptyState } from '../../shared/EmptyState.tsx';
import { countOf } from '../../shared/numbers.ts';
import { Page, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { Problem } from '../../shared/Problem.tsx';
import { shellQuote } from '../../shared/shell.ts';
import { TimeText } from '../../shared/TimeText.tsx';
import { Differences } from './Differences.tsx';
import './replay.css';
import { page } from './page.ts';
import { type Replay, useReplay } from './use-replay.ts';

const PERIODS = {
  '1d': { label: 'one day', days: 1 },
  '7d': { label: '7 days', days: 7 },
  '30d': { label: '30 days', days: 30 },
  '90d': { label: '90 days', days: 90 },
  all: { label: 'all rows', days: undefined },
} as const;
type Period = keyof typeof PERIODS;
const DAY_MS = 86_400_000;

/** The command that does the same, and fails if more would be allowed. */
const commandOf = (period: Period, client: string): string =>
  [
    'cambio policy replay cambio.yaml',
    `--server ${shellQuote(issuer)}`,
    ...(period === 'all' ? [] : [`--since ${period}`]),
    ...(client === '' ? [] : [`--client ${shellQuote(client)}`]),
    '--fail-on allow',
  ].join(' ');

export default function ReplayPage(): ReactNode {
  const [{ period, client, until }, change] = useUrlState(page);
  const draft = useDraft();
  const end = Number.isNaN(Date.parse(until)) ? undefined : until;
  const { days } = PERIODS[period];
  const since =
    end === undefined || days === undefined ? undefined : new Date(Date.parse(end) - days * DAY_MS).toISOString();
  const replay = useReplay(draft, { since, until: end, client: client === '' ? undefined : client });
  return (
    <Page page={page}>
      <Panel title={draft === undefined ? 'By the files in force' : 'By the draft'}>
        <Subject draft={draft} />
        <Form
          key={client}
          period={period}
          client={client}
          isReading={replay.state === 'reading'}
          onReplay={(chosen) =>
            change({ ...chosen, until: new Date().toISOString(), change: 'all', of: '', reason: '', request: '' })
          }
        />
        <Progress replay={replay} />
      </Panel>
      <div className="replay-found">
        {replay.state === 'not begun' ? (
          <EmptyState title="Nothing was replayed" command={commandOf(period, client)}>
            Choose a period and press Replay. The command does the same in CI: it fails if the file would allow more
            than was allowed.
          </EmptyState>
        ) : (
          <>
            <Differences replay={replay} />
            <Panel title="The same in CI">
              <Text size="sm" mb="xs">
                The command replays a file, and fails if it would allow what was refused.
              </Text>
              <Command text={commandOf(period, client)} />
            </Panel>
          </>
        )}
      </div>
    </Page>
  );
}

const Subject = ({ draft }: { readonly draft: Draft | undefined }): ReactNode => (
  <div className="replay-subject">
    <Text>
      {draft === undefined
        ? 'There is no draft. The rules in force decide rows that older rules decided.'
        : `The draft changes ${draft.files.length === 1 ? 'one file' : `${draft.files.length} files`}.`}
    </Text>
    <PageLink to="policy">{draft === undefined ? 'Edit the rules' : 'Show the draft'}</PageLink>
  </div>
);

interface FormProps {
  readonly period: Period;
  readonly client: string;
  readonly isReading: boolean;
  readonly onReplay: (chosen: { readonly period: Period; readonly client: string }) => void;
}

function Form({ period, client, isReading, onReplay }: FormProps): ReactNode {
  const [chosen, choose] = useState(period);
  const [name, setName] = useState(client);
  return (
    <form
      className="replay-form"
      onSubmit={(event) => {
        event.preventDefault();
        onReplay({ period: chosen, client: name.trim() });
      }}
    >
      <NativeSelect
        label="Rows of the last"
        data={Object.entries(PERIODS).map(([value, { label }]) => ({ value, label }))}
        value={chosen}
        onChange={(event) => choose(event.currentTarget.value as Period)}
      />
      <TextInput
        {...SEARCH_FIELD}
        label="Client"
        placeholder="every client"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" leftSection={<Play size={16} aria-hidden="true" />} loading={isReading}>
        Replay
      </Button>
    </form>
  );
}

/** How far the replay is. Its height does not change. */
function Progress({ replay: { state, reached, counts, failure, stop, goOn } }: { readonly replay: Replay }): ReactNode {
  const read = counts.changed + counts.same + counts.undecided + counts.withheld;
  return (
    <div className="replay-progress">
      <Text component="div" role="status" size="sm" c="dimmed">
        {state === 'reading' && 'Reading … '}
        {(state === 'done' || state === 'stopped') &&
          `${state === 'done' ? 'All rows of the period are read' : 'Stopped'}: `}
        {state !== 'not begun' && state !== 'refused' && countOf(read, 'row')}
        {state !== 'done' && reached !== undefined && (
          <>
            , back to <TimeText at={reached} />
          </>
        )}
      </Text>
      <Group gap="xs">
        {state === 'reading' && (
          <Button size="compact-sm" variant="default" onClick={stop}>
            Stop
          </Button>
        )}
        {state === 'stopped' && (
          <Button size="compact-sm" variant="default" onClick={goOn}>
            Go on
          </Button>
        )}
      </Group>
      {failure !== undefined && <Problem error={failure} title="The draft cannot be replayed" />}
    </div>
  );
}
