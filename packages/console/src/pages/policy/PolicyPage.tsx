// Shows the rules in words and as YAML, with faults, tests and use. An edit is a draft in memory.
import { Alert, Button, Group, SegmentedControl, Text } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { type Draft, holdDraft, useDraft } from '../../shared/draft/draft.ts';
import {
  isEditable,
  namesWithin,
  type RuleFile,
  textOf,
  useRuleFiles,
  withText,
} from '../../shared/draft/draft-files.ts';
import { EditorPanel, type Goal } from '../../shared/draft/EditorPanel.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Confirm, Drawer } from '../../shared/overlays.tsx';
import { Page } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { Patch } from './Patch.tsx';
import './policy.css';
import { type Checked, type Rule, useCheck } from '../../shared/draft/use-check.ts';
import { page } from './page.ts';
import { RuleList } from './RuleList.tsx';
import { useUsage } from './use-usage.ts';

export default function PolicyPage(): ReactNode {
  const files = useRuleFiles();
  const draft = useDraft();
  const checked = useCheck(draft);
  useWarning(draft);
  return (
    <Page page={page}>
      {files === undefined || (checked.report === undefined && checked.failure === undefined) ? (
        <Loading />
      ) : (
        <Policy files={files} draft={draft} checked={checked} />
      )}
    </Page>
  );
}

/** The browser asks before it closes a page with a draft. */
function useWarning(draft: Draft | undefined): void {
  useEffect(() => {
    if (draft === undefined) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [draft]);
}

interface PolicyProps {
  readonly files: readonly RuleFile[];
  readonly draft: Draft | undefined;
  readonly checked: Checked;
}

function Policy({ files, draft, checked }: PolicyProps): ReactNode {
  const [{ file: chosen, rule, view, open }, change] = useUrlState(page);
  const usage = useUsage();
  const editable = files.filter(isEditable);
  const rules = checked.usable?.rules ?? [];
  const nameOf = namesWithin(files);
  const named = rules.find(({ name }) => name === rule);
  const file =
    editable.find(({ path }) => path === (chosen || named?.file)) ?? editable.find(({ rules }) => rules) ?? editable[0];
  const [goal, setGoal] = useState<Goal | undefined>();
  const goTo = (path: string, line: number): void => {
    change({ file: path, view: 'yaml' }, 'replace');
    setGoal((last) => ({ path, line, count: (last?.count ?? 0) + 1 }));
  };
  const shownFirst = goal ?? (named && { path: named.file, line: named.line, count: 0 });
  const isEmpty = rules.length === 0 && draft === undefined && editable.every(({ rules }) => !rules);
  return (
    <>
      <DraftBar draft={draft} checked={checked} onPatch={() => change({ open: 'patch' })} />
      <SegmentedControl
        className="policy-view"
        fullWidth
        mb="md"
        aria-label="What is shown"
        data={[
          { value: 'words', label: 'In words' },
          { value: 'yaml', label: 'YAML' },
        ]}
        value={view}
        onChange={(value) => change({ view: value === 'yaml' ? 'yaml' : 'words' }, 'replace')}
      />
      <div className="policy" data-view={view}>
        <div className="policy-words">
          {isEmpty ? (
            <EmptyState title="There is no rule" command="cambio check cambio.yaml">
              Without a rule, no exchange is allowed. Write the first one in the editor, or in the file, and check it.
            </EmptyState>
          ) : (
            <RuleList
              checked={checked}
              usage={usage}
              nameOf={nameOf}
              onEdit={(one: Rule) => goTo(one.file, one.line)}
            />
          )}
        </div>
        {file !== undefined && (
          <EditorPanel
            files={editable}
            file={file}
            nameOf={nameOf}
            text={textOf(file, draft)}
            checked={checked}
            goal={shownFirst?.path === file.path ? shownFirst : undefined}
            onFile={(path) => change({ file: path }, 'replace')}
            onGoTo={goTo}
            onEdit={(text) => holdDraft(withText(draft, file, text))}
          />
        )}
      </div>
      <Drawer title="The draft as a patch" onClose={() => change({ open: '' })}>
        {open === 'patch' && draft !== undefined && checked.report && (
          <Patch report={checked.report} isBehind={checked.isBehind} />
        )}
      </Drawer>
    </>
  );
}

interface DraftBarProps {
  readonly draft: Draft | undefined;
  readonly checked: Checked;
  readonly onPatch: () => void;
}

function DraftBar({ draft, checked: { report, failure }, onPatch }: DraftBarProps): ReactNode {
  const [isAsking, setAsking] = useState(false);
  if (draft === undefined) return null;
  const count = draft.files.length;
  const isFaulty = report?.findings.some(({ severity }) => severity === 'fault') ?? failure !== undefined;
  return (
    <Alert className="draft-bar" color="green" mb="md">
      <div className="draft-bar-row">
        <Text>
          <strong>A draft</strong> changes {count === 1 ? 'one file' : `${count} files`}. It is in the memory of this
          tab, and nothing of it is in force.{isFaulty && ' It has a fault: mend it to try it.'}
        </Text>
        <Group gap="sm">
          {!isFaulty && (
            <>
              <PageLink to="playground">Try it</PageLink>
              <PageLink to="replay">Replay it</PageLink>
            </>
          )}
          <Button size="compact-sm" variant="default" onClick={() => setAsking(true)}>
            Discard
          </Button>
          <Button size="compact-sm" onClick={onPatch}>
            Show the patch
          </Button>
        </Group>
      </div>
      <Confirm
        title="Discard the draft"
        action="Discard the draft"
        isOpen={isAsking}
        isDangerous
        onClose={() => setAsking(false)}
        onConfirm={async () => holdDraft(undefined)}
      >
        <Text>The edits are lost. The files in force stay as they are.</Text>
      </Confirm>
    </Alert>
  );
}
