// How are those who run the server told what happens? A line each, for people or for machines.
import { type Clock, systemClock } from './clock.ts';
import { printableLines } from './printable.ts';
import { redactTokens } from './redact.ts';

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

export interface About {
  /** Of an error, where nothing is said. */
  readonly level?: Level;
  /** The id of the audit row. */
  readonly requestId?: string;
}

export type Report = (line: string, about?: About) => void;

export interface ReportForm {
  readonly format: 'text' | 'json';
  /** The least important that is told. */
  readonly level: Level;
}

/** Text for people goes to stdout where nothing is wrong; all else, and all JSON, to stderr: stdout may be the audit's. */
export function createReport({ format, level: least }: ReportForm, clock: Clock = systemClock): Report {
  return (said, { level = 'error', requestId } = {}) => {
    if (levels.indexOf(level) > levels.indexOf(least)) return;
    const message = printableLines(redactTokens(said));
    if (format === 'json') {
      console.error(JSON.stringify({ time: new Date(clock()).toISOString(), level, message, requestId }));
    } else if (level === 'info') console.log(message);
    else console.error(requestId === undefined ? message : `${requestId} ${message}`);
  };
}
