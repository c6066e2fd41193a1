// Links to entries, and an entry as JSON.
import type { ReactNode } from 'react';
import { CodeBlock } from '../../shared/CodeBlock.tsx';
import { type Entry, isPattern } from '../../shared/entry.ts';
import { Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import type { Kind } from './entries.ts';

interface EntryLinkProps {
  readonly kind: Kind;
  readonly name: string;
}

export const EntryLink = ({ kind, name }: EntryLinkProps): ReactNode => (
  <PageLink to="directory" state={{ kind, name }}>
    {name}
  </PageLink>
);

/** @param names links to entries; patterns such as `agent-*` are not entries */
export const EntryLinks = ({ kind, names }: { readonly kind: Kind; readonly names: readonly string[] }): ReactNode => (
  <ul className="links">
    {names.map((name) => (
      <li key={name}>{isPattern(name) || name === 'self' ? name : <EntryLink kind={kind} name={name} />}</li>
    ))}
  </ul>
);

/** @returns undefined if there are none, so that the fact is left out */
export const linksTo = (kind: Kind, names: readonly string[]): ReactNode =>
  names.length === 0 ? undefined : <EntryLinks kind={kind} names={names} />;

export const wordsOf = (values: readonly string[]): ReactNode => (values.length === 0 ? undefined : values.join(', '));

/** Secrets are left out by the server. */
export const EntryAsJson = ({ entry }: { readonly entry: Entry }): ReactNode => (
  <Panel title="The entry as JSON">
    <CodeBlock text={JSON.stringify(entry, undefined, 2)} what="the entry" />
  </Panel>
);
