// The columns of the audit.
import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';
import { type AuditRow, actorsOf, colourOf, subjectOf, targetsOf, whatOf } from '../../shared/audit-row.ts';
import type { Column } from '../../shared/DataTable.tsx';
import { ReasonText } from '../../shared/ReasonText.tsx';
import { exactTime } from '../../shared/TimeText.tsx';

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The time of the day, and the day unless it is today. */
export function ClockText({ at }: { readonly at: number }): ReactNode {
  const time = new Date(at);
  const isToday = time.toDateString() === new Date().toDateString();
  return (
    <time dateTime={time.toISOString()} title={exactTime(time)} className="clock">
      {!isToday && <span className="clock-day">{DAY.format(time)}</span>}
      <span>{CLOCK.format(time)}</span>
    </time>
  );
}

export const Outcome = ({ row: { outcome, count } }: { readonly row: AuditRow }): ReactNode => (
  <Badge variant="light" color={colourOf(outcome)}>
    {outcome ?? 'unknown'}
    {count !== undefined && ` × ${count}`}
  </Badge>
);

/** A text that may be longer than its column. */
const Cut = ({ text }: { readonly text: string | undefined }): ReactNode => (
  <span title={text}>{text?.replaceAll('https://', '')}</span>
);

const list = (texts: readonly string[] | undefined): string => texts?.join(' ') ?? '';

/** What was asked for, and what was given if that differs. */
export function ScopeText({ row: { scopeAsked, scopeGiven } }: { readonly row: AuditRow }): ReactNode {
  const [asked, given] = [list(scopeAsked), list(scopeGiven)];
  if (scopeGiven === undefined || asked === given || asked === '') return <Cut text={given || asked} />;
  return <Cut text={`${asked} → ${given || 'nothing'}`} />;
}

const Client = ({ row: { client, clientClaimed, by } }: { readonly row: AuditRow }): ReactNode => {
  if (client === undefined && clientClaimed !== undefined)
    return (
      <span className="soft" title="The caller sent this id and did not prove it">
        {clientClaimed}?
      </span>
    );
  return <Cut text={client ?? (by === undefined ? undefined : `${by.user}@${by.host}`)} />;
};

export const columns: readonly Column<AuditRow>[] = [
  { title: 'Time', width: '5.25rem', cell: ({ time }) => <ClockText at={time} /> },
  { title: 'Client', width: 'minmax(4.5rem, 1fr)', cell: (row) => <Client row={row} /> },
  { title: 'Subject', width: 'minmax(5rem, 1fr)', wideOnly: true, cell: (row) => <Cut text={subjectOf(row)?.sub} /> },
  {
    title: 'Actors',
    width: 'minmax(5rem, 1fr)',
    desktopOnly: true,
    cell: (row) => (
      <Cut
        text={actorsOf(row)
          .map(({ sub }) => sub)
          .join(' ← ')}
      />
    ),
  },
  {
    title: 'Target',
    width: 'minmax(6rem, 1.4fr)',
    desktopOnly: true,
    cell: (row) => <Cut text={list(targetsOf(row))} />,
  },
  {
    title: 'Scope',
    width: 'minmax(7.5rem, 1.4fr)',
    desktopOnly: true,
    cell: (row) => <ScopeText row={row} />,
  },
  { title: 'Rule', width: 'minmax(5rem, 1fr)', desktopOnly: true, cell: ({ rule }) => <Cut text={rule} /> },
  { title: 'Outcome', width: '5.75rem', cell: (row) => <Outcome row={row} /> },
  {
    title: 'What, and why',
    width: 'minmax(8rem, 2fr)',
    wideOnly: true,
    cell: (row) =>
      row.reason === undefined ? <span className="soft">{whatOf(row)}</span> : <ReasonText reason={row.reason} />,
  },
];
