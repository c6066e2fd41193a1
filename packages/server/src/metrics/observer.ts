// The interface through which metrics observe the parts of the server. app.ts and services.ts put it between them.
import type { AuditLog } from '../audit/log.ts';
import type { Answered } from '../http/handle.ts';
import type { Outbound } from '../outbound/outbound.ts';

export interface Observer {
  readonly answered: (answer: Answered) => void;
  readonly audit: (log: AuditLog) => AuditLog;
  /** @param issuer the name of the issuer */
  readonly outbound: (issuer: string, outbound: Outbound) => Outbound;
}

/** Observes nothing. */
export const unobserved: Observer = {
  answered: () => undefined,
  audit: (log) => log,
  outbound: (_issuer, outbound) => outbound,
};
