// Implements none: a public client states its id and proves nothing (RFC 6749 section 2.1). Without an id, the workload token
// that it sends identifies it; the grant verifies that token later.
import { readCompact } from '../keys/jws.ts';
import type { Client } from '../model/client.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { findIssuerOf } from '../trust/issuer.ts';
import type { AuthenticationContext, ClientAuthMethod } from './method.ts';
import { workloadMisses } from './workloads.ts';

export const none = {
  name: 'none',
  parameters: [],
  keys: { oneOf: [], others: ['publicExchange', 'workload'] },
  recognizedBy: 'entry',
  read: ({ parameters, subjectToken, grants = [] }, context) => {
    const id = parameters.get('client_id');
    if (id !== undefined) return { clientIds: [id], prove: () => ({}) };
    const client = subjectToken === undefined ? undefined : workloadOf(subjectToken, grants, context);
    return client && { clientIds: [client.id], prove: () => ({ as: 'workload' }) };
  },
} as const satisfies ClientAuthMethod;

/**
 * Finds the only client that a token of another issuer can identify. The token is not verified yet: its validation asks the same
 * function for its issuer.
 */
function workloadOf(
  token: string,
  grants: readonly string[],
  { clientIndex, issuers, issuer }: Pick<AuthenticationContext, 'clientIndex' | 'issuers' | 'issuer'>,
): Client | undefined {
  try {
    const { payload } = readCompact(token);
    const entry = payload.iss === issuer ? undefined : findIssuerOf(payload, issuers);
    if (entry === undefined) return undefined;
    const found = clientIndex
      .ofWorkloads(entry.issuer)
      .filter(
        (client) => grants.some((name) => client.grants.has(name)) && workloadMisses(client, payload).length === 0,
      );
    return found.length === 1 ? found[0] : undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}
