// Keeps what the server answered. While the server is gone or overloaded, requests are repeated and the page says so.
import { QueryClient } from '@tanstack/react-query';
import { ApiFailure } from '../api/client.ts';

const MAX_PAUSE_MS = 15_000;

const isTransient = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && (error.status === 0 || error.status === 503);

/** Repeats as the server says (Retry-After), or after a pause that doubles. */
const pauseMs = (failures: number, error: unknown): number =>
  error instanceof ApiFailure && error.retryAfter !== undefined
    ? error.retryAfter * 1000
    : Math.min(MAX_PAUSE_MS, 500 * 2 ** failures);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (_failures, error) => isTransient(error),
      retryDelay: pauseMs,
      networkMode: 'always',
      staleTime: 5_000,
      throwOnError: true,
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

/** Why requests wait, if they do. */
let trouble: 'gone' | 'busy' | undefined;
const listeners = new Set<() => void>();

queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== 'updated') return;
  const { action } = event;
  if (action.type !== 'failed' && action.type !== 'success') return;
  const error = action.type === 'failed' ? action.error : undefined;
  const next = isTransient(error) ? (error.status === 0 ? 'gone' : 'busy') : undefined;
  if (next === trouble) return;
  trouble = next;
  for (const listener of listeners) listener();
});

export const troubles = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: (): typeof trouble => trouble,
};
