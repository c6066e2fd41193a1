// Shows the exchange as a test of a rule, as the server writes it, with a patch of the file.
import { Autocomplete, Badge, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import type { Draft } from '../../shared/draft/draft.ts';
import { Problem } from '../../shared/Problem.tsx';
import { isAboutRequest, useWrittenTest, type WrittenTest } from './queries.ts';
import type { ExplainBody } from './request.ts';

const TYPING_MS = 300;

interface SaveTestProps {
  readonly body: ExplainBody;
  readonly draft: Draft | undefined;
  /** Rules that may get the test. */
  readonly rules: readonly string[];
}

export function SaveTest({ body, draft, rules }: SaveTestProps): ReactNode {
  const [name, setName] = useState('');
  const [rule, setRule] = useState('');
  const [wanted] = useDebouncedValue({ name: name.trim(), rule: rule.trim() }, TYPING_MS);
  const { data, error } = useWrittenTest(body, draft, wanted);
  return (
    <Stack>
      <Text size="sm">
        A test stands beside its rule in the file. The server runs it at each start and reload, and refuses a file whose
        tests fail.
      </Text>
      <TextInput
        label="Name"
        placeholder="what the test shows"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Autocomplete
        label="Rule"
        description="By default, the one that decides."
        data={[...rules]}
        limit={20}
        value={rule}
        onChange={setRule}
      />
      {isAboutRequest(error) ? (
        <Problem error={error} title="The server cannot write this test" />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <Written test={data} />
      )}
    </Stack>
  );
}

const Written = ({
  test: { rule, at, yaml, decision, reason, patch, passes, why },
}: {
  readonly test: WrittenTest;
}): ReactNode => (
  <>
    <Text size="sm" className="pg-wrap">
      For the rule “{rule}” at <code>{at}</code>. It expects the exchange to be {decision}
      {reason !== undefined && ` (${reason})`}.{' '}
      {passes !== undefined && (
        <Badge variant="light" color={passes ? 'green' : 'red'}>
          {passes ? 'passes' : 'fails'}
        </Badge>
      )}
    </Text>
    {why !== undefined && <Text size="sm">{why}</Text>}
    <CodeBlock text={yaml} what="the test" />
    {patch !== undefined && (
      <>
        <Text fw={600}>As a patch</Text>
        <CodeBlock text={patch} what="the patch" />
      </>
    )}
  </>
);
