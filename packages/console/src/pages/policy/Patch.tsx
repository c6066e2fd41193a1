// The draft as a patch of the files in force, to copy. The console stores no rules.
import { Alert, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Report } from '../../shared/draft/use-check.ts';
import { Command } from '../../shared/EmptyState.tsx';
import { CopyText } from '../../shared/TokenId.tsx';

interface PatchProps {
  readonly report: Report;
  readonly isBehind: boolean;
}

export function Patch({ report: { patch, unpatched, findings, tests }, isBehind }: PatchProps): ReactNode {
  const isFaulty = findings.some(({ severity }) => severity === 'fault');
  const isFailing = tests.some(({ result }) => result === 'failed');
  return (
    <div className="patch" aria-busy={isBehind}>
      {(isFaulty || isFailing) && (
        <Alert color="red">
          {isFaulty ? 'The draft has a fault' : 'A test of the draft fails'}: a server does not start with it, and keeps
          the rules that it has.
        </Alert>
      )}
      {unpatched.length > 0 && (
        <Alert color="orange">
          The patch lacks {unpatched.join(', ')}: it would have to show the line behind the rules, which may hold a
          secret. Put an empty line there, or copy the text from the editor.
        </Alert>
      )}
      {patch === '' ? (
        <Text>{unpatched.length > 0 ? 'There is nothing else.' : 'The draft equals the files in force.'}</Text>
      ) : (
        <>
          <div className="patch-head">
            <Text size="sm">Copy it into a file, and apply it in the folder of the configuration.</Text>
            <CopyText text={patch} what="the patch" />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
          <section className="diff" tabIndex={0} aria-label="Patch">
            <pre>
              {patch.split(/(?<=\n)/).map((line, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines repeat, and none moves
                <span key={place} data-kind={kindOf(line)}>
                  {line}
                </span>
              ))}
            </pre>
          </section>
          <Command text="git apply rules.patch && cambio check cambio.yaml" />
        </>
      )}
    </div>
  );
}

const kindOf = (line: string): 'head' | 'added' | 'removed' | undefined =>
  /^(?:---|\+\+\+|@@)/.test(line)
    ? 'head'
    : line.startsWith('+')
      ? 'added'
      : line.startsWith('-')
        ? 'removed'
        : undefined;
