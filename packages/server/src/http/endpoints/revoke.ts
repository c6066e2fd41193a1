// POST /oauth/revoke (RFC 7009): revokes a token and every token that derives from it, before it answers 200.
import { commitWrites } from '../../audit/write.ts';
import { findRevocable } from '../../subject-tokens/own-token.ts';
import { findRevocableAssertion } from '../../subject-tokens/revocable-assertion.ts';
import { readTokenQuestion } from '../client-request.ts';
import type { Endpoint, HttpServices } from '../endpoint.ts';

export const revoke = {
  place: 'below',
  path: '/oauth/revoke',
  methods: ['POST'],
  face: 'json',
  cors: true,
  audit: 'revoke',
  metadata: 'revocation_endpoint',
  answer: async ({ request, services, event }) => {
    const { client, method, token, context } = await readTokenQuestion({ request, services });
    event.client = client.id;
    event.clientAuthentication = method;
    const assertion = await findRevocableAssertion(token, client, context);
    const found = assertion ?? (await findRevocable(token, client.id, context));
    event.duration = services.clock() - event.time;
    // Unknown, already revoked, or of another client: 200, so that the answer reveals nothing (RFC 7009 section 2.2).
    if (found === undefined || found.clientId !== client.id) {
      event.outcome = 'ignored';
      await services.audit.append(event);
      return { status: 200, body: {} };
    }
    event.revoked = found.id;
    await revokeElsewhere(found.id, services);
    event.outcome = 'revoked';
    await services.revocations.revoke(found.id, (write) => commitWrites(services.audit, event, [write]));
    return { status: 200, body: {} };
  },
} as const satisfies Endpoint;

/**
 * Revokes a token of another region, and waits until that region has read it. The row follows: a request that fails here is sent
 * again (RFC 7009 section 2.2.1). @throws Refusal region_unavailable
 */
export async function revokeElsewhere(
  id: string,
  { elsewhere, revocations, untilRead }: Pick<HttpServices, 'elsewhere' | 'revocations' | 'untilRead'>,
): Promise<void> {
  if (elsewhere.regionOf(id) === undefined) return;
  await revocations.revoke(id);
  await untilRead(id);
}
