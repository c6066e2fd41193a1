// What a page shows without data: what is missing, and the command that brings some.
import { Code, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyText } from './TokenId.tsx';

interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
}

export const EmptyState = ({ title, children, command }: EmptyStateProps): ReactNode => (
  <div className="empty">
    <Title order={2} size="h4">
      {title}
    </Title>
    {children !== undefined && <Text c="dimmed">{children}</Text>}
    {command !== undefined && <Command text={command} />}
  </div>
);

export const Command = ({ text }: { readonly text: string }): ReactNode => (
  <div className="command">
    <Code tabIndex={0}>{text}</Code>
    <CopyText text={text} what="the command" />
  </div>
);
