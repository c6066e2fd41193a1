// Shows whether the server works now, and what fails most and for whom.
import { SegmentedControl } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, read } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { Page } from '../../shared/Page.tsx';
import { statusQuery } from '../../shared/status-query.ts';
import { Faults } from './Faults.tsx';
import { FirstRun, useFirstRun } from './FirstRun.tsx';
import { Freshness } from './Freshness.tsx';
import './overview.css';
import { page } from './page.ts';
import { Traffic } from './Traffic.tsx';

const HOUR_MS = 3_600_000;
const REFRESH_MS = 10_000;

const PERIODS = {
  '1h': { words: 'hour', hours: 1 },
  '24h': { words: 'day', hours: 24 },
  '7d': { words: '7 days', hours: 7 * 24 },
  '30d': { words: '30 days', hours: 30 * 24 },
} as const;

export default function OverviewPage(): ReactNode {
  const [{ period }, change] = useUrlState(page);
  const { data: status } = useQuery(statusQuery);
  const { data: overview } = useQuery({
    queryKey: ['overview', period],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - PERIODS[period].hours * HOUR_MS).toISOString();
      return read(api.GET('/overview', { params: { query: { since } }, signal }));
    },
    refetchInterval: REFRESH_MS,
    // The previous numbers stay until the next ones are there, so that nothing jumps.
    placeholderData: keepPreviousData,
  });
  const first = useFirstRun(status?.audit.last.position);
  const periods = (
    <SegmentedControl
      aria-label="Period"
      value={period}
      data={Object.entries(PERIODS).map(([value, { words }]) => ({ value, label: words }))}
      onChange={(value) => change({ period: value as typeof period })}
    />
  );
  if (status === undefined || overview === undefined || first === undefined)
    return (
      <Page page={page} actions={periods}>
        <Loading />
      </Page>
    );
  return (
    <Page page={page} actions={periods}>
      <Faults faults={status.faults} />
      {first !== 'none' && <FirstRun first={first} />}
      <Traffic overview={overview} period={`the last ${PERIODS[period].words}`} />
      <Freshness status={status} />
    </Page>
  );
}
