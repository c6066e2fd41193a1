// Which rules did no request use in the last 30 days? The report has an audit row, so it is asked for once.
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client.ts';

const DAYS = 30;
const DAY_MS = 86_400_000;
const KEPT_MS = 600_000;

export type Usage = 'used' | 'not used' | 'never used' | 'unknown';

/** @returns undefined until the server has answered, which may take some seconds */
export function useUsage(): ((rule: string) => Usage) | undefined {
  const since = new Date((Math.floor(Date.now() / DAY_MS) - DAYS) * DAY_MS).toISOString();
  const { data, error } = useQuery({
    queryKey: ['unused', since],
    queryFn: ({ signal }) => read(api.GET('/policy/unused', { params: { query: { since } }, signal })),
    staleTime: KEPT_MS,
    throwOnError: false,
  });
  if (error !== null) return () => 'unknown';
  if (data === undefined) return undefined;
  const unused = new Map(
    [...data.unused, ...data.kept].flatMap(({ kind, name, of, lastUsed }) =>
      kind === 'rule' && of === undefined ? [[name, lastUsed] as const] : [],
    ),
  );
  const unread = new Set(data.unread);
  return (rule) => {
    if (unread.has(`rule ${rule}`)) return 'unknown';
    if (!unused.has(rule)) return 'used';
    return unused.get(rule) === undefined ? 'never used' : 'not used';
  };
}
