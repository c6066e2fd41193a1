// Explains, for a request without a client, why the token does not match each workload.
import type { AuditEvent } from '../audit/event.ts';
import { describeWorkloads } from '../client-auth/workloads.ts';
import type { Clients } from '../model/client.ts';

/** @returns an empty list if the request could not have been from a workload */
export function explainWorkloads({ reason, sent }: AuditEvent, clients: Clients): readonly string[] {
  if (reason !== 'client_authentication_missing' || sent === undefined) return [];
  const domain = sent.trust_domain === undefined ? undefined : `spiffe://${sent.trust_domain}`;
  const issuers = [sent.iss, domain].filter((issuer) => issuer !== undefined).map(String);
  return issuers.length === 0 ? [] : describeWorkloads(issuers, [sent.aud].flat().map(String), clients);
}
