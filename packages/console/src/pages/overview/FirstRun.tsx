// Before the first exchange: decides a sample exchange without issuing anything, and shows the commands that do it really.
import { Alert, Button, Code, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { issuer } from '../../location.ts';
import { Checklist, stepsOf } from '../../shared/Decision.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { readSample } from '../../shared/read-sample.ts';
import { type Client, playgroundState, type Sample } from '../../shared/sample-exchange.ts';
import { CopyText } from '../../shared/TokenId.tsx';
import { commandsFor } from './sample-commands.ts';

/** A server with more rows is not fresh. The sign-in to this page has rows, too. */
const FRESH_ROWS = 200;
const REFRESH_MS = 10_000;

interface First {
  /** undefined: no rule can be tried. */
  readonly sample: Sample | undefined;
  readonly clients: readonly Client[];
}

/**
 * @param last the number of the last row of the audit
 * @returns a sample to try while nobody has exchanged a token; `none` afterwards; undefined until that is known
 */
export function useFirstRun(last: number | undefined): First | 'none' | undefined {
  const mayBeFresh = last !== undefined && last <= FRESH_ROWS;
  const { data } = useQuery({
    queryKey: ['first run'],
    queryFn: ({ signal }) => findFirst(signal),
    enabled: mayBeFresh,
    refetchInterval: ({ state }) => (state.data === 'none' ? false : REFRESH_MS),
  });
  return last === undefined || mayBeFresh ? data : 'none';
}

async function findFirst(signal: AbortSignal): Promise<First | 'none'> {
  const [rows, first] = await Promise.all([
    read(api.GET('/audit', { params: { query: { limit: FRESH_ROWS } }, signal })),
    readSample(signal),
  ]);
  return rows.items.some(({ grant }) => grant === 'token_exchange') ? 'none' : first;
}

export function FirstRun({ first: { sample, clients } }: { readonly first: First }): ReactNode {
  if (sample === undefined)
    return (
      <EmptyState title="No rule allows an exchange yet" command="cambio check --config cambio.yaml">
        Add a rule to the configuration file: it says which client may exchange whose tokens, for which targets.
      </EmptyState>
    );
  return (
    <Panel title="Run a first exchange">
      <Stack gap="sm">
        <Text>
          No token has been exchanged yet. By the rule{' '}
          <PageLink to="policy" state={{ rule: sample.rule }}>
            {sample.rule}
          </PageLink>
          , <strong>{sample.client}</strong> could ask for a token for {sample.audience}, with a token about{' '}
          {sample.subject.claims.sub}
          {sample.actor !== undefined && <> and one of the actor {sample.actor.claims.sub}</>}. Try it: the server
          decides it as the token endpoint would, and issues nothing.
        </Text>
        <Trial sample={sample} />
        <Text>
          <PageLink to="playground" state={playgroundState(sample)}>
            Open it in the playground
          </PageLink>{' '}
          to change it.
        </Text>
        <Commands text={commandsFor(sample, clients, issuer)} />
      </Stack>
    </Panel>
  );
}

type Answer = components['answers']['explain'];

function Trial({ sample: { rule: _, audience, ...sample } }: { readonly sample: Sample }): ReactNode {
  const trial = useMutation({
    mutationFn: () => read(api.POST('/explain', { body: { ...sample, audience: [audience] } })),
    throwOnError: true,
  });
  return (
    <>
      <div>
        <Button
          leftSection={<Play size={16} aria-hidden="true" />}
          loading={trial.isPending}
          onClick={() => trial.mutate()}
        >
          Run the demo exchange
        </Button>
      </div>
      <div role="status">{trial.data !== undefined && <Verdict answer={trial.data} />}</div>
    </>
  );
}

const Verdict = ({ answer }: { readonly answer: Answer }): ReactNode => (
  <Stack gap="sm">
    {answer.decision === 'allowed' ? (
      <Alert color="green" title="Allowed">
        The token would be about {String(answer.claims?.sub)}, for {String(answer.claims?.aud)}, with the scope{' '}
        {String(answer.claims?.scope)}.
      </Alert>
    ) : (
      <Alert color="orange" title={`Refused: ${answer.meaning ?? answer.reason}`}>
        {answer.detail} {answer.remedy}
      </Alert>
    )}
    <Checklist steps={stepsOf(answer)} />
  </Stack>
);

const Commands = ({ text }: { readonly text: string }): ReactNode => (
  <div>
    <Text fw={600} mb={4}>
      The commands that do it really <CopyText text={text} what="the commands" />
    </Text>
    <Code block tabIndex={0}>
      {text}
    </Code>
  </div>
);
