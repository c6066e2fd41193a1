// Holds the form, and keeps the URL up to date with all of it but tokens.
import { useCallback, useEffect, useRef, useState } from 'react';
import { readState } from '../../frame/define-page.ts';
import { useUrlState } from '../../frame/url-state.ts';
import { page } from './page.ts';
import type { ExchangeForm } from './request.ts';
import { formOfUrl, isWritable, type Url, urlOfForm } from './url.ts';

/** The URL follows the form after this pause. */
const WRITE_DELAY_MS = 250;

interface HeldForm {
  readonly form: ExchangeForm;
  readonly change: (next: ExchangeForm) => void;
  /** The id of the row that has to fill the form: a link that has nothing but `row`. */
  readonly fillFrom: string | undefined;
}

export function useExchangeForm(): HeldForm {
  const [url, writeUrl] = useUrlState(page);
  const [form, setForm] = useState(() => formOfUrl(url));
  const written = useRef(keyOf(url));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const key = keyOf(url);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says whether the URL has another form
  useEffect(() => {
    if (key === written.current) return;
    // Somebody followed a link, or went back.
    written.current = key;
    clearTimeout(timer.current);
    setForm((before) => withTokensOf(before, formOfUrl(url)));
  }, [key]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = useCallback(
    (next: ExchangeForm): void => {
      setForm(next);
      clearTimeout(timer.current);
      if (!isWritable(next)) return;
      timer.current = setTimeout(() => {
        const state = urlOfForm(next);
        written.current = keyOf(readState(page.readers, state));
        writeUrl(state, 'replace');
      }, WRITE_DELAY_MS);
    },
    [writeUrl],
  );
  return { form, change, fillFrom: url.row !== '' && url.subject === undefined ? url.row : undefined };
}

/** Equal for URLs with the same form. */
const keyOf = (url: Url): string => JSON.stringify([urlOfForm(formOfUrl(url)), url.subject === undefined]);

const withTokensOf = ({ subject, actor }: ExchangeForm, next: ExchangeForm): ExchangeForm => ({
  ...next,
  subject: { ...next.subject, token: subject.token },
  actor: { ...next.actor, token: actor.token },
});
