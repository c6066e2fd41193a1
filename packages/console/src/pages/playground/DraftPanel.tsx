// Edits the rules as a draft in memory. The verdict is then by the draft, and the files stay as they are.
import { Button, Group, NativeSelect, Text, Textarea } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import { type Draft, holdDraft } from '../../shared/draft.ts';
import { useCheckedDraft } from './queries.ts';

const TYPING_MS = 400;

const rulesQuery = {
  queryKey: ['policy-rules'],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => read(api.GET('/policy/rules', { signal })),
};

interface DraftPanelProps {
  readonly draft: Draft | undefined;
  readonly onClose: () => void;
}

export function DraftPanel({ draft, onClose }: DraftPanelProps): ReactNode {
  const { data } = useQuery(rulesQuery);
  const [chosen, choose] = useState('');
  if (data === undefined) return <Loading />;
  const files = data.items.filter(({ rules, isMain }) => rules !== undefined || isMain);
  const file = files.find(({ path }) => path === chosen) ?? files[0];
  const edited = draft?.files.findLast(({ path }) => path === file?.path)?.rules;
  return (
    <section className="panel" aria-label="Draft of the rules">
      <Group justify="space-between" mb="xs">
        <Text fw={600}>Draft of the rules</Text>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              holdDraft(undefined);
              onClose();
            }}
          >
            Discard
          </Button>
        </Group>
      </Group>
      <Text size="sm" c="dimmed" mb="xs">
        The draft is in the memory of this page. It changes no file, and decides no real request.
      </Text>
      {files.length > 1 && (
        <NativeSelect
          label="File"
          mb="xs"
          data={files.map(({ path }) => path)}
          value={file?.path ?? ''}
          onChange={(event) => choose(event.currentTarget.value)}
        />
      )}
      {file !== undefined && (
        <RulesEditor
          key={file.path}
          text={edited ?? file.rules?.text ?? 'rules:\n'}
          onEdit={(rules) => {
            const others = (draft?.files ?? []).filter(({ path }) => path !== file.path);
            const isSame = rules === file.rules?.text;
            const next = isSame ? others : [...others, { path: file.path, rules }];
            holdDraft(next.length === 0 ? undefined : { ...draft, files: next });
          }}
        />
      )}
      <Patch draft={draft} />
    </section>
  );
}

/** What the draft changes, to be applied to the files. */
function Patch({ draft }: { readonly draft: Draft | undefined }): ReactNode {
  const checked = useCheckedDraft(draft);
  if (draft === undefined || checked === undefined || checked.patch === '') return null;
  return (
    <>
      <Text fw={600} mt="md">
        As a patch
      </Text>
      <Text size="sm" c="dimmed" mb="xs">
        Copy it into a file, and apply it with <code>git apply</code> in the folder of the configuration file.
      </Text>
      <CodeBlock text={checked.patch} what="the patch" />
    </>
  );
}

interface RulesEditorProps {
  readonly text: string;
  readonly onEdit: (text: string) => void;
}

function RulesEditor({ text, onEdit }: RulesEditorProps): ReactNode {
  const [typed, setTyped] = useState(text);
  const report = useDebouncedCallback(onEdit, TYPING_MS);
  useEffect(() => setTyped(text), [text]);
  return (
    <Textarea
      aria-label="Rules, in YAML"
      classNames={{ input: 'pg-mono pg-editor' }}
      rows={16}
      spellCheck={false}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        report(event.currentTarget.value);
      }}
    />
  );
}
