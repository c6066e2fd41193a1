// Lists the entries of one kind, with a field that finds one by its name.
import { Badge, TextInput } from '@mantine/core';
import { Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { type Entry, partOf, scopesOf, textOf, textsOf } from '../../shared/entry.ts';
import { TimeText } from '../../shared/TimeText.tsx';
import { type Account, type Client, type Kind, type Named, useAllEntries } from './entries.ts';
import { page } from './page.ts';

type Columns<T> = readonly Column<Named<T>>[];

const listed = (values: readonly string[]): string => values.join(', ');

const clients: Columns<Client> = [
  {
    title: 'Client',
    width: 'minmax(8rem, 2fr)',
    cell: ({ name, item: { entry } }) => (
      <>
        {name}{' '}
        {entry.disabled === true && (
          <Badge color="red" variant="light">
            disabled
          </Badge>
        )}
      </>
    ),
  },
  { title: 'Name', width: 'minmax(7rem, 1fr)', wideOnly: true, cell: ({ item }) => textOf(item.entry.name) },
  { title: 'Authenticates by', width: 'minmax(8rem, 1fr)', cell: ({ item }) => listed(textsOf(item.entry.auth)) },
  {
    title: 'Grants',
    width: 'minmax(10rem, 2fr)',
    wideOnly: true,
    cell: ({ item }) => listed(textsOf(item.entry.grants)),
  },
  {
    title: 'From',
    width: '6rem',
    wideOnly: true,
    cell: ({ item }) => (item.source === 'file' ? 'the file' : 'registered'),
  },
];

const resources: Columns<Entry> = [
  { title: 'Audience', width: 'minmax(9rem, 2fr)', cell: ({ name }) => name },
  { title: 'Scopes', width: 'minmax(7rem, 1fr)', cell: ({ item }) => listed(scopesOf(item.scopes)) },
];

const issuers: Columns<Entry> = [
  { title: 'Issuer', width: 'minmax(7rem, 1fr)', cell: ({ name }) => name },
  {
    title: 'Identifier',
    width: 'minmax(9rem, 2fr)',
    cell: ({ item }) => textOf(item.issuer) || textOf(item.saml) || textOf(item.trustDomain),
  },
  { title: 'Accepts', width: 'minmax(7rem, 1fr)', wideOnly: true, cell: ({ item }) => listed(textsOf(item.accepts)) },
];

const rules: Columns<Entry> = [
  { title: 'Order', width: '3.5rem', cell: ({ place }) => place },
  {
    title: 'Rule',
    width: 'minmax(9rem, 2fr)',
    cell: ({ name, item }) => (
      <>
        {name}{' '}
        {item.effect === 'deny' && (
          <Badge color="red" variant="light">
            denies
          </Badge>
        )}
        {item.mode === 'audit' && <Badge variant="light">only watched</Badge>}
      </>
    ),
  },
  { title: 'Client', width: 'minmax(7rem, 1fr)', wideOnly: true, cell: ({ item }) => listed(textsOf(item.client)) },
  {
    title: 'Targets',
    width: 'minmax(9rem, 2fr)',
    wideOnly: true,
    cell: ({ item }) => listed(textsOf(partOf(item.grant).audiences)),
  },
];

const people: Columns<Account> = [
  { title: 'Person', width: 'minmax(8rem, 2fr)', cell: ({ name }) => name },
  {
    title: 'State',
    width: 'minmax(5rem, 1fr)',
    cell: ({ item: { state } }) => (
      <Badge variant="light" color={state === 'active' ? 'green' : 'red'}>
        {state}
      </Badge>
    ),
  },
  {
    title: 'Last sign-in',
    width: 'minmax(7rem, 1fr)',
    cell: ({ item: { lastSignIn } }) => (lastSignIn === undefined ? '–' : <TimeText at={lastSignIn} />),
  },
];

const columns = { clients, resources, issuers, rules, people } as const;

/** The next command where the list is empty, and why one would want an entry. */
const EMPTY: Readonly<Record<Kind, readonly [title: string, text: string, command: string]>> = {
  clients: [
    'No client is configured',
    'Write one into the section clients of the file, or register one.',
    'cambio clients create reports --entry reports.yaml --config cambio.yaml',
  ],
  resources: [
    'No resource is configured',
    'A resource is an API for which tokens are issued. Write it into the section resources, and check the file.',
    'cambio check --config cambio.yaml',
  ],
  issuers: [
    'No other issuer is trusted',
    'Tokens of this server can be exchanged. To accept those of another one, write it into the section issuers.',
    'cambio init --idp https://idp.example.com',
  ],
  rules: [
    'No rule is configured',
    'Without a rule no token is exchanged. Write one into the section rules, and check the file.',
    'cambio check --config cambio.yaml',
  ],
  people: [
    'The file has no account',
    'People of an upstream provider have none. Of others, the file has a password.',
    'cambio accounts hash-password',
  ],
};

export function List({ kind }: { readonly kind: Kind }): ReactNode {
  const [{ search }, change] = useUrlState(page);
  const { entries, loadMore } = useAllEntries(kind, search !== '');
  if (entries === undefined) return <Loading />;
  const [title, text, command] = EMPTY[kind];
  if (entries.length === 0)
    return (
      <EmptyState title={title} command={command}>
        {text}
      </EmptyState>
    );
  const wanted = search.toLowerCase();
  const shown = entries.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      <TextInput
        {...SEARCH_FIELD}
        mb="md"
        maw="24rem"
        aria-label={`Find by name among the ${kind}`}
        placeholder="Find by name: /"
        leftSection={<Search size={16} aria-hidden="true" />}
        value={search}
        onChange={(event) => change({ search: event.currentTarget.value }, 'replace')}
      />
      {shown.length === 0 ? (
        <EmptyState title={`No name among the ${kind} contains “${search}”`} />
      ) : (
        <DataTable
          label={`The ${kind}`}
          columns={columns[kind] as Columns<unknown>}
          rows={shown}
          keyOf={({ name, place }) => `${place} ${name}`}
          onOpen={({ name }) => change({ name })}
          onEnd={loadMore}
        />
      )}
    </>
  );
}
