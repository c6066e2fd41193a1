// What is a sink? A place outside that is told of every row, by a kind of its own.
import type { AuditEvent } from '../../audit/event.ts';
import type { AuditLink } from '../../store/schema.ts';

export interface StreamedRow {
  /** Where the row stands: whoever is told twice knows it by this. */
  readonly link: AuditLink;
  readonly event: AuditEvent;
}

/** @throws where it cannot be known that all of them were taken; they are then told again */
export type Deliver = (rows: readonly StreamedRow[]) => Promise<void>;

export interface SinkPlace {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly network: 'public' | 'private';
}

export interface SinkKind {
  readonly name: string;
  /** @param place undefined for a kind that needs none */
  readonly open: (place: SinkPlace | undefined, report: (line: string) => void) => Deliver;
}

/** A row as one line of JSON, which says where it stands. */
export const formatLine = ({ link, event }: StreamedRow): string => JSON.stringify({ ...event, link });
