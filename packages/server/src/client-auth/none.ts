// Implements none: a public client states its id and proves nothing (RFC 6749 section 2.1). Without an id, the workload token
// that it sends identifies it; the exchange verifies that token later.
import { readCompact } from '../keys/jws.ts';
import type { Client, ClientIndex } from '../model/client.ts';
import { stringList } from '../primitives/claims.ts';
import { isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import type { ClientAuthMethod } from './method.ts';

export const none = {
  name: 'none',
  parameters: [],
  keys: { oneOf: [], others: ['publicExchange', 'workload'] },
  recognizedBy: 'entry',
  read: ({ parameters, subjectToken }, { clientIndex }) => {
    const id = parameters.get('client_id');
    if (id !== undefined) return { clientIds: [id], prove: () => ({}) };
    const client = subjectToken === undefined ? undefined : workloadOf(subjectToken, clientIndex);
    return client && { clientIds: [client.id], prove: () => ({ as: 'workload' }) };
  },
} as const satisfies ClientAuthMethod;

/** Finds the only client that a token of another issuer can identify. The token is not verified yet. */
function workloadOf(token: string, { byWorkload }: ClientIndex): Client | undefined {
  try {
    const { iss, sub, aud } = readCompact(token).payload;
    const domain = iss === undefined ? trustDomainOf(sub) : undefined;
    const issuer = domain === undefined ? iss : `spiffe://${domain}`;
    if (!isName(issuer)) return undefined;
    const audiences = stringList(aud) ?? [];
    const found = new Set(audiences.map((audience) => byWorkload(issuer, audience)));
    found.delete(undefined);
    return found.size === 1 ? [...found][0] : undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}
