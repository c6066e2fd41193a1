// Finds the rights of a client that no request used lately. The report has an audit row, so it is made when it is asked for.
import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { textOf } from '../../shared/entry.ts';
import { Panel } from '../../shared/Page.tsx';
import { TimeText } from '../../shared/TimeText.tsx';

type Report = components['answers']['unused-rights'];
type Right = Report['unused'][number];

const DAYS = 30;
const DAY_MS = 86_400_000;

interface UnusedProps {
  readonly client: string;
  /** The rules that lead somewhere for the client. */
  readonly rules: readonly string[];
}

export function Unused({ client, rules }: UnusedProps): ReactNode {
  const report = useMutation({
    mutationFn: () => {
      const since = new Date(Date.now() - DAYS * DAY_MS).toISOString();
      return read(api.GET('/policy/unused', { params: { query: { since } } }));
    },
    throwOnError: true,
  });
  return (
    <Panel title="Unused rights">
      <Stack gap="sm" align="start">
        <Text>The audit log says which rights no request used. The report itself is a row of the audit log.</Text>
        <Button variant="default" loading={report.isPending} onClick={() => report.mutate()}>
          Find rights unused for {DAYS} days
        </Button>
        <div role="status">
          {report.data !== undefined && <Found report={report.data} client={client} rules={rules} />}
        </div>
      </Stack>
    </Panel>
  );
}

function Found({ report, client, rules }: UnusedProps & { readonly report: Report }): ReactNode {
  const holders = [`client ${client}`, ...rules.map((rule) => `rule ${rule}`)];
  const isOwn = ({ kind, name, of }: Right): boolean =>
    holders.includes(kind === 'client' || kind === 'rule' ? `${kind} ${name}` : textOf(of));
  const [unused, kept] = [report.unused.filter(isOwn), report.kept.filter(isOwn)];
  const unread = report.unread.filter((one) => holders.includes(one));
  if (unused.length + kept.length + unread.length + report.more === 0)
    return <Text>Every right of {client} was used.</Text>;
  return (
    <ul className="conditions">
      {[...unused, ...kept].map((right) => (
        <li key={[right.kind, right.name, textOf(right.of)].join(' ')}>
          {right.kind} <strong>{right.name}</strong>
          {textOf(right.of) !== '' && <> of the {textOf(right.of)}</>}
          {textOf(right.lastUsed) === '' ? (
            ', without any use in the log'
          ) : (
            <>
              , last used <TimeText at={textOf(right.lastUsed)} />
            </>
          )}
          {textOf(right.note) !== '' && <>. It stays: {textOf(right.note)}</>}
        </li>
      ))}
      {unread.map((one) => (
        <li key={one}>{one}: its rows would have taken too long to read</li>
      ))}
      {report.more > 0 && <li>{report.more} more rights of all clients and rules are not listed</li>}
    </ul>
  );
}
