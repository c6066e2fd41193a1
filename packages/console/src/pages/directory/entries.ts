// Loads the lists of the directory, and names their entries.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { type Entry, textOf } from '../../shared/entry.ts';

type Answers = components['answers'];
export type Client = Answers['list-clients']['items'][number];
export type Account = Answers['list-accounts']['items'][number];

export const KINDS = ['clients', 'resources', 'issuers', 'rules', 'people'] as const;
export type Kind = (typeof KINDS)[number];

interface Items {
  readonly clients: Client;
  readonly resources: Entry;
  readonly issuers: Entry;
  readonly rules: Entry;
  readonly people: Account;
}

interface Loaded<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

type Query = { readonly limit: number; readonly cursor?: string };
type Load<T> = (query: Query, signal: AbortSignal) => Promise<Loaded<T>>;

const loads: { readonly [K in Kind]: Load<Items[K]> } = {
  clients: (query, signal) => read(api.GET('/clients', { params: { query }, signal })),
  resources: (query, signal) => read(api.GET('/resources', { params: { query }, signal })),
  issuers: (query, signal) => read(api.GET('/issuers', { params: { query }, signal })),
  rules: (query, signal) => read(api.GET('/rules', { params: { query }, signal })),
  people: (query, signal) => read(api.GET('/accounts', { params: { query }, signal })),
};

const PAGE_ROWS = 200;

export const issuerNameOf = ({ name, issuer, saml, trustDomain }: Entry): string =>
  textOf(name) || textOf(issuer) || textOf(saml) || textOf(trustDomain);

/** An entry, and the name by which the URL has it. */
export interface Named<T> {
  readonly name: string;
  readonly item: T;
  /** Its place in the list, from 1. */
  readonly place: number;
}

const names: { readonly [K in Kind]: (item: Items[K], place: number) => string } = {
  clients: ({ id }) => id,
  resources: ({ audience }) => textOf(audience),
  issuers: issuerNameOf,
  rules: ({ name }, place) => textOf(name) || `rule ${place}`,
  people: ({ username }) => username,
};

/** @returns the entries that are loaded; undefined before the first page */
export function useEntries<K extends Kind>(kind: K) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['directory', kind],
    queryFn: ({ pageParam, signal }) =>
      loads[kind]({ limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }, signal),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });
  const entries: readonly Named<Items[K]>[] | undefined = data?.pages
    .flatMap(({ items }) => items)
    .map((item, index) => ({ item, place: index + 1, name: names[kind](item, index + 1) }));
  const hasMore = hasNextPage && !isFetchingNextPage;
  return { entries, hasNextPage, loadMore: () => void (hasMore && fetchNextPage()) };
}

/** Loads every page while `isWanted`. @returns the entries, and whether they are all there */
export function useAllEntries<K extends Kind>(kind: K, isWanted = true) {
  const { entries, hasNextPage, loadMore } = useEntries(kind);
  useEffect(() => {
    if (isWanted && hasNextPage) loadMore();
  });
  return { entries, loadMore, isWhole: entries !== undefined && !hasNextPage };
}
