// Says of each workload why a token does not stand for it, where a request names no client.
import type { AuditEvent } from '../audit/event.ts';
import type { Clients } from '../model/client.ts';

/** Workloads that are told of. */
const MAX_TOLD = 10;

/** @returns nothing where no token could have stood for a workload */
export function explainWorkloads({ reason, sent }: AuditEvent, clients: Clients): readonly string[] {
  if (reason !== 'client_authentication_missing' || sent?.iss === undefined) return [];
  const { iss } = sent;
  const audiences = [sent.aud].flat().map(String);
  const told = [...clients.values()].flatMap(({ id, workload }) => {
    if (workload === undefined) return [];
    const sameIssuer = workload.issuer === iss;
    const parts = [
      ...(sameIssuer ? [] : [`its issuer is ${workload.issuer}`]),
      ...(audiences.includes(workload.audience) ? [] : [`its audience is ${workload.audience}`]),
    ];
    return [{ sameIssuer, text: `the workload of ${id} does not fit: ${parts.join(', and ') || 'another fits, too'}` }];
  });
  if (told.length === 0) return ['no client has a workload'];
  const ordered = told.toSorted((a, b) => Number(b.sameIssuer) - Number(a.sameIssuer)).map(({ text }) => text);
  const more = ordered.length - MAX_TOLD;
  return more > 0 ? [...ordered.slice(0, MAX_TOLD), `${more} more workloads do not fit`] : ordered;
}
