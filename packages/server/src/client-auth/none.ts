// none: a public client, which can keep no secret, says who it is and proves nothing (RFC 6749 section 2.1). Or it says not even
// that: then the token of a workload that it brings stands for it, which the exchange goes on to verify.
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

/** The one client that a token of another issuer may stand for. Nothing is believed yet but whose token it says to be. */
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
