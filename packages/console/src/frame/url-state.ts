// The state of a page lives in its URL, so that a link shows what its sender saw. Tokens are never part of it.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { looksLikeToken } from '../shared/token-text.ts';
import { type PageDefinition, readState, type UrlState } from './define-page.ts';

/**
 * Reads and changes the values of the page in the URL. A value that equals its default is left out of the URL, and so is the text of a token.
 * @returns the values, and a function that changes some of them. `replace` leaves no entry in the history, for text that is typed
 */
export function useUrlState<R extends PageDefinition['readers']>(
  page: PageDefinition<R>,
): readonly [UrlState<R>, (change: Partial<UrlState<R>>, history?: 'push' | 'replace') => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Partial<UrlState<R>>, history: 'push' | 'replace' = 'push'): void => {
      const next = (before: Record<string, unknown>) => withoutDefaults(page, { ...before, ...withoutTokens(changed) });
      void navigate({ to: '.', search: next as never, replace: history === 'replace' });
    },
    [navigate, page],
  );
  return [readState(page.readers, search), change];
}

const withoutDefaults = ({ readers }: PageDefinition, search: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(search).filter(
      ([name, value]) => value !== undefined && value !== readers[name]?.(undefined) && value !== '',
    ),
  );

/** A text of a token changes nothing, whichever field a person pasted it into. */
const withoutTokens = (changed: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(changed).filter(([, value]) => typeof value !== 'string' || !looksLikeToken(value)),
  );
