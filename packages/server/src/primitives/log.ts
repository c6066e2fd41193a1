// Writes the log: a line for each message, as text or as JSON.
import { type Clock, systemClock } from './clock.ts';
import { printableLines } from './printable.ts';
import { redactTokens } from './redact.ts';

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

export interface About {
  /** The default is `error`. */
  readonly level?: Level;
  /** The id of the audit row. */
  readonly requestId?: string;
}

export type Report = (line: string, about?: About) => void;

export interface ReportForm {
  readonly format: 'text' | 'json';
  /** The least severe level that is logged. */
  readonly level: Level;
}

/** Text at level info goes to stdout; other text, and all JSON, goes to stderr, since stdout may carry the audit log. */
export function createReport({ format, level: lowest }: ReportForm, clock: Clock = systemClock): Report {
  return (line, { level = 'error', requestId } = {}) => {
    if (levels.indexOf(level) > levels.indexOf(lowest)) return;
    const message = printableLines(redactTokens(line));
    if (format === 'json') {
      console.error(JSON.stringify({ time: new Date(clock()).toISOString(), level, message, requestId }));
    } else if (level === 'info') console.log(message);
    else console.error(requestId === undefined ? message : `${requestId} ${message}`);
  };
}
