// Reads the audit events of an export, or of the JSON that `audit search` prints.
import type { AuditEvent } from '../audit/event.ts';
import { eventOfLine, parseLine } from '../audit/export.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { readLines } from './lines.ts';

/** @param file a path, or `-` for standard input @throws Error with the place of a line that is not an audit row */
export async function* readEvents(file: string): AsyncGenerator<AuditEvent> {
  for await (const { text, place } of readLines(file)) {
    const event = readEvent(text, place);
    if (event !== undefined) yield event;
  }
}

/** @returns undefined for a line of an export that is not a row, such as a key. @throws Error with the place */
function readEvent(text = '', place: string): AuditEvent | undefined {
  const isEvent = typeof parseJsonObject(text)?.time === 'number';
  const line = parseLine(text) ?? (isEvent ? { event: text } : undefined);
  try {
    if (line !== undefined) return eventOfLine(line);
  } catch (error) {
    // The line is one of an export, and its event is not JSON.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${place}: not an audit row. audit search --output json and audit export print such rows`);
}
