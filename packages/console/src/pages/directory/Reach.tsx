// Answers "what can this client reach?": a sentence, a matrix of targets and scopes, a graph, and each way with its conditions.
import { Button, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FormEvent, lazy, type ReactNode, Suspense, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { useUrlState } from '../../frame/url-state.ts';
import { countOf } from '../../shared/numbers.ts';
import { Panel } from '../../shared/Page.tsx';
import { looksLikeToken } from '../../shared/token-text.ts';
import { Matrix } from './Matrix.tsx';
import { page } from './page.ts';
import { Ways } from './Ways.tsx';
import { distinct, type Reachable, waysOf } from './ways.ts';

const ReachGraph = lazy(() => import('./ReachGraph.tsx'));

const PAGE_ROWS = 200;

interface About {
  readonly client: string;
  readonly subject?: string;
  readonly issuer?: string;
}

async function loadReach(about: About, signal: AbortSignal): Promise<readonly Reachable[]> {
  const found: Reachable[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...about, limit: PAGE_ROWS, ...(cursor !== undefined && { cursor }) };
    const answer = await read(api.GET('/reach', { params: { query }, signal }));
    found.push(...answer.items);
    cursor = answer.next;
  } while (cursor !== undefined);
  return found;
}

/** What the client can reach, with tokens about one subject if one is named. */
export const useReach = (client: string, subject = '', issuer = ''): readonly Reachable[] | undefined =>
  useQuery({
    queryKey: ['reach', client, subject, issuer],
    queryFn: ({ signal }) =>
      loadReach({ client, ...(subject !== '' && { subject, ...(issuer !== '' && { issuer }) }) }, signal),
    placeholderData: keepPreviousData,
  }).data;

export function Reach({ client }: { readonly client: string }): ReactNode {
  const [{ view, subject, issuer }, change] = useUrlState(page);
  const data = useReach(client, subject, issuer);
  return (
    <Panel title="What it can reach">
      {data === undefined ? (
        <div className="reach-room" role="status" aria-label="Loading" />
      ) : (
        <Stack gap="md">
          <Text>{describe(client, data, subject)}</Text>
          <SubjectForm key={`${subject} ${issuer}`} />
          {data.length > 0 && (
            <>
              <SegmentedControl
                className="reach-view"
                aria-label="View"
                value={view}
                data={[
                  { value: 'matrix', label: 'Matrix' },
                  { value: 'graph', label: 'Graph' },
                ]}
                onChange={(value) => change({ view: value as typeof view }, 'replace')}
              />
              {view === 'matrix' ? (
                <Matrix items={data} />
              ) : (
                <Suspense fallback={<div className="reach-room" />}>
                  <ReachGraph client={client} ways={waysOf(data)} />
                </Suspense>
              )}
              <Ways ways={waysOf(data)} />
            </>
          )}
        </Stack>
      )}
    </Panel>
  );
}

/** The answer in a sentence. */
function describe(client: string, all: readonly Reachable[], subject: string): string {
  const about = subject === '' ? '' : ` with tokens about ${subject}`;
  const items = all.filter(({ mode }) => mode !== 'audit');
  if (items.length === 0) return `${client} can reach nothing${about}: no rule and no grant of its own leads anywhere.`;
  const targetsOf = (chosen: readonly Reachable[]): number => distinct(chosen.map(({ audience }) => audience)).length;
  const own = items.filter(({ by }) => by === 'client_credentials');
  const signedIn = items.filter(({ by }) => by === 'sign-in');
  const ruled = items.filter(({ by }) => by === 'rule');
  const rules = distinct(ruled.map(({ rule = '' }) => rule)).length;
  const parts = [
    ...(ruled.length > 0 ? [`${targetsOf(ruled)} by exchange, under ${countOf(rules, 'rule')}`] : []),
    ...(own.length > 0 ? [`${targetsOf(own)} with its own credentials`] : []),
    ...(signedIn.length > 0 ? [`${targetsOf(signedIn)} for people who sign in`] : []),
  ];
  return `${client} can reach ${countOf(targetsOf(items), 'target')}${about}: ${parts.join('; ')}.`;
}

/** Narrows the answer to tokens about one subject. The server decides what its name decides. */
function SubjectForm(): ReactNode {
  const [{ subject, issuer }, change] = useUrlState(page);
  const [isToken, setToken] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const named = String(form.get('subject')).trim();
    setToken(looksLikeToken(named));
    if (!looksLikeToken(named)) change({ subject: named, issuer: String(form.get('issuer')).trim() });
  };
  return (
    <form className="reach-subject" onSubmit={submit}>
      <TextInput
        name="subject"
        label="Only with tokens about"
        placeholder="a subject, such as ada"
        defaultValue={subject}
        error={isToken && 'This is the text of a token. Name its subject, or paste it in the playground.'}
      />
      <TextInput name="issuer" label="of the issuer" placeholder="this server" defaultValue={issuer} />
      <Button type="submit" variant="default">
        Show
      </Button>
      {subject !== '' && (
        <Button variant="subtle" onClick={() => change({ subject: '', issuer: '' })}>
          All subjects
        </Button>
      )}
    </form>
  );
}
