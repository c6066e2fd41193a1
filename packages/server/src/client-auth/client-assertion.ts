// What says a client assertion (RFC 7521 section 4.2)? Read, and its signature, times and audience checked, whichever kind it is.

import { algorithmNames } from '../keys/algorithms.ts';
import { type CompactJws, type Key, readCompact, verifyCompact } from '../keys/jws.ts';
import { checkTimes, stringList } from '../primitives/claims.ts';
import { seconds } from '../primitives/clock.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { KeySource } from '../trust/key-cache.ts';
import type { DecoyKeys } from './decoy-keys.ts';
import type { AuthenticationContext } from './method.ts';

const PREFIX = 'urn:ietf:params:oauth:client-assertion-type:';
/** RFC 7523 section 2.2; draft-ietf-oauth-spiffe-client-auth section 3.1. */
const kinds = ['jwt-bearer', 'jwt-spiffe'] as const;

export const assertionParameters = ['client_assertion_type', 'client_assertion'] as const;

/**
 * @returns undefined where the request holds no assertion of the kind
 * @throws Refusal parameter_missing, client_assertion_type_unsupported, client_assertion_…
 */
export function readClientAssertion(parameters: Parameters, kind: (typeof kinds)[number]): CompactJws | undefined {
  const [type, assertion] = assertionParameters.map(parameters.get);
  if (type === undefined && assertion === undefined) return undefined;
  if (type === undefined || assertion === undefined) {
    throw new Refusal('parameter_missing', { parameter: assertionParameters[type === undefined ? 0 : 1] });
  }
  const named = kinds.find((one) => type === PREFIX + one);
  if (named === undefined)
    throw new Refusal('client_assertion_type_unsupported', {
      detail: `write ${PREFIX}jwt-bearer`,
      sent: { client_assertion_type: type },
    });
  if (named !== kind) return undefined;
  try {
    const jws = readCompact(assertion);
    // A secret would be known to two, and a MAC by the text of a public key to everybody.
    if (!algorithmNames.some((name) => name === jws.alg))
      throw new TokenRefusal('algorithm', `${redactValue(jws.alg)} is no signature with a key of one's own`);
    return jws;
  } catch (error) {
    throw error instanceof TokenRefusal ? error.asAssertion() : error;
  }
}

/**
 * A signature is verified in any case, with a key of nobody's where the client has none: who waits learns nothing of it.
 * @throws TokenRefusal, Refusal issuer_unavailable
 */
async function verifySignature(jws: CompactJws, keys: KeySource | undefined, decoyKeys: DecoyKeys): Promise<void> {
  const found = await findKey(jws, keys);
  if (!(found instanceof TokenRefusal)) return verifyCompact(jws, found);
  const decoy = decoyKeys(jws.alg);
  try {
    if (decoy !== undefined) verifyCompact(jws, decoy);
  } catch {}
  throw found;
}

async function findKey(jws: CompactJws, keys: KeySource | undefined): Promise<Key | TokenRefusal> {
  if (keys === undefined) return new TokenRefusal('unknown_key', 'the client has neither jwks nor jwksUri');
  try {
    return await keys.find(jws);
  } catch (error) {
    if (error instanceof TokenRefusal) return error;
    throw error;
  }
}

/**
 * The signature first, so that what is then told of the claims was said by the client.
 * @param audiences of which `aud` may hold nothing else; two of them are for clients of old
 * @returns seconds since 1970 @throws TokenRefusal, Refusal issuer_unavailable
 */
export async function checkAssertion(
  jws: CompactJws,
  keys: KeySource | undefined,
  audiences: readonly string[],
  { clock, decoyKeys }: AuthenticationContext,
): Promise<{ readonly expiresAt: number; readonly now: number }> {
  await verifySignature(jws, keys, decoyKeys);
  const { aud } = jws.payload;
  const named = stringList(aud) ?? [];
  // draft-ietf-oauth-rfc7523bis section 4: what names others too could be sent on by them.
  if (named.length === 0 || named.length > audiences.length || !named.every((one) => audiences.includes(one)))
    throw new TokenRefusal(
      'audience',
      `its aud is ${JSON.stringify(redactValue(aud ?? null))} and must be ${audiences.join(' or ')}`,
    );
  const now = seconds(clock);
  return { now, expiresAt: checkTimes(jws.payload, now).expiresAt };
}
