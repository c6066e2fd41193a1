// Edits the rules as a draft in memory. The verdict is then by the draft, and the files stay as they are.
import { Button, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import { type Draft, holdDraft } from '../../shared/draft/draft.ts';
import { isEditable, namesWithin, textOf, useRuleFiles, withText } from '../../shared/draft/draft-files.ts';
import { EditorPanel, type Goal } from '../../shared/draft/EditorPanel.tsx';
import { useCheck } from '../../shared/draft/use-check.ts';

interface DraftPanelProps {
  readonly draft: Draft | undefined;
  readonly onClose: () => void;
}

export function DraftPanel({ draft, onClose }: DraftPanelProps): ReactNode {
  const files = useRuleFiles();
  const checked = useCheck(draft);
  const [chosen, choose] = useState('');
  const [goal, setGoal] = useState<Goal | undefined>();
  if (files === undefined) return <Loading />;
  const editable = files.filter(isEditable);
  const file = editable.find(({ path }) => path === chosen) ?? editable[0];
  const patch = draft === undefined ? '' : (checked.report?.patch ?? '');
  return (
    <section className="panel" aria-label="Draft of the rules">
      <Group justify="space-between" mb="xs">
        <Text fw={600}>Draft of the rules</Text>
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
      <Text size="sm" c="dimmed" mb="xs">
        The draft is in the memory of this page. It changes no file, and decides no real request.
      </Text>
      {file !== undefined && (
        <EditorPanel
          files={editable}
          file={file}
          nameOf={namesWithin(files)}
          text={textOf(file, draft)}
          checked={checked}
          goal={goal?.path === file.path ? goal : undefined}
          onFile={choose}
          onGoTo={(path, line) => {
            choose(path);
            setGoal((last) => ({ path, line, count: (last?.count ?? 0) + 1 }));
          }}
          onEdit={(text) => holdDraft(withText(draft, file, text))}
        />
      )}
      {patch !== '' && (
        <>
          <Text fw={600} mt="md">
            As a patch
          </Text>
          <Text size="sm" c="dimmed" mb="xs">
            Copy it into a file, and apply it with <code>git apply</code> in the folder of the configuration file.
          </Text>
          <CodeBlock text={patch} what="the patch" />
        </>
      )}
    </section>
  );
}
