// Asks for the state of the node, for each page that shows a part of it.
import { api, read } from '../api/client.ts';

const REFRESH_MS = 10_000;

export const statusQuery = {
  queryKey: ['status'],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => read(api.GET('/status', { signal })),
  refetchInterval: REFRESH_MS,
};
