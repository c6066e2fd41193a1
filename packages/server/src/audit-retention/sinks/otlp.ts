// Sends rows as OpenTelemetry log records: OTLP over HTTP in JSON (opentelemetry.io/docs/specs/otlp, section OTLP/HTTP).
import { createDelivery } from '../../outbound/outbound.ts';
import { parseJsonObject } from '../../primitives/strict-json.ts';
import { formatLine, type SinkKind, type StreamedRow } from './sink.ts';

/** SeverityNumber in the logs data model. */
const SEVERITY = { INFO: 9, WARN: 13, ERROR: 17 } as const;

export const otlp = {
  name: 'otlp',
  open: (target, report) => {
    if (target === undefined) throw new Error('OTLP needs a url');
    const { url, network } = target;
    const deliver = createDelivery(network);
    return async (rows) => {
      const headers = { 'content-type': 'application/json', ...target.headers() };
      const answer = await deliver({ url, method: 'POST', headers, body: JSON.stringify(requestOf(rows)) });
      const rejected = rejectedBy(answer);
      // The protocol forbids sending rejected records again.
      if (rejected !== undefined) report(`${url} rejected ${rejected}`);
    };
  },
} as const satisfies SinkKind;

const requestOf = (rows: readonly StreamedRow[]) => ({
  resourceLogs: [
    {
      resource: { attributes: [attribute('service.name', 'cambio')] },
      scopeLogs: [{ scope: { name: 'cambio.audit' }, logRecords: rows.map(recordOf) }],
    },
  ],
});

function recordOf(row: StreamedRow) {
  const { event, link } = row;
  const severity = event.outcome === 'failed' ? 'ERROR' : event.outcome === 'refused' ? 'WARN' : 'INFO';
  const attributes = {
    'cambio.request.id': event.requestId,
    'cambio.action': event.action,
    'cambio.outcome': event.outcome,
    'cambio.reason': event.reason,
    'cambio.client': event.client,
    'cambio.rule': event.rule,
    'cambio.audit.chain': link.chain,
    'cambio.audit.position': link.position,
  };
  const nanoseconds = `${event.time}000000`;
  return {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: SEVERITY[severity],
    severityText: severity,
    eventName: 'cambio.audit',
    body: { stringValue: formatLine(row) },
    attributes: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : attribute(key, value),
    ),
  };
}

/** In protobuf's JSON, 64-bit integers are strings. */
const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
});

/** @returns undefined if all were accepted, which an empty answer also means */
function rejectedBy(answer: string): string | undefined {
  const { partialSuccess } = parseJsonObject(answer) ?? {};
  const { rejectedLogRecords = 0, errorMessage = '' } = (partialSuccess ?? {}) as Record<string, unknown>;
  return Number(rejectedLogRecords) > 0 ? `${rejectedLogRecords} audit rows: ${errorMessage}` : undefined;
}
