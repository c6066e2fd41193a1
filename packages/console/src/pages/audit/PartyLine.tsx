// Says in one line who asked for what: the subject, the actors and the target, each a link to its rows.
import { ArrowRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { type AuditRow, actorsOf, subjectOf, targetsOf } from '../../shared/audit-row.ts';
import { PageLink } from '../../shared/PageLink.tsx';

interface Stop {
  readonly role: string;
  readonly name: string;
  readonly state: Readonly<Record<string, string>>;
}

function stopsOf(row: AuditRow): readonly Stop[] {
  const subject = subjectOf(row)?.sub;
  // The first one in time acted first; the row has the current one first.
  const actors = actorsOf(row).toReversed();
  const names = actors.map(({ sub }) => sub);
  return [
    ...(subject === undefined ? [] : [{ role: 'for', name: subject, state: { subject } }]),
    ...names.map((name) => ({ role: 'acts', name, state: { chain: name } })),
    ...(row.client === undefined || names.includes(row.client)
      ? []
      : [{ role: 'client', name: row.client, state: { client: row.client } }]),
    ...targetsOf(row).map((name) => ({ role: 'target', name, state: { target: name } })),
  ];
}

export function PartyLine({ row }: { readonly row: AuditRow }): ReactNode {
  const stops = stopsOf(row);
  return (
    stops.length > 0 && (
      <ol className="parties">
        {stops.map(({ role, name, state }, index) => (
          <li key={`${role} ${name}`}>
            {index > 0 && <ArrowRight size={14} aria-hidden="true" />}
            <span className="parties-role">{role}</span>
            <PageLink to="audit" state={state}>
              {name}
            </PageLink>
          </li>
        ))}
      </ol>
    )
  );
}
