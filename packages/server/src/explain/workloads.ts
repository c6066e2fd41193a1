// Explains, for a request without a client, why the token does not match each workload.
import type { AuditEvent } from '../audit/event.ts';
import type { Clients } from '../model/client.ts';

/** Maximum number of listed workloads. */
const MAX_WORKLOADS = 10;

/** @returns an empty list if the request could not have been from a workload */
export function explainWorkloads({ reason, sent }: AuditEvent, clients: Clients): readonly string[] {
  if (reason !== 'client_authentication_missing' || sent === undefined) return [];
  const domain = sent.trust_domain === undefined ? undefined : `spiffe://${sent.trust_domain}`;
  const issuers = [sent.iss, domain].filter((issuer) => issuer !== undefined);
  if (issuers.length === 0) return [];
  const audiences = [sent.aud].flat().map(String);
  const tried = [...clients.values()].flatMap(({ id, workload }) => {
    if (workload === undefined) return [];
    const sameIssuer = issuers.includes(workload.issuer);
    const parts = [
      ...(sameIssuer ? [] : [`its issuer is ${workload.issuer}`]),
      ...(audiences.includes(workload.audience) ? [] : [`its audience is ${workload.audience}`]),
    ];
    const text =
      parts.length === 0
        ? `the workload of ${id} fits, and another one, too: name the client with client_id`
        : `the workload of ${id} does not fit: ${parts.join(', and ')}`;
    return [{ sameIssuer, text }];
  });
  if (tried.length === 0) return ['no client has a workload'];
  const ordered = tried.toSorted((a, b) => Number(b.sameIssuer) - Number(a.sameIssuer)).map(({ text }) => text);
  const more = ordered.length - MAX_WORKLOADS;
  return more > 0 ? [...ordered.slice(0, MAX_WORKLOADS), `${more} more workloads do not fit`] : ordered;
}
