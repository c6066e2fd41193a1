// Reads the pages of a replay one after the other, and adds them up.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { components } from '../../api/admin-api.ts';
import { type ApiFailure, api, read } from '../../api/client.ts';
import { type Draft, isAboutDraft } from '../../shared/draft/draft.ts';

type Answer = components['answers']['replay-draft'];
export type Difference = Answer['items'][number];
export type Group = Pick<Answer['groups'][number], 'client' | 'change' | 'reason' | 'count'>;

/** A browser keeps them. After so many, the person decides whether to go on. */
const MAX_DIFFERENCES = 5000;
const KEPT_MS = 1_800_000;

interface Window {
  /** ISO times; undefined: from the first row, or not begun. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly client: string | undefined;
}

export interface Replay {
  readonly differences: readonly Difference[];
  /** The most frequent first. */
  readonly groups: readonly Group[];
  readonly counts: Answer['counts'];
  /** Milliseconds since 1970, of the oldest row that was read. */
  readonly reached: number | undefined;
  readonly state: 'not begun' | 'reading' | 'stopped' | 'done' | 'refused';
  readonly failure: ApiFailure | undefined;
  readonly stop: () => void;
  readonly goOn: () => void;
}

export function useReplay(draft: Draft | undefined, { since, until, client }: Window): Replay {
  const body = {
    ...(draft ?? { files: [] }),
    ...(since && { since }),
    ...(until && { until }),
    ...(client && { client }),
  };
  const { data, error, isFetching, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['replay', body],
    queryFn: ({ pageParam, signal }) =>
      read(api.POST('/policy/replay', { body: { ...body, ...(pageParam !== '' && { cursor: pageParam }) }, signal })),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    enabled: until !== undefined,
    // Rows that are recorded do not change, and each report has an audit row.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    throwOnError: (one: Error) => !isAboutDraft(one),
  });
  const pages = data?.pages ?? [];
  const differences = pages.flatMap(({ items }) => items);
  const [allowed, allow] = useState(MAX_DIFFERENCES);
  const [isStopped, setStopped] = useState(false);
  const pauses = isStopped || differences.length >= allowed;
  useEffect(() => {
    if (hasNextPage && !isFetching && !pauses && error === null) void fetchNextPage();
  }, [hasNextPage, isFetching, pauses, error, fetchNextPage]);
  const failure = isAboutDraft(error) ? error : undefined;
  return {
    differences,
    groups: groupsOf(differences),
    counts: pages.reduce(add, { changed: 0, same: 0, undecided: 0, withheld: 0 }),
    reached: pages.at(-1)?.reached ?? pages.findLast(({ reached }) => reached !== undefined)?.reached,
    state: stateOf(),
    failure,
    stop: () => setStopped(true),
    goOn: () => {
      setStopped(false);
      allow(differences.length + MAX_DIFFERENCES);
    },
  };
  function stateOf(): Replay['state'] {
    if (until === undefined) return 'not begun';
    if (failure !== undefined) return 'refused';
    if (data !== undefined && !hasNextPage) return 'done';
    return pauses ? 'stopped' : 'reading';
  }
}

const add = (sum: Answer['counts'], { counts }: Answer): Answer['counts'] => ({
  changed: sum.changed + counts.changed,
  same: sum.same + counts.same,
  undecided: sum.undecided + counts.undecided,
  withheld: sum.withheld + counts.withheld,
});

/** Groups of several pages are made of their differences. */
function groupsOf(differences: readonly Difference[]): readonly Group[] {
  const groups = Map.groupBy(differences, ({ client, change, reason }) => JSON.stringify([change, client, reason]));
  return [...groups.values()]
    .flatMap((all) => {
      const [first] = all;
      if (first === undefined) return [];
      const { client, change, reason } = first;
      return [{ client, change, count: all.length, ...(reason !== undefined && { reason }) }];
    })
    .toSorted((a, b) => b.count - a.count);
}
