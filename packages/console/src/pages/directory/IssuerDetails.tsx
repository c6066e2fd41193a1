// Shows an issuer: the keys that this node has, the last fetch, and the rules that trust its tokens.
import { Button, Code, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import { api, read } from '../../api/client.ts';
import { type Entry, partOf, textOf, textsOf } from '../../shared/entry.ts';
import { Facts, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { issuerNameOf, useAllEntries } from './entries.ts';
import { EntryAsJson, linksTo, wordsOf } from './Text.tsx';

const REFRESH_MS = 5_000;

export function IssuerDetails({ entry }: { readonly entry: Entry }): ReactNode {
  const name = issuerNameOf(entry);
  const identifier = textOf(entry.issuer) || textOf(entry.saml) || textOf(entry.trustDomain);
  const rules = useAllEntries('rules').entries ?? [];
  const trusting = rules.filter(({ item }) =>
    [item.subject, item.actor].some((party) =>
      textsOf(partOf(party).issuer).some((one) => one === name || one === identifier),
    ),
  );
  const [type = 'jwt'] = textsOf(entry.accepts);
  const facts = { issuer: name, type, claims: { sub: 'ada' } };
  return (
    <>
      <Title order={2} size="h3" mb="md" className="long-name">
        {name}
      </Title>
      <Panel title="Keys">
        <Keys identifier={identifier} />
      </Panel>
      <Panel title="About the issuer">
        <Facts
          of={{
            Identifier: identifier,
            Accepts: wordsOf(textsOf(entry.accepts)),
            'Tokens must be for': wordsOf(textsOf(entry.audiences)),
            'Rules that accept its tokens': linksTo(
              'rules',
              trusting.map((one) => one.name),
            ),
            Requests: (
              <PageLink to="audit" state={{ issuer: identifier }}>
                In the audit log
              </PageLink>
            ),
          }}
        />
        <Button
          mt="md"
          variant="default"
          component={Link}
          to="/playground"
          search={{ subject: 'facts', subjectFacts: facts } as never}
          leftSection={<FlaskConical size={16} aria-hidden="true" />}
        >
          Try a token of this issuer
        </Button>
      </Panel>
      <EntryAsJson entry={entry} />
    </>
  );
}

/** As the node knows them that answers. */
function Keys({ identifier }: { readonly identifier: string }): ReactNode {
  const { data } = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => read(api.GET('/status', { signal })),
    refetchInterval: REFRESH_MS,
  });
  if (data === undefined) return <Text c="dimmed">…</Text>;
  const known = data.issuers.find(({ issuer }) => issuer === identifier);
  if (known === undefined) return <Text>Its tokens are verified without a key set, as its entry says.</Text>;
  const { keys, fetchedAt, failure } = known;
  const never =
    failure === undefined ? 'none: the file has the keys, or no token needed them yet' : 'none has succeeded';
  return (
    <Facts
      of={{
        'Last fetch': fetchedAt === undefined ? never : <TimeText at={fetchedAt} />,
        'The last fetch failed': failure && (
          <Text className="failed" span>
            <TimeText at={failure.at} />: {failure.why}
          </Text>
        ),
        Keys:
          keys.length === 0 ? (
            'none yet'
          ) : (
            <ul className="links">
              {keys.map((id) => (
                <li key={id}>
                  <Code>{id}</Code>
                </li>
              ))}
            </ul>
          ),
      }}
    />
  );
}
