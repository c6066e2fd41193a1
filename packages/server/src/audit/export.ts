// Writes and reads the lines of an export: keys, signed statements, and rows with their position. Hashed texts are kept as strings.
import { type JsonObject, parseJsonFile, parseJsonObject } from '../primitives/strict-json.ts';
import type { AuditRow } from '../store/schema.ts';
import { digestPersonal } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { eventOf } from './row.ts';
import type { FoundRow } from './verify.ts';

export type ExportLine =
  | { readonly key: Readonly<Record<string, unknown>> }
  | { readonly statement: string }
  | ExportedRow
  /** A text of a configuration, or of a part of one. Its SHA-256 is its digest. */
  | { readonly configurationText: string }
  /** A row of a version without chains. */
  | { readonly event: string };

export interface ExportedRow {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
  readonly event: string;
  /** Absent from an erased row, which has only `personalDigest`. */
  readonly personal?: string;
  readonly personalDigest?: string;
}

export function exportRow(row: AuditRow): ExportLine {
  const { chain, position, hash, event, personal, personal_digest } = row;
  if (chain === null || position === null || hash === null) return { event };
  const place = { chain, position, hash, event };
  return personal === null ? { ...place, personalDigest: personal_digest ?? '' } : { ...place, personal };
}

/** Converts an exported row for the verifier. */
export function foundRow({ chain, position, hash, event, personal, personalDigest = '' }: ExportedRow): FoundRow {
  const digest = personal === undefined ? personalDigest : digestPersonal(personal);
  const erased = personal === undefined;
  return { chain, position, hash, event, personalDigest: digest, erased, ...readEvent(event) };
}

/** Reads an event that may have been tampered with. */
export function readEvent(event: string): Pick<FoundRow, 'requestId' | 'time' | 'configuration'> {
  const { requestId = '?', time, configuration, configured } = parseJsonObject(event) ?? {};
  const { digest = configuration } = (configured ?? {}) as JsonObject;
  return {
    requestId: String(requestId),
    time: typeof time === 'number' ? time : undefined,
    configuration: typeof digest === 'string' ? digest : undefined,
  };
}

const CONFIGURATION_LINE = '{"configurationText":';

/** @returns undefined if the text is not a line of an export */
export function parseLine(text: string): ExportLine | undefined {
  // The text of a large configuration has more commas than other lines may have.
  const line = (text.startsWith(CONFIGURATION_LINE) ? parseJsonFile : parseJsonObject)(text);
  if (line === undefined) return undefined;
  const { key, statement, configurationText, chain, position, hash, event, personal, personalDigest } = line;
  if (typeof key === 'object' && key !== null) return { key: key as JsonObject };
  if (typeof statement === 'string') return { statement };
  if (typeof configurationText === 'string') return { configurationText };
  if (typeof event !== 'string') return undefined;
  if (chain === undefined) return { event };
  if (typeof chain !== 'string' || !isPosition(position) || typeof hash !== 'string') return undefined;
  if (!isTextOrAbsent(personal) || !isTextOrAbsent(personalDigest)) return undefined;
  return { chain, position, hash, event, personal, personalDigest };
}

const isPosition = (value: unknown): value is number => Number.isSafeInteger(value);
const isTextOrAbsent = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string';

/** @returns undefined if the line is not a row */
export function eventOfLine(line: ExportLine): AuditEvent | undefined {
  if (!('event' in line)) return undefined;
  return eventOf({ event: line.event, personal: ('personal' in line ? line.personal : undefined) ?? null });
}
