// Formats audit rows as CSV (RFC 4180) that a spreadsheet does not execute.
import type { AuditEvent } from './event.ts';
import { fields } from './fields.ts';

const columns = Object.keys(fields) as readonly (keyof AuditEvent)[];

export const csvHeader = (): string => columns.join(',');

/** Objects are written as JSON, the time in ISO 8601. */
export const csvLine = (event: AuditEvent): string => columns.map((name) => cell(textOf(event, name))).join(',');

function textOf(event: AuditEvent, name: keyof AuditEvent): string {
  const value = event[name];
  if (value === undefined) return '';
  if (name === 'time') return new Date(event.time).toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * A spreadsheet takes a cell with this beginning for a formula. Callers control the text of some cells. In some countries it divides
 * cells at semicolons: then it ignores our quotes, and a cell may begin within a text.
 */
const FORMULA = /(?<=^|[;|\t\r\n])(?=[ "]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/g;
const PLAIN = /^[\w .:/-]*$/;

export function cell(text: string): string {
  const harmless = text.replace(FORMULA, "'");
  return PLAIN.test(harmless) ? harmless : `"${harmless.replaceAll('"', '""')}"`;
}
