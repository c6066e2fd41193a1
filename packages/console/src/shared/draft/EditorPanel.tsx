// The rules of one file as YAML, and what the server's compiler says of the draft.
import { Badge, Button, NativeSelect, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { Problem } from '../Problem.tsx';
import './draft.css';
import type { RuleFile } from './draft-files.ts';
import type { Checked, Finding } from './use-check.ts';

const RuleEditor = lazy(() => import('./RuleEditor.tsx'));

/** A line to show in the editor. Each request to show one counts. */
export interface Goal {
  readonly path: string;
  /** In the file, from 1. */
  readonly line: number;
  readonly count: number;
}

interface EditorPanelProps {
  readonly files: readonly RuleFile[];
  readonly file: RuleFile;
  /** Shortens the name of a file. */
  readonly nameOf: (path: string) => string;
  readonly text: string;
  readonly checked: Checked;
  readonly goal: Goal | undefined;
  readonly onFile: (path: string) => void;
  readonly onGoTo: (path: string, line: number) => void;
  readonly onEdit: (text: string) => void;
}

export function EditorPanel(props: EditorPanelProps): ReactNode {
  const { files, file, nameOf, text, checked, goal, onFile, onGoTo, onEdit } = props;
  const { data: schema } = useQuery({
    queryKey: ['schema'],
    queryFn: ({ signal }) => read(api.GET('/schema', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { data: names } = useQuery({
    queryKey: ['names'],
    queryFn: ({ signal }) => read(api.GET('/policy/names', { signal })),
  });
  const { report } = checked;
  // A section that the draft begins has its place only in the answer.
  const first = report?.sections.find(({ path }) => path === file.path)?.line ?? file.rules?.line ?? 1;
  const findings = report?.findings ?? [];
  const own = findings.filter((finding) => finding.file === file.path && finding.line >= first);
  return (
    <section className="draft-editor" aria-label="Rules as YAML">
      {files.length > 1 ? (
        <NativeSelect
          aria-label="File"
          data={files.map(({ path }) => ({ value: path, label: nameOf(path) }))}
          value={file.path}
          onChange={(event) => onFile(event.currentTarget.value)}
        />
      ) : (
        <Text size="sm" c="dimmed" className="draft-place">
          {nameOf(file.path)}
        </Text>
      )}
      <div className="draft-code">
        <Suspense fallback={<Loading />}>
          <RuleEditor
            key={file.path}
            text={text}
            schema={schema}
            names={names}
            firstLine={first}
            findings={own}
            goal={goal && { line: goal.line - first + 1, count: goal.count }}
            onEdit={onEdit}
          />
        </Suspense>
      </div>
      <Verdict checked={checked} nameOf={nameOf} onGoTo={onGoTo} />
    </section>
  );
}

interface VerdictProps extends Pick<EditorPanelProps, 'nameOf'> {
  readonly checked: Checked;
  readonly onGoTo: (path: string, line: number) => void;
}

/** Its height does not change while the server is asked. */
function Verdict({ checked: { report, isBehind, failure }, nameOf, onGoTo }: VerdictProps): ReactNode {
  const findings = report?.findings ?? [];
  return (
    <div className="draft-verdict">
      <div role="status" className="draft-summary" data-behind={isBehind || undefined}>
        {isBehind ? 'Checking …' : failure === undefined && report && summaryOf(report)}
      </div>
      {failure !== undefined && !isBehind && <Problem error={failure} />}
      {findings.length > 0 && (
        <ul className="draft-findings" aria-label="Faults and warnings">
          {findings.map((finding) => (
            <FindingItem key={JSON.stringify(finding)} finding={finding} nameOf={nameOf} onGoTo={onGoTo} />
          ))}
        </ul>
      )}
    </div>
  );
}

function summaryOf({ findings, tests, counts, untested }: NonNullable<Checked['report']>): string {
  const faults = findings.filter(({ severity }) => severity === 'fault').length;
  if (counts === undefined || faults > 0) return faults === 1 ? 'One fault.' : `${faults} faults.`;
  const failed = tests.filter(({ result }) => result === 'failed').length;
  const tested =
    tests.length === 0
      ? 'no tests'
      : failed > 0
        ? `${failed} of ${tests.length} tests failed`
        : `${tests.length} tests passed`;
  const covered = counts.rules - untested.length;
  return `No fault, ${tested}. Tests decide by ${covered} of ${counts.rules} rules.`;
}

interface FindingItemProps extends Pick<VerdictProps, 'nameOf' | 'onGoTo'> {
  readonly finding: Finding;
}

function FindingItem({ finding, nameOf, onGoTo }: FindingItemProps): ReactNode {
  const { severity, file, line, path, message } = finding;
  return (
    <li>
      <Badge color={severity === 'fault' ? 'red' : 'orange'} variant="light" size="sm">
        {severity}
      </Badge>
      <div>
        {line > 0 ? (
          <Button size="compact-xs" variant="subtle" onClick={() => onGoTo(file, line)}>
            {nameOf(file)}:{line}
          </Button>
        ) : (
          <span className="draft-place">{nameOf(file)}</span>
        )}
        <Text size="sm">
          {path !== '' && <strong>{path} </strong>}
          {message}
        </Text>
      </div>
    </li>
  );
}
