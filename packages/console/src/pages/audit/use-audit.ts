// Reads the audit: pages of rows that match a filter, and those that are written after them.
import { keepPreviousData, type QueryClient, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useReducer, useState } from 'react';
import { ApiFailure, api, read } from '../../api/client.ts';
import { type AuditRow, auditRowOf } from '../../shared/audit-row.ts';
import { type Filter, queryOf } from './filters.ts';

/** A row with a key of its own: several rows may have one request id. */
export interface Entry extends AuditRow {
  readonly key: string;
}

const PAGE_ROWS = 200;
const POLL_MS = 1000;
/** While new rows arrive, a list keeps this many. It says that older ones were left out. */
const MAX_LIVE_ROWS = 20_000;

/** Is the filter at fault? The page says so beside it. */
const isFilterRefused = (error: unknown): boolean =>
  error instanceof ApiFailure && (error.status === 400 || error.status === 422);

type Place = { readonly cursor?: string } | { readonly after: number };

async function readPage(filter: Filter, place: Place, key: string, signal: AbortSignal) {
  const query = { ...queryOf(filter), ...place, limit: PAGE_ROWS };
  const page = await read(api.GET('/audit', { params: { query }, signal }));
  const entries = page.items.map((row, index): Entry => ({ ...auditRowOf(row), key: `${key}.${index}` }));
  return { ...page, entries };
}

interface Tail {
  /** The list that it follows. */
  readonly of: string;
  readonly entries: readonly Entry[];
  readonly isCut: boolean;
}
const NOTHING: readonly Entry[] = [];

export function useAudit(filter: Filter, isLive: boolean) {
  const queries = useQueryClient();
  // Following begins with a new list, so that nothing between its rows and the new ones is missing.
  const [run, searchAgain] = useReducer((count: number) => count + 1, 0);
  const id = JSON.stringify([filter, run, isLive]);
  const list = useInfiniteQuery({
    queryKey: ['audit', id],
    queryFn: ({ pageParam, signal }) =>
      readPage(filter, pageParam === '' ? {} : { cursor: pageParam }, `page ${pageParam}`, signal),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    throwOnError: (error) => !isFilterRefused(error),
    // Rows do not change. Reading them again would also read those that the tail has.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    structuralSharing: false,
  });
  const { data, isPlaceholderData } = list;
  const first = isPlaceholderData ? undefined : data?.pages[0];
  const tail = useTail({ of: id, filter, isLive, first, queries, searchAgain });
  const pages = data?.pages;
  const rows = useMemo(
    () => (tail.isCut ? tail.entries : [...tail.entries, ...(pages ?? []).flatMap(({ entries }) => entries)]),
    [pages, tail],
  );
  useEmptyPages(list);
  return { ...list, rows, isCut: tail.isCut, searchAgain, searchedUpTo: first?.searchedUpTo?.time };
}

/** A page without a row may have a next one. The table asks for more only after it has got rows. */
function useEmptyPages({ data, hasNextPage, isFetching, fetchNextPage }: ListState): void {
  const isEmpty = data?.pages.at(-1)?.entries.length === 0;
  useEffect(() => {
    if (isEmpty && hasNextPage && !isFetching) void fetchNextPage();
  }, [isEmpty, hasNextPage, isFetching, fetchNextPage]);
}
interface ListState {
  readonly data: { readonly pages: readonly { readonly entries: readonly Entry[] }[] } | undefined;
  readonly hasNextPage: boolean;
  readonly isFetching: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

interface TailOptions {
  readonly of: string;
  readonly filter: Filter;
  readonly isLive: boolean;
  readonly first: { readonly position?: number } | undefined;
  readonly queries: QueryClient;
  readonly searchAgain: () => void;
}

function useTail({ of, filter, isLive, first, queries, searchAgain }: TailOptions): Tail {
  const [tail, setTail] = useState<Tail>({ of, entries: NOTHING, isCut: false });
  const [error, setError] = useState<unknown>();
  const position = first?.position;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the id of the list stands for its filter
  useEffect(() => {
    if (!isLive || first === undefined) return undefined;
    // A transaction with an earlier row took long: the list may lack that row.
    if (position === undefined) {
      const timer = setTimeout(searchAgain, POLL_MS);
      return () => clearTimeout(timer);
    }
    const stop = new AbortController();
    const add = (entries: readonly Entry[]): void =>
      setTail((before) => extended(before.of === of ? before.entries : NOTHING, entries, of));
    follow({ queries, filter, after: position, add, signal: stop.signal }).catch((reason) => {
      if (!stop.signal.aborted) setError(reason);
    });
    return () => stop.abort();
  }, [of, isLive, first === undefined, position]);
  if (error !== undefined) throw error;
  return useMemo(() => (tail.of === of ? tail : { of, entries: NOTHING, isCut: false }), [of, tail]);
}

/** Rows arrive in the order of writing. The list has them by time, newest first: a request that takes long is written after later ones. */
function extended(before: readonly Entry[], arrived: readonly Entry[], of: string): Tail {
  const newest = arrived.toSorted((a, b) => b.time - a.time);
  const entries: Entry[] = [];
  let old = 0;
  for (const entry of newest) {
    while (old < before.length && (before[old] as Entry).time > entry.time) entries.push(before[old++] as Entry);
    entries.push(entry);
  }
  const all = [...entries, ...before.slice(old)];
  return { of, entries: all.slice(0, MAX_LIVE_ROWS), isCut: all.length > MAX_LIVE_ROWS };
}

interface FollowOptions {
  readonly queries: QueryClient;
  readonly filter: Filter;
  readonly after: number;
  readonly add: (entries: readonly Entry[]) => void;
  readonly signal: AbortSignal;
}

/** Each call goes on where the last one ended. While the server is gone, the query is repeated and the frame says so. */
async function follow({ queries, filter, after: start, add, signal }: FollowOptions): Promise<void> {
  for (let after = start; !signal.aborted; ) {
    const place = { after };
    const page = await queries.fetchQuery({
      queryKey: ['audit tail', filter, after],
      queryFn: (query) => readPage(filter, place, `after ${place.after}`, query.signal),
      staleTime: 0,
      gcTime: 0,
    });
    if (signal.aborted) return;
    if (page.entries.length > 0) add(page.entries);
    const isNews = page.position !== undefined && page.position !== after;
    after = page.position ?? after;
    if (!(page.more && isNews)) await pause(POLL_MS, signal);
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
