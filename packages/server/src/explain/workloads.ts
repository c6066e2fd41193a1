// Explains, for a request without a client, why the token does not match each workload.
import type { AuditEvent } from '../audit/event.ts';
import { describeWorkloads } from '../client-auth/workloads.ts';
import type { Clients } from '../model/client.ts';
import { findIssuer, type TrustedIssuers } from '../trust/issuer.ts';

/** @returns an empty list if the request could not have been from a workload */
export function explainWorkloads(
  { reason, sent }: AuditEvent,
  { clients, issuers }: { readonly clients: Clients; readonly issuers: TrustedIssuers },
): readonly string[] {
  if (reason !== 'client_authentication_missing' || sent === undefined) return [];
  const { iss, trust_domain: domain, aud } = sent;
  if (iss === undefined && domain === undefined) return [];
  const issuer = findIssuer(iss, domain, issuers)?.issuer;
  return describeWorkloads(issuer, { aud }, clients, 'audience');
}
