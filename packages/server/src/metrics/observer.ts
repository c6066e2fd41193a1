// Through what are the parts watched? At the seams between them, where the composition root puts it in.
import type { AuditLog } from '../audit/log.ts';
import type { Answered } from '../http/handle.ts';
import type { Outbound } from '../outbound/outbound.ts';

export interface Observer {
  readonly answered: (answer: Answered) => void;
  readonly audit: (log: AuditLog) => AuditLog;
  /** @param issuer its name */
  readonly outbound: (issuer: string, outbound: Outbound) => Outbound;
}

/** Observes nothing. */
export const unobserved: Observer = {
  answered: () => undefined,
  audit: (log) => log,
  outbound: (_issuer, outbound) => outbound,
};
