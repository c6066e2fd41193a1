// Shows a client: how it authenticates, when it was used last, and what it can reach.
import { Badge, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiFailure, api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { scopesOf, textOf, textsOf } from '../../shared/entry.ts';
import { countOf } from '../../shared/numbers.ts';
import { Facts, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { shellQuote } from '../../shared/shell.ts';
import { TimeText } from '../../shared/TimeText.tsx';
import type { Client } from './entries.ts';
import { Reach, useReach } from './Reach.tsx';
import { Snippets } from './Snippets.tsx';
import { EntryAsJson, linksTo, wordsOf } from './Text.tsx';
import { Unused } from './Unused.tsx';
import { distinct } from './ways.ts';

const NOT_FOUND = 404;

export function ClientDetails({ id }: { readonly id: string }): ReactNode {
  const { data, error } = useQuery({
    queryKey: ['client', id],
    queryFn: ({ signal }) => read(api.GET('/clients/{id}', { params: { path: { id } }, signal })),
    throwOnError: (failure) => !(failure instanceof ApiFailure && failure.status === NOT_FOUND),
  });
  if (error !== null)
    return (
      <EmptyState title={`There is no client ${id}`} command={`cambio audit search --client ${shellQuote(id)}`}>
        The configuration in force does not have it, and it is not registered. The audit log may have its requests.
      </EmptyState>
    );
  if (data === undefined) return <Loading />;
  return (
    <>
      <Title order={2} size="h3" mb="md">
        {id} {data.entry.disabled === true && <Badge color="red">disabled</Badge>}
      </Title>
      <Reach client={id} />
      <About client={data} />
      <More client={data} />
      <EntryAsJson entry={{ id, ...data.entry }} />
    </>
  );
}

/** What needs to know where rules lead. */
function More({ client: { id, entry } }: { readonly client: Client }): ReactNode {
  const reach = useReach(id);
  if (reach === undefined) return null;
  const rules = distinct(reach.map(({ rule = '' }) => rule)).filter((rule) => rule !== '');
  return (
    <>
      {textsOf(entry.grants).includes('token_exchange') && <Snippets client={id} entry={entry} reach={reach} />}
      <Unused key={id} client={id} rules={rules} />
    </>
  );
}

function About({ client }: { readonly client: Client }): ReactNode {
  const { id, source, entry, secrets = [], createdAt } = client;
  return (
    <Panel title="About the client">
      <Facts
        of={{
          Name: textOf(entry.name) || undefined,
          'Authenticates by': wordsOf(textsOf(entry.auth)),
          Secrets: secrets.length > 0 ? <Secrets secrets={secrets} /> : undefined,
          'Bound to a key': entry.dpopBoundAccessTokens === true ? 'each token (DPoP)' : undefined,
          'Bound to a certificate': entry.certificateBoundAccessTokens === true ? 'each token' : undefined,
          Grants: wordsOf(textsOf(entry.grants)),
          'Own targets': linksTo('resources', textsOf(entry.audiences)),
          'Own scopes': wordsOf(scopesOf(entry.scopes)),
          'Returns to': wordsOf(textsOf(entry.redirectUris)),
          From: source === 'file' ? 'the configuration file' : 'a registration',
          Registered: createdAt === undefined ? undefined : <TimeText at={createdAt} />,
          'Last used': <LastUsed client={id} />,
        }}
      />
    </Panel>
  );
}

const Secrets = ({ secrets }: { readonly secrets: NonNullable<Client['secrets']> }): ReactNode => (
  <>
    {countOf(secrets.length, 'secret')}, made{' '}
    {secrets.map((one, index) => (
      <span key={one.id}>
        {index > 0 && ' and '}
        <TimeText at={one.createdAt} />
      </span>
    ))}
  </>
);

function LastUsed({ client }: { readonly client: string }): ReactNode {
  const { data } = useQuery({
    queryKey: ['last used', client],
    queryFn: ({ signal }) => read(api.GET('/audit', { params: { query: { client, limit: 1 } }, signal })),
  });
  if (data === undefined) return '…';
  const [last] = data.items;
  if (last === undefined) return 'the audit log has no request of it';
  return (
    <>
      <TimeText at={last.time} />: {textOf(last.outcome)}.{' '}
      <PageLink to="audit" state={{ client }}>
        All its requests
      </PageLink>
    </>
  );
}
