// Asks the admin API what the form offers, and how the server decides.
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { components } from '../../api/admin-api.ts';
import { ApiFailure, api, read } from '../../api/client.ts';
import type { Explanation } from '../../shared/Decision.tsx';
import type { Draft } from '../../shared/draft/draft.ts';
import { rowQuery } from '../../shared/row-query.ts';
import type { ExplainBody } from './request.ts';

export type AuditRow = components['answers']['find-audit-event'];
export type WrittenTest = components['answers']['write-test'];

/** The server refused what was asked, not the person. The page shows it in place. */
export const isAboutRequest = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && [400, 404, 413, 422].includes(error.status);

const inPlace = { throwOnError: (error: Error): boolean => !isAboutRequest(error) };

/** Names are offered, and any other text may be typed. */
const OFFERED = { query: { limit: 200 } } as const;

export interface Names {
  readonly clients: readonly string[];
  readonly audiences: readonly string[];
  readonly issuers: readonly { readonly name: string; readonly issuer: string }[];
}

export function useNames(): Names | undefined {
  return useQuery({
    queryKey: ['playground-names'],
    queryFn: async ({ signal }): Promise<Names> => {
      const [clients, resources, servers, issuers] = await Promise.all([
        read(api.GET('/clients', { params: OFFERED, signal })),
        read(api.GET('/resources', { params: OFFERED, signal })),
        read(api.GET('/authorization-servers', { params: OFFERED, signal })),
        read(api.GET('/issuers', { params: OFFERED, signal })),
      ]);
      const targets = [...resources.items.map(({ audience }) => audience), ...servers.items.map((one) => one.issuer)];
      return {
        clients: clients.items.map(({ id }) => id),
        audiences: unique(targets),
        issuers: issuers.items.map(({ name, issuer }) => ({
          name: String(name ?? issuer),
          issuer: String(issuer ?? ''),
        })),
      };
    },
    staleTime: 60_000,
  }).data;
}

const unique = (values: readonly unknown[]): readonly string[] => [
  ...new Set(values.filter((value) => typeof value === 'string')),
];

/** @param body undefined as long as something is missing. It may have tokens, so it is forgotten with the form */
export const useExplanation = (
  body: ExplainBody | undefined,
  draft: Draft | undefined,
): UseQueryResult<Explanation, Error> =>
  useQuery({
    queryKey: ['explain', body, draft],
    queryFn: ({ signal }) =>
      read(api.POST('/explain', { body: { ...(body as ExplainBody), ...(draft && { draft }) }, signal })),
    enabled: body !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 0,
    ...inPlace,
  });

export const useRow = (id: string): UseQueryResult<AuditRow, Error> =>
  useQuery({
    ...rowQuery(id),
    enabled: id !== '',
    placeholderData: keepPreviousData,
    ...inPlace,
  });

export interface WantedTest {
  readonly name: string;
  readonly rule: string;
}

export const useWrittenTest = (
  body: ExplainBody | undefined,
  draft: Draft | undefined,
  { name, rule }: WantedTest,
): UseQueryResult<WrittenTest, Error> =>
  useQuery({
    queryKey: ['write-test', body, draft, name, rule],
    queryFn: ({ signal }) =>
      read(
        api.POST('/policy/tests', {
          body: {
            ...(body as ExplainBody),
            ...(name !== '' && { name }),
            ...(rule !== '' && { rule }),
            ...(draft && { draft }),
          },
          signal,
        }),
      ),
    enabled: body !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 0,
    ...inPlace,
  });

/** How the client authenticates, for its code. A client that does not exist has no entry. */
export const useClientEntry = (id: string): Readonly<Record<string, unknown>> | undefined =>
  useQuery({
    queryKey: ['client', id],
    queryFn: ({ signal }) => read(api.GET('/clients/{id}', { params: { path: { id } }, signal })),
    enabled: id !== '',
    ...inPlace,
  }).data?.entry;
