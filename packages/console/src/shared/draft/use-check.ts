// Asks the server about the draft: after each pause in typing, and one question at a time.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { components } from '../../api/admin-api.ts';
import { type ApiFailure, api, read } from '../../api/client.ts';
import { type Draft, isAboutDraft } from './draft.ts';

export type Report = components['answers']['check-draft'];
export type Rule = Report['rules'][number];
export type Finding = Report['findings'][number];

const PAUSE_MS = 400;
/** The files in force as they are. */
const NOTHING: Draft = { files: [] };

export const checkQuery = (draft: Draft = NOTHING) => ({
  queryKey: ['check', draft],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => read(api.POST('/policy/check', { body: draft, signal })),
  throwOnError: (error: Error) => !isAboutDraft(error),
});

export interface Checked {
  /** The last answer; undefined until there is one. */
  readonly report: Report | undefined;
  /** The last answer without a fault. */
  readonly usable: Report | undefined;
  /** The server has not answered to the last edit. */
  readonly isBehind: boolean;
  /** Why the draft could not be checked. */
  readonly failure: ApiFailure | undefined;
}

export function useCheck(draft: Draft | undefined): Checked {
  const [asked, ask] = useState(draft);
  const { data, error, isFetching } = useQuery({ ...checkQuery(asked), placeholderData: keepPreviousData });
  useEffect(() => {
    if (draft === asked || isFetching) return undefined;
    const timer = setTimeout(() => ask(draft), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, asked, isFetching]);
  const [report, setReport] = useState(data);
  const [usable, setUsable] = useState(data?.counts && data);
  if (data !== undefined && data !== report) {
    setReport(data);
    if (data.counts !== undefined) setUsable(data);
  }
  return {
    report,
    usable,
    isBehind: draft !== asked || isFetching,
    failure: isAboutDraft(error) ? error : undefined,
  };
}
