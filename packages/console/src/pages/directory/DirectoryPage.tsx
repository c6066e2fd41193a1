// Shows the clients, resources, issuers, rules and people as linked lists, and one entry of them with all that is known about it.
import { Anchor, Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Page } from '../../shared/Page.tsx';
import { ClientDetails } from './ClientDetails.tsx';
import './directory.css';
import type { Entry } from '../../shared/entry.ts';
import { type Account, KINDS, type Kind, type Named, useAllEntries } from './entries.ts';
import { IssuerDetails } from './IssuerDetails.tsx';
import { List } from './List.tsx';
import { page } from './page.ts';
import { ResourceDetails } from './ResourceDetails.tsx';
import { PersonDetails, RuleDetails } from './RuleDetails.tsx';

export const TITLES: Readonly<Record<Kind, string>> = {
  clients: 'Clients',
  resources: 'Resources',
  issuers: 'Issuers',
  rules: 'Rules',
  people: 'People',
};

/** The members of the URL that belong to one entry. */
const NO_ENTRY = { name: '', subject: '', issuer: '', view: 'matrix' } as const;

export default function DirectoryPage(): ReactNode {
  const [{ kind, name }, change] = useUrlState(page);
  return (
    <Page page={page}>
      <Tabs
        value={kind}
        onChange={(value) => change({ ...NO_ENTRY, search: '', kind: value as Kind })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {KINDS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {TITLES[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {KINDS.map((one) => (
          <Tabs.Panel key={one} value={one}>
            {name === '' ? (
              <List kind={one} />
            ) : (
              <>
                <p className="back">
                  <Anchor component="button" type="button" onClick={() => change(NO_ENTRY)}>
                    ← All {TITLES[one].toLowerCase()}
                  </Anchor>
                </p>
                <Details kind={one} name={name} />
              </>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}

interface DetailsProps {
  readonly kind: Kind;
  readonly name: string;
}

function Details({ kind, name }: DetailsProps): ReactNode {
  switch (kind) {
    case 'clients':
      return <ClientDetails id={name} />;
    case 'resources':
      return <Found kind={kind} name={name} show={(found) => <ResourceDetails resource={found.item} />} />;
    case 'issuers':
      return <Found kind={kind} name={name} show={(found) => <IssuerDetails entry={found.item} />} />;
    case 'rules':
      return <Found kind={kind} name={name} show={(found) => <RuleDetails rule={found.item} {...found} />} />;
    case 'people':
      return <Found kind={kind} name={name} show={(found) => <PersonDetails account={found.item} />} />;
  }
}

interface FoundProps<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly show: (found: Named<K extends 'people' ? Account : Entry>) => ReactNode;
}

/** Loads the list until the entry is there. */
function Found<K extends Exclude<Kind, 'clients'>>({ kind, name, show }: FoundProps<K>): ReactNode {
  const { entries, isWhole } = useAllEntries(kind);
  const found = entries?.find((one) => one.name === name);
  if (found !== undefined) return show(found as Named<K extends 'people' ? Account : Entry>);
  if (!isWhole) return <Loading />;
  return (
    <EmptyState title={`${name} is not one of the ${kind}`} command="cambio policy history">
      The configuration in force does not have it. An earlier one may have had it.
    </EmptyState>
  );
}
