// Shows the requests of a period: how many got a token, why others did not, for whom, and how long they took.
import { Text } from '@mantine/core';
import { lazy, type ReactNode, Suspense } from 'react';
import type { components } from '../../api/admin-api.ts';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { countOf, describeSeconds, formatMs, formatNumber } from '../../shared/numbers.ts';
import { Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { ReasonText } from '../../shared/ReasonText.tsx';
import type { ChartProps } from './Chart.tsx';

export type Overview = components['answers']['overview'];

const LazyChart = lazy(() => import('./Chart.tsx'));

interface TrafficProps {
  readonly overview: Overview;
  /** In words: `the last hour`. */
  readonly period: string;
}

export function Traffic({ overview, period }: TrafficProps): ReactNode {
  const { issued, refused, failed } = overview.total;
  if (issued + refused + failed === 0)
    return (
      <EmptyState title={`No request in ${period}`} command="cambio audit search --since 30d">
        Requests of clients appear here within a second. Calls of the admin API do not count.
      </EmptyState>
    );
  return (
    <>
      <Panel title="Requests">
        <Summary overview={overview} period={period} />
        <Charts overview={overview} />
      </Panel>
      {overview.reasons.length > 0 && <Reasons overview={overview} />}
      <div className="side-by-side">
        <Named of={overview.audiences} title="By target" filter="target" kind="resources" />
        <Named of={overview.clients} title="By client" filter="client" kind="clients" />
      </div>
    </>
  );
}

function Summary({ overview, period }: TrafficProps): ReactNode {
  const { issued, refused, failed, p50, p99 } = overview.total;
  const share = ((100 * (refused + failed)) / (issued + refused + failed)).toFixed(1);
  return (
    <Text>
      In {period}, {countOf(issued, 'token was issued', 'tokens were issued')} and{' '}
      {countOf(refused, 'request was refused', 'requests were refused')}
      {failed > 0 && <>; {countOf(failed, 'request')} failed by a fault of the server</>} ({share} % got no token).
      {p50 !== undefined && p99 !== undefined && (
        <>
          {' '}
          Half of the tokens took at most {formatDuration(p50)}, 99 % took at most {formatDuration(p99)}.
        </>
      )}
    </Text>
  );
}

/** Less than a millisecond is counted as 0. */
const formatDuration = (milliseconds: number): string => formatMs(Math.max(1, milliseconds));

function Charts({ overview: { buckets, bucketSeconds } }: Pick<TrafficProps, 'overview'>): ReactNode {
  const times = buckets.map(({ start }) => Date.parse(start) / 1000);
  const unit = bucketSeconds === 60 ? 'minute' : describeSeconds(bucketSeconds);
  return (
    <div className="side-by-side">
      <Chart
        title={`Requests per ${unit}`}
        times={times}
        format={formatNumber}
        series={[
          { name: 'issued', colour: '--accent', values: buckets.map(({ issued }) => issued) },
          { name: 'got no token', colour: '--danger', values: buckets.map(({ refused, failed }) => refused + failed) },
        ]}
      />
      <Chart
        title="Time until a token was issued"
        times={times}
        format={formatMs}
        series={[
          { name: 'half of them', colour: '--accent', values: buckets.map(({ p50 }) => p50 ?? null) },
          { name: '99 %', colour: '--soft', values: buckets.map(({ p99 }) => p99 ?? null) },
        ]}
      />
    </div>
  );
}

const TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'short' });

/** The chart is drawn when its code has arrived, and takes the same room before. The table says the same. */
const Chart = (chart: ChartProps): ReactNode => (
  <figure className="chart">
    <figcaption>{chart.title}</figcaption>
    <Suspense fallback={<div className="chart-room" />}>
      <LazyChart {...chart} />
    </Suspense>
    <details>
      <summary>Numbers</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
      <section className="numbers-scroll" aria-label={`${chart.title}: numbers`} tabIndex={0}>
        <table className="numbers">
          <thead>
            <tr>
              <th scope="col">From</th>
              {chart.series.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {chart.times.map((time, index) => (
              <tr key={time}>
                <th scope="row">{TIME.format(time * 1000)}</th>
                {chart.series.map(({ name, values }) => (
                  <td key={name}>{values[index] == null ? '–' : chart.format(values[index])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  </figure>
);

const Reasons = ({ overview: { reasons, total } }: Pick<TrafficProps, 'overview'>): ReactNode => (
  <Panel title="Why requests got no token">
    <table className="numbers wide">
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col">Requests</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {reasons.map(({ outcome, reason, count }) => (
          <tr key={outcome + reason}>
            <th scope="row">
              <PageLink to="audit" state={{ outcome, reason }}>
                <ReasonText reason={reason} />
              </PageLink>
            </th>
            <td>{formatNumber(count)}</td>
            <td>{Math.round((100 * count) / (total.refused + total.failed))} %</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Panel>
);

interface NamedProps {
  readonly title: string;
  readonly of: Overview['audiences'];
  /** The filter of the audit page that finds the requests. */
  readonly filter: 'target' | 'client';
  readonly kind: string;
}

const Named = ({ title, of, filter, kind }: NamedProps): ReactNode => (
  <Panel title={title}>
    {of.length === 0 ? (
      <Text c="dimmed">No request of this period names one.</Text>
    ) : (
      <table className="numbers wide">
        <thead>
          <tr>
            <th scope="col">{filter === 'client' ? 'Client' : 'Target'}</th>
            <th scope="col">Issued</th>
            <th scope="col">No token</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ name, issued, refused, p50, p99 }) => (
            <tr key={name ?? ''}>
              <th scope="row">
                {name === undefined ? (
                  'all others'
                ) : (
                  <PageLink to="directory" state={{ kind, name }}>
                    {name}
                  </PageLink>
                )}
                {p50 !== undefined && p99 !== undefined && (
                  <Text size="xs" c="dimmed">
                    half within {formatDuration(p50)}, 99 % within {formatDuration(p99)}
                  </Text>
                )}
              </th>
              <td>{formatNumber(issued)}</td>
              <td>
                {name === undefined || refused === 0 ? (
                  formatNumber(refused)
                ) : (
                  <PageLink to="audit" state={{ [filter]: name, outcome: 'refused' }}>
                    {formatNumber(refused)}
                  </PageLink>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </Panel>
);
