// Provides the dependencies of explanations, and explains a refusal in its own answer under `developerErrors: true`.
import type { AuditEvent } from '../audit/event.ts';
import { describeValue, explainValues } from '../explain/values.ts';
import { explainWorkloads } from '../explain/workloads.ts';
import { grants } from '../grants/index.ts';
import { seconds } from '../primitives/clock.ts';
import { redactTokens } from '../primitives/redact.ts';
import type { Reason, Refusal } from '../primitives/refusal.ts';
import type { HttpServices } from './endpoint.ts';

export const explainServices = (services: HttpServices) => ({
  ...services,
  file: services.admin,
  grants,
  now: seconds(services.clock),
});

export interface DeveloperError {
  readonly reason: Reason;
  /** The fault, the values that were sent, and the known ones. */
  readonly detail?: string;
}

/** A failure of this server shows its reason only. @param event the record of the refusal */
export function describeForDeveloper(refusal: Refusal, event: AuditEvent, services: HttpServices): DeveloperError {
  const { reason, detail } = refusal;
  if (reason === 'server_error') return { reason };
  const values = explainValues(event, explainServices(services)).map(describeValue);
  const parts = [...(detail === undefined ? [] : [detail]), ...values, ...explainWorkloads(event, services.clients)];
  return { reason, ...(parts.length > 0 && { detail: redactTokens(parts.join('; ')) }) };
}
