// Introspects an opaque token of another issuer at that issuer (RFC 7662). The answer is checked like claims.

import { OutboundFailure } from '../outbound/outbound.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TrustedIssuer } from './issuer.ts';

/**
 * @param client the id of the client that presents the token
 * @returns the members of an active answer, else undefined. @throws Refusal issuer_unavailable
 */
export async function introspectAt(
  issuer: TrustedIssuer,
  token: string,
  client: string,
): Promise<JsonObject | undefined> {
  const { introspection } = issuer;
  if (introspection === undefined) return undefined;
  const credentials = `${encodeURIComponent(introspection.client)}:${encodeURIComponent(introspection.secret)}`;
  try {
    const answer = await issuer.outbound({
      url: introspection.endpoint,
      method: 'POST',
      causedBy: client,
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    });
    return answer.active === true ? answer : undefined;
  } catch (error) {
    if (!(error instanceof OutboundFailure)) throw error;
    throw new Refusal('issuer_unavailable', { detail: error.message, cause: error });
  }
}
