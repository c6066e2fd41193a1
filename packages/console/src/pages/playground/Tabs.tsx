// The right column: the request and the response as they are sent, the claims of the token, and the request as code.
import { NativeSelect, Tabs, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useUrlState } from '../../frame/url-state.ts';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import type { Explanation } from '../../shared/Decision.tsx';
import {
  type Language,
  languages,
  type SnippetRequest,
  variablesOf,
  writeSnippet,
} from '../../shared/snippets/index.ts';
import { Claims } from './Claims.tsx';
import { writeHttp } from './http-request.ts';
import { page } from './page.ts';
import type { ExchangeForm } from './request.ts';

interface DetailsProps {
  readonly form: ExchangeForm;
  readonly request: SnippetRequest;
  readonly explanation: Explanation | undefined;
}

const TABS = { request: 'Request', response: 'Response', token: 'Token', code: 'Code' } as const;

export function Details({ form, request, explanation }: DetailsProps): ReactNode {
  const [{ tab, language }, change] = useUrlState(page);
  return (
    <section className="panel" aria-label="Details">
      <Tabs value={tab} onChange={(value) => change({ tab: value as typeof tab }, 'replace')}>
        <Tabs.List>
          {Object.entries(TABS).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="request" pt="sm">
          <CodeBlock text={writeHttp(request)} what="the request" />
        </Tabs.Panel>
        <Tabs.Panel value="response" pt="sm">
          <Response explanation={explanation} />
        </Tabs.Panel>
        <Tabs.Panel value="token" pt="sm">
          <Claims form={form} explanation={explanation} />
        </Tabs.Panel>
        <Tabs.Panel value="code" pt="sm">
          <NativeSelect
            aria-label="Language"
            mb="sm"
            data={Object.keys(languages)}
            value={language}
            onChange={(event) => change({ language: event.currentTarget.value as Language }, 'replace')}
          />
          <Code language={language} request={request} />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

function Response({ explanation }: { readonly explanation: Explanation | undefined }): ReactNode {
  const response = explanation?.response;
  if (response === undefined)
    return (
      <Text size="sm" c="dimmed">
        The answer of the token endpoint stands here once the request is complete.
      </Text>
    );
  const { status, body } = response;
  return (
    <>
      <CodeBlock text={`HTTP/1.1 ${status}\n\n${JSON.stringify(body, undefined, 2)}`} what="the response" />
      <Text size="xs" c="dimmed" mt="xs">
        Nothing was issued. {status === 200 && '(new) stands for a token.'}
      </Text>
    </>
  );
}

function Code({ language, request }: { readonly language: Language; readonly request: SnippetRequest }): ReactNode {
  const text = writeSnippet(language, request);
  const variables = variablesOf(text);
  return (
    <>
      <CodeBlock text={text} what="the code" />
      <Text size="xs" c="dimmed" mt="xs">
        {variables.length > 0 && `It reads ${variables.join(', ')} from the environment. `}It contains no token and no
        secret.
      </Text>
    </>
  );
}
