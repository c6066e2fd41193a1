// Targets and scopes as a matrix: what the client can have always, on conditions, or not at all.
import { Check, CircleDashed, Eye } from 'lucide-react';
import type { ReactNode } from 'react';
import { EntryLink } from './Text.tsx';
import { type Certainty, certaintyOf, distinct, type Reachable } from './ways.ts';

const MARKS = {
  always: { icon: Check, words: 'always' },
  if: { icon: CircleDashed, words: 'if its conditions hold' },
  watched: { icon: Eye, words: 'only watched' },
} as const;

export function Matrix({ items }: { readonly items: readonly Reachable[] }): ReactNode {
  const audiences = distinct(items.map(({ audience }) => audience));
  const given = distinct(items.flatMap((one) => one.scopes.map(({ scope }) => scope)));
  const targetsOf = (scope: string): number =>
    audiences.filter((audience) => certaintyOf(items, audience, scope) !== 'never').length;
  // The scopes of most targets stand first.
  const scopes = given.toSorted((a, b) => targetsOf(b) - targetsOf(a) || a.localeCompare(b));
  const used = new Set<Certainty>();
  const rows = audiences.map((audience) => (
    <tr key={audience}>
      <th scope="row">
        <EntryLink kind="resources" name={audience} />
      </th>
      {scopes.map((scope) => {
        const certainty = certaintyOf(items, audience, scope);
        used.add(certainty);
        return <Cell key={scope} certainty={certainty} />;
      })}
    </tr>
  ));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
      <section className="matrix-scroll" aria-label="Targets and scopes" tabIndex={0}>
        <table className="matrix">
          <thead>
            <tr>
              <th scope="col">Target</th>
              {scopes.map((scope) => (
                <th key={scope} scope="col">
                  {scope}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rows}</tbody>
        </table>
      </section>
      <p className="matrix-legend">
        {(['always', 'if', 'watched'] as const)
          .filter((one) => used.has(one))
          .map((one) => {
            const { icon: Icon, words } = MARKS[one];
            return (
              <span key={one} data-certainty={one}>
                <Icon size={16} aria-hidden="true" /> {words}
              </span>
            );
          })}
      </p>
    </>
  );
}

function Cell({ certainty }: { readonly certainty: Certainty }): ReactNode {
  if (certainty === 'never') return <td aria-label="no" />;
  const { icon: Icon, words } = MARKS[certainty];
  return (
    <td data-certainty={certainty} title={words}>
      <Icon size={18} role="img" aria-label={words} />
    </td>
  );
}
