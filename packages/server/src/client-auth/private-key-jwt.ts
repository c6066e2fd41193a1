// Implements private_key_jwt: a JWT that the client signs with its own key (RFC 7523 section 2.2, as rfc7523bis narrows it).
// Ignores `jwk`, `jku`, `x5u` and `x5c` in its header: the keys of the client are in its entry.
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { isName } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { assertionParameters, checkAssertion, readClientAssertion } from './client-assertion.ts';
import type { ClientAuthMethod } from './method.ts';

/** The values that `typ` may have. Any other value means another purpose (RFC 8725 section 3.12). */
const TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'client-authentication+jwt']);
/** The longest time until `exp`, unless the client's entry says another. It limits the memory for used assertions. */
const DEFAULT_LIFETIME_SECONDS = 600;

export const privateKeyJwt = {
  name: 'private_key_jwt',
  parameters: assertionParameters,
  keys: { oneOf: ['jwks', 'jwksUri'], others: ['assertionAudience', 'assertionLifetime'] },
  recognizedBy: 'credentials',
  read: ({ parameters }) => {
    const jws = readClientAssertion(parameters, 'jwt-bearer');
    if (jws === undefined) return undefined;
    const { iss, sub, jti } = jws.payload;
    return {
      clientIds: isName(sub) ? [sub] : [],
      prove: async (client, context) => {
        if (!TYPES.has(jws.typ)) throw new TokenRefusal('wrong_type', 'its typ is for another purpose');
        const { issuer, tokenEndpoint, keysOf } = context;
        const own = [issuer, otherSpelling(issuer)] as const;
        const audiences = client.assertionAudience === 'legacy' ? [own, [tokenEndpoint] as const] : [own];
        const { expiresAt, now } = await checkAssertion(jws, keysOf(client), audiences, {
          ...context,
          leeway: LEEWAY_SECONDS,
        });
        if (iss !== client.id || (parameters.get('client_id') ?? sub) !== sub)
          throw new TokenRefusal(
            'claims',
            `its iss is ${JSON.stringify(redactValue(iss ?? null))}; iss, sub and client_id must all be ${client.id}`,
          );
        const { assertionLifetime: most = DEFAULT_LIFETIME_SECONDS } = client;
        if (expiresAt > now + most + LEEWAY_SECONDS)
          throw new TokenRefusal(
            'claims',
            `it expires in ${expiresAt - now} seconds; at most ${most} are allowed (assertionLifetime)`,
          );
        if (!isName(jti)) throw new TokenRefusal('claims', 'jti is missing or malformed');
        return {
          singleUse: { id: sha256(JSON.stringify(['client', client.id, jti])), expiresAt: expiresAt + LEEWAY_SECONDS },
        };
      },
    };
  },
} as const satisfies ClientAuthMethod;

/** Some libraries add the slash that a URL without a path has, or leave out the last one. No other server has that name. */
const otherSpelling = (issuer: string): string => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`);
