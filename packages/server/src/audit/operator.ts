// Who made a change, and what did it change? Reads both from the audit row, in words.
import type { JsonObject } from '../primitives/strict-json.ts';
import type { ProcessDescription } from '../primitives/this-process.ts';
import type { ConfigurationContent } from './configuration.ts';
import { describeChange, findChanges } from './configuration-changes.ts';
import type { AuditEvent } from './event.ts';

/** `ada@host-1`, of a user of the operating system */
export const userAtHost = ({ user, host }: ProcessDescription): string => `${user}@${host}`;

/** The user of the command or of the process, or the client that called the admin API. Of other rows: undefined. */
export function operatorOf({ by, configured, action, client }: AuditEvent): string | undefined {
  const process = by ?? configured?.by;
  if (process !== undefined) return userAtHost(process);
  return action === 'admin' ? client : undefined;
}

/** `suspend: reason leak`, or one text for each key of a client that changed. */
export function describeEdit({ change }: Pick<AuditEvent, 'change'>): readonly string[] {
  if (change === undefined) return [];
  const { what, before, after } = change;
  const id = /^client (.+)$/s.exec(what)?.[1];
  if (id !== undefined) {
    const withEntry = (entry: unknown): ConfigurationContent => ({
      files: [],
      registered: entry === undefined ? {} : { [id]: entry as JsonObject },
    });
    return findChanges(withEntry(before), withEntry(after)).map(describeChange);
  }
  const members = Object.entries((after ?? before ?? {}) as JsonObject).filter(([name]) => !NAMES.has(name));
  const described = members.map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [described.length === 0 ? what : `${what}: ${described.join(', ')}`];
}

/** The row has the party that these name as a field of its own. */
const NAMES: ReadonlySet<string> = new Set(['subject', 'issuer', 'client']);
