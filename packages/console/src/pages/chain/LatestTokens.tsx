// Offers the tokens that were issued last, for a person who has no id.
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useCallback } from 'react';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { type AuditRow, actorsOf, auditRowOf, subjectOf, targetsOf } from '../../shared/audit-row.ts';
import { type Column, DataTable } from '../../shared/DataTable.tsx';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Panel } from '../../shared/Page.tsx';
import { TimeText } from '../../shared/TimeText.tsx';

const COUNT = 50;

const columns: readonly Column<AuditRow>[] = [
  { title: 'When', width: 'minmax(8rem, 1fr)', cell: ({ time }) => <TimeText at={time} /> },
  { title: 'Client', width: 'minmax(5rem, 1fr)', cell: ({ client }) => client },
  { title: 'Subject', width: 'minmax(5rem, 1fr)', cell: (row) => subjectOf(row)?.sub },
  {
    title: 'Actors',
    width: 'minmax(5rem, 1fr)',
    wideOnly: true,
    cell: (row) =>
      actorsOf(row)
        .map(({ sub }) => sub)
        .join(' ← '),
  },
  { title: 'Target', width: 'minmax(6rem, 2fr)', desktopOnly: true, cell: (row) => targetsOf(row).join(' ') },
];

const keyOf = ({ requestId }: AuditRow): string => requestId;

export function LatestTokens(): ReactNode {
  const navigate = useNavigate();
  const { data } = useQuery({
    queryKey: ['latest tokens'],
    queryFn: async ({ signal }) => {
      const { items } = await read(
        api.GET('/audit', { params: { query: { outcome: 'issued', limit: COUNT } }, signal }),
      );
      return items
        .map((row) => auditRowOf(row))
        .filter(({ action, issued = [] }) => action === 'token' && issued.length > 0);
    },
  });
  const open = useCallback(
    ({ issued = [] }: AuditRow) => void navigate({ to: '.', search: { token: issued[0]?.id } as never }),
    [navigate],
  );
  if (data === undefined) return <Loading />;
  if (data.length === 0)
    return (
      <EmptyState title="No token was issued yet" command="cambio tokens inspect @token.txt">
        The command prints the id of a token.
      </EmptyState>
    );
  return (
    <Panel title="Issued last">
      <DataTable label="Tokens that were issued last" columns={columns} rows={data} keyOf={keyOf} onOpen={open} />
    </Panel>
  );
}
