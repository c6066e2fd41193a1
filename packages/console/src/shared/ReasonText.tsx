// The reason of a refusal in words, as docs/reference/errors.md has it.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

/** Loaded once, when the first reason is shown. */
const useReasons = () =>
  useQuery({
    queryKey: ['reasons'],
    queryFn: async () => (await import('../api/reasons.json')).default as Readonly<Record<string, readonly string[]>>,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;

interface ReasonTextProps {
  readonly reason: string;
  /** Adds what to do about it. */
  readonly withRemedy?: boolean;
}

export function ReasonText({ reason, withRemedy = false }: ReasonTextProps): ReactNode {
  const [meaning = reason, remedy] = useReasons()?.[reason] ?? [];
  return (
    <span title={reason}>
      {meaning}
      {withRemedy && remedy !== undefined && <> — {remedy}</>}
    </span>
  );
}
