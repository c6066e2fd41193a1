// The exchange of a client as a program, in several languages.
import { NativeSelect, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { issuer } from '../../location.ts';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import type { Entry } from '../../shared/entry.ts';
import { Panel } from '../../shared/Page.tsx';
import { authenticationOf, type Language, languages, variablesOf, writeSnippet } from '../../shared/snippets/index.ts';
import type { Reachable } from './ways.ts';

interface SnippetsProps {
  readonly client: string;
  readonly entry: Entry;
  readonly reach: readonly Reachable[];
}

/** The first target to which a rule leads stands for all of them. */
export function Snippets({ client, entry, reach }: SnippetsProps): ReactNode {
  const [language, choose] = useState<Language>('TypeScript');
  const first = reach.find(({ by, mode }) => by === 'rule' && mode !== 'audit');
  if (first === undefined) return null;
  const text = writeSnippet(language, {
    issuer,
    client,
    ...authenticationOf(entry),
    grant: 'token-exchange',
    subjectType: 'access_token',
    actorType: undefined,
    audience: [first.audience],
    resource: [],
    scope: first.scopes.map(({ scope }) => scope).join(' '),
    requestedType: '',
  });
  const variables = variablesOf(text);
  return (
    <Panel title="Use it in a program">
      <NativeSelect
        aria-label="Language"
        mb="sm"
        maw="12rem"
        data={Object.keys(languages)}
        value={language}
        onChange={(event) => choose(event.currentTarget.value as Language)}
      />
      <CodeBlock text={text} what="the program" />
      <Text size="sm" c="dimmed" mt="xs">
        {variables.length > 0 && `It reads ${variables.join(', ')} from the environment. `}With another target, scope or
        type of token, it is written by the tab Code of the playground.
      </Text>
    </Panel>
  );
}
