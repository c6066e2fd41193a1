// The head of a page, and its content.
import { Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import type { PageDefinition } from '../frame/define-page.ts';

interface PageProps {
  readonly page: Pick<PageDefinition, 'title' | 'about'>;
  /** Buttons and fields at the right of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ page: { title, about }, actions, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Cambio`;
  }, [title]);
  return (
    <>
      <div className="page-head">
        <div className="page-title">
          <Title order={1} size="h2">
            {title}
          </Title>
          <Text c="dimmed">{about}</Text>
        </div>
        {actions}
      </div>
      {children}
    </>
  );
}

/** A part of a page, with a heading. */
export const Panel = ({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode => (
  <section className="panel" aria-label={title}>
    <Title order={2} size="h4" mb="sm">
      {title}
    </Title>
    {children}
  </section>
);

/** Names and values below each other on a narrow screen, beside each other on a wide one. Values that are undefined are left out. */
export const Facts = ({ of }: { readonly of: Readonly<Record<string, ReactNode>> }): ReactNode => (
  <dl className="facts">
    {Object.entries(of).map(
      ([name, value]) =>
        value !== undefined && (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
    )}
  </dl>
);
