// Reads one audit row with its explanation. Every page reads it under one key, so no page shows an older answer than another.
import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../api/client.ts';

export const rowQuery = (requestId: string) =>
  queryOptions({
    queryKey: ['audit row', requestId],
    queryFn: ({ signal }) => read(api.GET('/audit/{requestId}', { params: { path: { requestId } }, signal })),
  });
