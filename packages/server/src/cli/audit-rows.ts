// Prints audit rows as they are found: a table for people, lines of JSON, or CSV.
import { csvHeader, csvLine } from '../audit/csv.ts';
import { type AuditEvent, partiesOf } from '../audit/event.ts';
import { describeEdit, operatorOf } from '../audit/operator.ts';
import { bold, type Form, terminalWidth } from './output.ts';
import { print, printCsv, printFormatted } from './print.ts';
import { type Columns, createTable } from './table.ts';

export interface RowPrinter {
  readonly print: (events: readonly AuditEvent[]) => unknown;
}

/** The table shows the most important fields; the other forms show all. */
const columns: Columns<AuditEvent> = {
  time: ({ time }) => new Date(time).toISOString(),
  outcome: ({ outcome, count }) => (count === undefined ? outcome : `${outcome} × ${count}`),
  request: ({ action, grant, operation }) => grant ?? operation ?? action,
  client: ({ client, clientClaimed }) => client ?? (clientClaimed && `${clientClaimed}?`),
  subject: (event) => {
    const [party, other] = partiesOf(event);
    const one = party ?? event.principal ?? event.subject;
    return other === undefined ? one?.sub : `${one?.sub}, …`;
  },
  actor: ({ chain = [], actor }) =>
    [...new Set([...chain.map(({ sub }) => sub), actor?.sub])].filter(Boolean).join(', '),
  audience: ({ targets, audiencesAsked = [], resourcesAsked = [] }) =>
    (targets ?? [...audiencesAsked, ...resourcesAsked]).join(', '),
  who: operatorOf,
  why: (event) => event.reason ?? event.rule ?? firstOf(describeEdit(event)) ?? firstOf(configuredIn(event)),
  requestId: ({ requestId }) => requestId,
};

const configuredIn = ({ configured }: AuditEvent): readonly string[] => configured?.changes ?? configured?.faults ?? [];

const firstOf = ([first, ...others]: readonly string[]): string | undefined =>
  others.length === 0 ? first : `${first}; ${others.length} more`;

export function createRowPrinter(form: Form): RowPrinter {
  if (form === 'json')
    return { print: (events) => events.length > 0 && print(events.map((event) => JSON.stringify(event)).join('\n')) };
  if (form === 'csv') {
    let head = [csvHeader()];
    return {
      print: (events) => {
        const lines = [...head, ...events.map(csvLine)];
        if (lines.length > 0) printCsv(lines);
        head = [];
      },
    };
  }
  const table = createTable(columns, { width: terminalWidth(), head: bold });
  return { print: (events) => events.length > 0 && printFormatted(table.add(events).join('\n')) };
}
