// Reads a client assertion of any kind (RFC 7521 section 4.2), and checks its signature, times and audience.

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
 * @returns undefined if the request has no assertion of this kind
 * @throws Refusal parameter_missing, client_assertion_type_unsupported, client_assertion_…
 */
export function readClientAssertion(parameters: Parameters, kind: (typeof kinds)[number]): CompactJws | undefined {
  const type = parameters.get('client_assertion_type');
  const assertion = parameters.get('client_assertion');
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
    // Two parties know a shared secret, and anyone knows the text of a public key, which could be misused as one.
    if (!algorithmNames.some((name) => name === jws.alg))
      throw new TokenRefusal('algorithm', `alg is ${redactValue(jws.alg)}, which does not sign with a private key`);
    return jws;
  } catch (error) {
    throw error instanceof TokenRefusal ? error.asAssertion() : error;
  }
}

/**
 * Verifies a signature in any case, with a decoy key if the client has none, so that the time reveals nothing.
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
 * Checks the signature first, so that the details of later refusals come from the client.
 * @param audiences what `aud` may name, each in all its spellings, the usual one first; two for legacy clients
 * @returns seconds since 1970 @throws TokenRefusal, Refusal issuer_unavailable
 */
export async function checkAssertion(
  jws: CompactJws,
  keys: KeySource | undefined,
  audiences: readonly (readonly [string, ...string[]])[],
  { clock, decoyKeys, leeway }: Pick<AuthenticationContext, 'clock' | 'decoyKeys'> & { readonly leeway: number },
): Promise<{ readonly expiresAt: number; readonly now: number }> {
  await verifySignature(jws, keys, decoyKeys);
  const { aud } = jws.payload;
  const named = stringList(aud) ?? [];
  // draft-ietf-oauth-rfc7523bis section 4: another party in `aud` could send the assertion on.
  if (
    named.length === 0 ||
    named.length > audiences.length ||
    !named.every((one) => audiences.some((spellings) => spellings.includes(one)))
  )
    throw new TokenRefusal(
      'audience',
      `its aud is ${JSON.stringify(redactValue(aud ?? null))} and must be ${audiences.map(([usual]) => usual).join(' or ')}`,
    );
  const now = seconds(clock);
  return { now, expiresAt: checkTimes(jws.payload, now, leeway).expiresAt };
}
