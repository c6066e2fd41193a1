// Shows one row: what happened and why, the facts, the decision step by step, what was issued, and the rows that belong to it.

import { Badge, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiFailure } from '../../api/client.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import {
  type AuditRow,
  auditRowOf,
  colourOf,
  isExchange,
  subjectOf,
  targetsOf,
  whatOf,
} from '../../shared/audit-row.ts';
import { Checklist, type Explanation, RulesOfClient, stepsOf } from '../../shared/Decision.tsx';
import { Facts } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { Problem } from '../../shared/Problem.tsx';
import { ReasonText } from '../../shared/ReasonText.tsx';
import { rowQuery } from '../../shared/row-query.ts';
import { exactTime, TimeText } from '../../shared/TimeText.tsx';
import { TokenId } from '../../shared/TokenId.tsx';
import { ClockText, Outcome, ScopeText } from './columns.tsx';
import { PartyLine } from './PartyLine.tsx';

interface RowDetailsProps {
  /** Of the request. */
  readonly id: string;
  readonly onOpen: (requestId: string) => void;
}

interface Sibling {
  readonly by: 'request' | 'caller_request' | 'token';
  readonly event: AuditRow;
}

type Found = AuditRow & { readonly explanation: Explanation; readonly siblings: readonly Sibling[] };

const isUnknown = (error: unknown): error is ApiFailure => error instanceof ApiFailure && error.status === 404;

export function RowDetails({ id, onOpen }: RowDetailsProps): ReactNode {
  const { data, error } = useQuery({
    ...rowQuery(id),
    select: (row) => auditRowOf<Found>(row),
    throwOnError: (failure) => !isUnknown(failure),
  });
  if (isUnknown(error)) return <Problem error={error} title="No row has this id" isUnknown />;
  if (data === undefined) return <Loading />;
  const { explanation, siblings, ...row } = data;
  return (
    <Stack gap="lg">
      <Verdict row={row} explanation={explanation} />
      <Part title="Facts">
        <RowFacts row={row} explanation={explanation} />
      </Part>
      <Part title="The decision, step by step">
        <Checklist steps={stepsOf(explanation)} />
      </Part>
      {explanation.rules.length > 0 && (
        <Part title="The rules that were asked">
          <RulesOfClient rules={explanation.rules} others={explanation.rulesOfOthers} />
        </Part>
      )}
      <Issued row={row} />
      <Siblings siblings={siblings} onOpen={onOpen} />
      <details className="raw">
        <summary>All fields of the row</summary>
        <Code block tabIndex={0}>
          {JSON.stringify(row, undefined, 2)}
        </Code>
      </details>
    </Stack>
  );
}

const Part = ({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode => (
  <section aria-label={title}>
    <Title order={3} size="h5" mb="xs">
      {title}
    </Title>
    {children}
  </section>
);

interface RowProps {
  readonly row: AuditRow;
  readonly explanation: Explanation;
}

/** The answer to "what happened, and why", and where to go on. */
const Verdict = ({ row, explanation: { remedy, detail } }: RowProps): ReactNode => (
  <div className="verdict" data-colour={colourOf(row.outcome)}>
    <Group gap="sm">
      <Outcome row={row} />
      <Text fw={600}>{whatOf(row)}</Text>
      <ClockText at={row.time} />
    </Group>
    <PartyLine row={row} />
    {row.reason !== undefined && (
      <Text fw={600}>
        <ReasonText reason={row.reason} />
      </Text>
    )}
    {detail !== undefined && <Text size="sm">{detail}</Text>}
    {remedy !== undefined && <Text size="sm">{remedy}</Text>}
    <Group gap="md">
      {isExchange(row) && (
        <PageLink to="playground" state={{ row: row.requestId }}>
          Open in the playground
        </PageLink>
      )}
      {row.issued?.[0] !== undefined && (
        <PageLink to="chain" state={{ token: row.issued[0].id }}>
          Show the chain
        </PageLink>
      )}
    </Group>
  </div>
);

const joined = (texts: readonly string[] | undefined): string | undefined => texts?.join(' ') || undefined;

function RowFacts({ row, explanation: { place } }: RowProps): ReactNode {
  const subject = subjectOf(row);
  const asked = joined([...(row.audiencesAsked ?? []), ...(row.resourcesAsked ?? [])]);
  const target = joined(targetsOf(row));
  return (
    <Facts
      of={{
        Time: (
          <>
            {exactTime(new Date(row.time))}, <TimeText at={row.time} />
          </>
        ),
        Request: <TokenId id={row.requestId} whole />,
        'Request of the caller': row.callerRequestId,
        Client: row.client ?? (row.clientClaimed && `${row.clientClaimed}, not proven`),
        'Authenticated by': row.clientAuthentication,
        Subject: subject && `${subject.sub} of ${subject.iss}`,
        'Subject token': row.subject && <TokenLine id={row.subject.id} type={row.subject.type} />,
        'Actor token': row.actor && <TokenLine id={row.actor.id} type={row.actor.type} />,
        Target: target,
        'Target asked for': asked === target ? undefined : asked,
        [row.scopeGiven === undefined ? 'Scope asked for' : 'Scope asked → given']:
          row.scopeAsked || row.scopeGiven ? <ScopeText row={row} /> : undefined,
        Reason: row.reason,
        Rule: row.rule && (
          <PageLink to="policy" state={{ rule: row.rule }}>
            {row.rule}
          </PageLink>
        ),
        Entry: place?.at,
        Address: row.address,
        'Decided in':
          row.duration === undefined ? undefined : row.duration < 1 ? 'less than 1 ms' : `${row.duration} ms`,
        Configuration: row.configuration?.slice(0, 12),
      }}
    />
  );
}

const TokenLine = ({ id, type }: { readonly id: string; readonly type: string }): ReactNode => (
  <Group gap="xs">
    <span>{type}</span>
    <PageLink to="chain" state={{ token: id }}>
      chain
    </PageLink>
    <TokenId id={id} />
  </Group>
);

const Issued = ({ row: { issued = [] } }: Pick<RowProps, 'row'>): ReactNode =>
  issued.length > 0 && (
    <Part title="What was issued">
      <ul className="plain-list">
        {issued.map(({ id, type, expiresAt }) => (
          <li key={id}>
            <Group gap="xs">
              <TokenLine id={id} type={type} />
              <Text size="sm" c="dimmed">
                expires <TimeText at={expiresAt * 1000} />
              </Text>
            </Group>
          </li>
        ))}
      </ul>
    </Part>
  );

const WHY = { request: 'same request', caller_request: 'same request of the caller', token: 'same token' } as const;

const Siblings = ({ siblings, onOpen }: Pick<Found, 'siblings'> & Pick<RowDetailsProps, 'onOpen'>): ReactNode =>
  siblings.length > 0 && (
    <Part title="Rows that belong to it">
      <ul className="plain-list">
        {siblings.map(({ by, event }) => (
          // Several rows may have one request id.
          <li key={`${event.requestId} ${event.action} ${event.outcome} ${event.time}`}>
            <button type="button" className="sibling" onClick={() => onOpen(event.requestId)}>
              <ClockText at={event.time} />
              <span className="sibling-what">
                {event.client} {whatOf(event)}
              </span>
              <Badge variant="default" size="sm">
                {WHY[by]}
              </Badge>
              <Outcome row={event} />
            </button>
          </li>
        ))}
      </ul>
    </Part>
  );
