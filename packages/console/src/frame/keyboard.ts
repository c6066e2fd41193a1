// The keys that work on every page: `/` goes to the search field, `g` and a letter opens a page.
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { PageDefinition } from './define-page.ts';

/** The attribute of the field that `/` goes to. */
export const SEARCH_FIELD = { 'data-search': true } as const;

/** The letter after `g` must come within this. */
const PAIR_MS = 1500;

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.shadowRoot !== null);

export function useKeyboard(pages: readonly PageDefinition[]): void {
  const navigate = useNavigate();
  useEffect(() => {
    let pressedAt = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
      const field = event.key === '/' ? document.querySelector<HTMLElement>('[data-search]') : null;
      if (field !== null) {
        event.preventDefault();
        field.focus();
      }
      const page = event.timeStamp - pressedAt < PAIR_MS ? pages.find(({ letter }) => letter === event.key) : undefined;
      pressedAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (page !== undefined) void navigate({ to: `/${page.path}` });
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [navigate, pages]);
}
