// Provides the dependencies of explanations, and explains a refusal in its own answer under `developerErrors: true`.
import type { AuditEvent } from '../audit/event.ts';
import type { UnusedContext } from '../explain/unused.ts';
import { describeValue, explainValues } from '../explain/values.ts';
import { grants } from '../grants/index.ts';
import { seconds } from '../primitives/clock.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { isLoopback } from '../primitives/network.ts';
import { redactTokens } from '../primitives/redact.ts';
import type { Reason, Refusal } from '../primitives/refusal.ts';
import { type Endpoint, type HttpServices, pathOf } from './endpoint.ts';
import { metadata } from './endpoints/metadata.ts';
import type { Request } from './request.ts';

export const explainServices = (services: HttpServices) => ({
  ...services,
  file: services.admin,
  grants,
  now: seconds(services.clock),
});

/** What a report of unused rights compares with the log. */
export const unusedContext = ({ policy, clients, targeting, admin }: HttpServices): UnusedContext => ({
  policy,
  clients,
  targeting,
  ...admin,
  registeredAt: (id) => admin.registered.all().get(id)?.createdAt,
});

/** A page of another site must not read the reasons: neither across origins, nor under a name that it points at this machine. */
export const isSentFromHere = ({ headers: { host = '', origin } }: Request): boolean =>
  [`http://${host}`, origin].every(
    (url) => url === undefined || (URL.canParse(url) && isLoopback(new URL(url).hostname)),
  );

export interface DeveloperError {
  readonly reason: Reason;
  /** The fault, the values that were sent, and the known ones. */
  readonly detail?: string;
}

/** A failure of this server shows its reason only. @param event the record of the refusal */
export function describeForDeveloper(
  refusal: Refusal,
  event: AuditEvent,
  { services, endpoints, path }: { services: HttpServices; endpoints: readonly Endpoint[]; path: string },
): DeveloperError {
  const { reason, detail } = refusal;
  if (reason === 'server_error') return { reason };
  if (reason === 'path_unknown') return { reason, detail: describePath(path, services, endpoints) };
  const values = explainValues(event, explainServices(services)).map(describeValue);
  const parts = [...(detail === undefined ? [] : [detail]), ...values];
  return { reason, ...(parts.length > 0 && { detail: redactTokens(parts.join('; ')) }) };
}

/** A path that no endpoint has, beside the nearest one. */
function describePath(path: string, services: HttpServices, endpoints: readonly Endpoint[]): string {
  const paths = endpoints
    .filter(({ isThere }) => isThere?.(services) !== false)
    .map((endpoint) => pathOf(endpoint, services.issuer))
    .filter((known) => !/[:{]/.test(known));
  const advice = didYouMean(path, paths) || ` The metadata lists the endpoints: ${pathOf(metadata, services.issuer)}`;
  return redactTokens(`path was ${JSON.stringify(path.slice(0, 200))}.${advice}`);
}
