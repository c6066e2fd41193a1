// Shows a resource: its scopes, and the rules and clients that name it.
import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Entry, mentions, partOf, scopesOf, textOf, textsOf } from '../../shared/entry.ts';
import { Facts, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { useAllEntries } from './entries.ts';
import { EntryAsJson, linksTo, wordsOf } from './Text.tsx';

export function ResourceDetails({ resource }: { readonly resource: Entry }): ReactNode {
  const audience = textOf(resource.audience);
  const rules = useAllEntries('rules').entries ?? [];
  const clients = useAllEntries('clients').entries ?? [];
  const granting = rules.filter(({ item }) => mentions(textsOf(partOf(item.grant).audiences), audience));
  const own = clients.filter(({ item }) => mentions(textsOf(item.entry.audiences), audience));
  const words = partOf(resource.scopeNames);
  return (
    <>
      <Title order={2} size="h3" mb="md" className="long-name">
        {audience}
      </Title>
      <Panel title="About the resource">
        <Facts
          of={{
            Locations: wordsOf(textsOf(resource.locations)),
            Scopes: (
              <ul className="links">
                {scopesOf(resource.scopes).map((scope) => (
                  <li key={scope}>
                    <code>{scope}</code> {textOf(words[scope])}
                  </li>
                ))}
              </ul>
            ),
            'Rules that grant it': linksTo(
              'rules',
              granting.map(({ name }) => name),
            ),
            'Clients that have it in their entry': linksTo(
              'clients',
              own.map(({ name }) => name),
            ),
            Requests: (
              <PageLink to="audit" state={{ target: audience }}>
                In the audit log
              </PageLink>
            ),
          }}
        />
      </Panel>
      <EntryAsJson entry={resource} />
    </>
  );
}
