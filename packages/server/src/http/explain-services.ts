// What explanations work with, and the one that a refusal carries where the configuration has `developerErrors: true`.
import type { AuditEvent } from '../audit/event.ts';
import { explainValues, sayValue } from '../explain/values.ts';
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
  /** What was wrong, what was sent, and what is known. */
  readonly detail?: string;
}

/** @param event the record of the refusal. A failure of ours tells its name alone. */
export function describeForDeveloper(refusal: Refusal, event: AuditEvent, services: HttpServices): DeveloperError {
  const { reason, detail } = refusal;
  if (reason === 'server_error') return { reason };
  const values = explainValues(event, explainServices(services)).map(sayValue);
  const said = [...(detail === undefined ? [] : [detail]), ...values, ...explainWorkloads(event, services.clients)];
  return { reason, ...(said.length > 0 && { detail: redactTokens(said.join('; ')) }) };
}
