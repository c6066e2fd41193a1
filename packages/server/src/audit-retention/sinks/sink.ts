// A sink: a destination outside the server that receives every audit row.
import type { AuditEvent } from '../../audit/event.ts';
import type { AuditLink } from '../../store/schema.ts';

export interface StreamedRow {
  /** The position of the row in its chain, by which a receiver recognizes a duplicate. */
  readonly link: AuditLink;
  readonly event: AuditEvent;
}

/** @throws Error unless it is certain that all rows were accepted; they are then delivered again */
export type Deliver = (rows: readonly StreamedRow[]) => Promise<void>;

export interface SinkPlace {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly network: 'public' | 'private';
}

/** A place whose headers are read for each delivery, because they may hold a secret that is renewed. */
export interface SinkTarget extends Omit<SinkPlace, 'headers'> {
  readonly headers: () => SinkPlace['headers'];
}

export interface SinkKind {
  readonly name: string;
  /** @param target undefined if the kind needs none */
  readonly open: (target: SinkTarget | undefined, report: (line: string) => void) => Deliver;
}

/** Formats a row as one line of JSON, with its position. */
export const formatLine = ({ link, event }: StreamedRow): string => JSON.stringify({ ...event, link });
