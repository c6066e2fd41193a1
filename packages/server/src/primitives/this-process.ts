// Describes this process for the audit: the user of the operating system, the host and the process id.
import { hostname, userInfo } from 'node:os';

export interface ProcessDescription {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
}

export const describeProcess = (): ProcessDescription => ({ user: userName(), host: hostname(), pid: process.pid });

/** The user may have no name on this machine, as in a container. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
