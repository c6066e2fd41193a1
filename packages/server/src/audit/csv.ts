// How is an audit row a line of CSV (RFC 4180) that does no harm in a spreadsheet?
import type { AuditEvent } from './event.ts';
import { fields } from './fields.ts';

const columns = Object.keys(fields) as readonly (keyof AuditEvent)[];

export const csvHeader = (): string => columns.join(',');

/** What is no text or number is JSON; the time is said as people read it. */
export const csvLine = (event: AuditEvent): string => columns.map((name) => cell(textOf(event, name))).join(',');

function textOf(event: AuditEvent, name: keyof AuditEvent): string {
  const value = event[name];
  if (value === undefined) return '';
  if (name === 'time') return new Date(event.time).toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A cell that begins so is a formula to a spreadsheet; callers choose what stands in some of ours. */
const FORMULA = /^[=+\-@\t\r\n]/;

export function cell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
