// Shows the claims of the subject token beside those of the new token, claim by claim, with times in words.
import { Badge, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Explanation } from '../../shared/Decision.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { decodeClaims } from '../../shared/token-text.ts';
import { parseClaims } from './facts.ts';
import type { ExchangeForm } from './request.ts';

type Compared = NonNullable<Explanation['compared']>[number];
type Change = Compared['change'] | 'given';

const COLOURS: Readonly<Record<Change, string>> = {
  same: 'gray',
  changed: 'blue',
  added: 'green',
  'left out': 'orange',
  given: 'gray',
};

interface ClaimsProps {
  readonly form: ExchangeForm;
  readonly explanation: Explanation | undefined;
}

export function Claims({ form, explanation }: ClaimsProps): ReactNode {
  const { compared } = explanation ?? {};
  if (compared !== undefined) return <Table rows={compared} />;
  const given = claimsOfSubject(form);
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {explanation === undefined ? 'No token yet.' : 'No token would be issued.'}
        {given !== undefined && ' The subject says, unverified:'}
      </Text>
      {given !== undefined && (
        <Table rows={Object.entries(given).map(([claim, subject]) => ({ claim, subject, change: 'given' }))} />
      )}
    </>
  );
}

function claimsOfSubject({
  subject: { kind, token, facts },
}: ExchangeForm): Readonly<Record<string, unknown>> | undefined {
  if (kind === 'token') return decodeClaims(token);
  return kind === 'facts' ? { sub: facts.sub, ...parseClaims(facts.claims) } : undefined;
}

type Row = Omit<Compared, 'change'> & { readonly change: Change };

const Table = ({ rows }: { readonly rows: readonly Row[] }): ReactNode => {
  const hasIssued = rows.some(({ change }) => change !== 'given');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it
    <section className="pg-claims" tabIndex={0} aria-label="Claims">
      <table>
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Subject token</th>
            {hasIssued && <th scope="col">New token</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ claim, change, subject, issued }) => (
            <tr key={claim}>
              <th scope="row">
                {claim}{' '}
                {change !== 'given' && (
                  <Badge size="xs" variant="light" color={COLOURS[change]}>
                    {change}
                  </Badge>
                )}
              </th>
              <td>
                <Value claim={claim} value={subject} />
              </td>
              {hasIssued && (
                <td>
                  <Value claim={claim} value={issued} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

/** Claims that are seconds since 1970. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'auth_time', 'updated_at']);
/** Beyond this, a number is no date that a page can show. */
const MAX_SECONDS = 8.64e12;

function Value({ claim, value }: { readonly claim: string; readonly value: unknown }): ReactNode {
  if (value === undefined) return '–';
  if (TIMES.has(claim) && typeof value === 'number' && Math.abs(value) < MAX_SECONDS)
    return (
      <>
        <TimeText at={value * 1000} /> <span className="pg-at">{value}</span>
      </>
    );
  return typeof value === 'string' ? value : <code>{JSON.stringify(value, undefined, 1)}</code>;
}
