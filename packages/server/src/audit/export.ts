// What is a line of an export? A key, a signed statement, or a row with its place; texts that are hashed stand as texts.
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import type { AuditRow } from '../store/schema.ts';
import { digestPersonal } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { eventOf } from './row.ts';
import type { FoundRow } from './verify.ts';

export type ExportLine =
  | { readonly key: Readonly<Record<string, unknown>> }
  | { readonly statement: string }
  | ExportedRow
  /** A row of before there were chains. */
  | { readonly event: string };

export interface ExportedRow {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
  readonly event: string;
  /** Of an erased row, its digest stands in its place. */
  readonly personal?: string;
  readonly personalDigest?: string;
}

export function exportRow(row: AuditRow): ExportLine {
  const { chain, position, hash, event, personal, personal_digest } = row;
  if (chain === null || position === null || hash === null) return { event };
  const place = { chain, position, hash, event };
  return personal === null ? { ...place, personalDigest: personal_digest ?? '' } : { ...place, personal };
}

/** What a verifier looks at. */
export function foundRow({ chain, position, hash, event, personal, personalDigest = '' }: ExportedRow): FoundRow {
  const digest = personal === undefined ? personalDigest : digestPersonal(personal);
  const erased = personal === undefined;
  return { chain, position, hash, event, personalDigest: digest, erased, ...readEvent(event) };
}

/** Of what may have been tampered with. */
export function readEvent(event: string): Pick<FoundRow, 'requestId' | 'time'> {
  const { requestId = '?', time } = parseJsonObject(event) ?? {};
  return { requestId: String(requestId), time: typeof time === 'number' ? time : undefined };
}

/** @returns undefined where the text is no line of an export */
export function parseLine(text: string): ExportLine | undefined {
  const line = parseJsonObject(text);
  if (line === undefined) return undefined;
  const { key, statement, chain, position, hash, event, personal, personalDigest } = line;
  if (typeof key === 'object' && key !== null) return { key: key as JsonObject };
  if (typeof statement === 'string') return { statement };
  if (typeof event !== 'string') return undefined;
  if (chain === undefined) return { event };
  if (typeof chain !== 'string' || !isPosition(position) || typeof hash !== 'string') return undefined;
  if (!isTextOrAbsent(personal) || !isTextOrAbsent(personalDigest)) return undefined;
  return { chain, position, hash, event, personal, personalDigest };
}

const isPosition = (value: unknown): value is number => Number.isSafeInteger(value);
const isTextOrAbsent = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string';

/** @returns undefined for a line that is no row */
export function eventOfLine(line: ExportLine): AuditEvent | undefined {
  if (!('event' in line)) return undefined;
  return eventOf({ event: line.event, personal: ('personal' in line ? line.personal : undefined) ?? null });
}
