// Lists the tokens that derive from a token, each below the one that it was issued for.
import { Button, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { formatNumber } from '../../shared/numbers.ts';
import { TimeText } from '../../shared/TimeText.tsx';
import { State, TokenLink } from './Hops.tsx';
import { type Branch, branchesOf, describeParties } from './hops.ts';

export type Family = components['answers']['list-descendants'];

const PAGE = 200;
/** Deeper branches are closed at first. */
const OPEN_LEVELS = 4;

export const readFamily = (id: string, cursor?: string, signal?: AbortSignal): Promise<Family> =>
  read(
    api.GET('/tokens/{id}/descendants', {
      params: { path: { id }, query: { limit: PAGE, ...(cursor !== undefined && { cursor }) } },
      ...(signal && { signal }),
    }),
  );

export function Descendants({ id }: { readonly id: string }): ReactNode {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['descendants', id],
    queryFn: ({ pageParam, signal }) => readFamily(id, pageParam || undefined, signal),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });
  const pages = data?.pages;
  const branches = useMemo(() => branchesOf(id, pages?.flatMap(({ items }) => items) ?? []), [id, pages]);
  const [first] = pages ?? [];
  if (first === undefined) return <Loading />;
  if (first.count === 0) return <Text c="dimmed">None: no token was issued for it, yet.</Text>;
  return (
    <Stack gap="sm">
      <Text>{describeFamily(first)}</Text>
      <Branches branches={branches} level={1} label="Tokens that derive from it" />
      {hasNextPage && (
        <div>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Stack>
  );
}

/** How many there are, and how many of them are still accepted. */
export function describeFamily({ count, living, complete }: Pick<Family, 'count' | 'living' | 'complete'>): string {
  if (count === 1)
    return `1 token derives from it, ${living === 1 ? 'and it is still valid' : 'which is not valid any more'}.`;
  const all = `${formatNumber(count)} tokens derive from it`;
  if (living === count && complete) return `${all}, all of them still valid.`;
  const alive = living === 0 ? 'none of them is still valid' : `${formatNumber(living)} of them still valid`;
  return `${complete ? '' : 'At least '}${all}, ${alive}.`;
}

/** A revoked token has an end, too, and does not reach it. */
const ENDS: Readonly<Record<Branch['token']['state'], string>> = {
  active: 'expires',
  suspended: 'expires',
  expired: 'expired',
  revoked: 'would expire',
  unknown: 'expires',
};

interface BranchesProps {
  readonly branches: readonly Branch[];
  readonly level: number;
  readonly label?: string;
}

const Branches = ({ branches, level, label }: BranchesProps): ReactNode => (
  <ul className="branches" aria-label={label}>
    {branches.map((branch) => (
      <BranchItem key={branch.token.id} branch={branch} level={level} />
    ))}
  </ul>
);

function BranchItem({
  branch: { token, children },
  level,
}: {
  readonly branch: Branch;
  readonly level: number;
}): ReactNode {
  const [isOpen, setOpen] = useState(level <= OPEN_LEVELS);
  const Icon = isOpen ? ChevronDown : ChevronRight;
  const what = [token.type ?? 'token', token.audiences?.join(' '), token.scope?.join(' ')];
  return (
    <li>
      <div className="branch">
        {children.length > 0 ? (
          <button
            type="button"
            className="branch-toggle"
            aria-expanded={isOpen}
            aria-label={`Tokens that derive from the one of ${token.client ?? 'nobody'}`}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon size={16} aria-hidden="true" />
          </button>
        ) : (
          <span className="branch-toggle" />
        )}
        <State token={token} />
        <TokenLink id={token.id} words={describeParties(token)} />
        <span className="branch-what">{what.filter(Boolean).join(' · ')}</span>
        {token.expiresAt !== undefined && (
          <span className="branch-what">
            {ENDS[token.state]} <TimeText at={token.expiresAt} />
          </span>
        )}
      </div>
      {isOpen && children.length > 0 && <Branches branches={children} level={level + 1} />}
    </li>
  );
}
