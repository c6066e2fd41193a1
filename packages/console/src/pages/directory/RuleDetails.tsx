// Shows a rule, and a person.
import { Badge, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Entry, partOf, scopesOf, textOf, textsOf } from '../../shared/entry.ts';
import { Facts, Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import type { Account } from './entries.ts';
import { EntryAsJson, linksTo, wordsOf } from './Text.tsx';

interface RuleProps {
  readonly rule: Entry;
  readonly name: string;
  readonly place: number;
}

export function RuleDetails({ rule, name, place }: RuleProps): ReactNode {
  const [subject, actor, grant] = [partOf(rule.subject), partOf(rule.actor), partOf(rule.grant)];
  const issuers = [subject, actor].flatMap(({ issuer }) => textsOf(issuer));
  return (
    <>
      <Title order={2} size="h3" mb="md" className="long-name">
        {name} {rule.effect === 'deny' && <Badge color="red">denies</Badge>}{' '}
        {rule.mode === 'audit' && <Badge>only watched</Badge>}
      </Title>
      <Panel title="About the rule">
        <Facts
          of={{
            Order: place,
            Client: linksTo('clients', textsOf(rule.client)),
            'Tokens of': linksTo('issuers', [...new Set(issuers)]),
            'Subject tokens of': linksTo('clients', textsOf(subject.clients)),
            'Who may act': linksTo('clients', textsOf(actor.clients)),
            Targets: linksTo('resources', textsOf(grant.audiences)),
            Scopes: wordsOf(scopesOf(grant.scopes)),
            Lifetime: textOf(grant.lifetime) || undefined,
            Because: textOf(rule.because) || undefined,
            Read: (
              <PageLink to="policy" state={{ rule: name }}>
                The rule with its tests
              </PageLink>
            ),
            Requests: (
              <PageLink to="audit" state={{ rule: name }}>
                In the audit log
              </PageLink>
            ),
          }}
        />
      </Panel>
      <EntryAsJson entry={rule} />
    </>
  );
}

export const PersonDetails = ({ account }: { readonly account: Account }): ReactNode => {
  const { sub, username, state, reason, lastSignIn } = account;
  return (
    <>
      <Title order={2} size="h3" mb="md" className="long-name">
        {username}
      </Title>
      <Panel title="About the person">
        <Facts
          of={{
            Subject: sub,
            State: (
              <Badge variant="light" color={state === 'active' ? 'green' : 'red'}>
                {state}
              </Badge>
            ),
            'Why suspended': reason,
            'Last sign-in': lastSignIn === undefined ? 'none that the audit log has' : <TimeText at={lastSignIn} />,
            'What was done for the person': (
              <PageLink to="audit" state={{ subject: sub }}>
                In the audit log
              </PageLink>
            ),
          }}
        />
      </Panel>
    </>
  );
};
