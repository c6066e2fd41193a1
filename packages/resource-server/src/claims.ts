// Reads the claims of a token after the issuer vouched for them: by signature (RFC 9068 section 4) or introspection (RFC 7662).
import { errors, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { createIntrospection } from './introspection.ts';
import { verifyJwt } from './jwt.ts';
import { createKeySource, fetchKeys } from './keys.ts';
import { ALGORITHMS, type VerifierOptions } from './options.ts';
import { Denial } from './refusal.ts';
import type { Claims } from './requirements.ts';

/** Returns the claims of a token that its issuer vouches for. @throws Denial for any other token, and if that cannot be decided */
export type ReadClaims = (token: string) => Promise<Claims>;

export function createClaimsReader(options: VerifierOptions, clock: () => number): ReadClaims {
  const { issuer, audience, jwksUri, jwks, introspection, algorithms = ALGORITHMS } = options;
  const uri = jwksUri ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const load = typeof jwks === 'function' ? jwks : async () => jwks ?? (await fetchKeys(uri));
  const keys = createKeySource(load, clock);
  const introspect = introspection && createIntrospection(introspection, issuer, clock);

  const verify: ReadClaims = async (token) => {
    try {
      const { payload, protectedHeader } = await verifyJwt(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
        currentDate: new Date(clock()),
      });
      if (!isAccessToken(protectedHeader, payload)) throw new Denial('invalid_token');
      return payload;
    } catch (cause) {
      throw cause instanceof errors.JOSEError ? new Denial('invalid_token', { cause }) : cause;
    }
  };
  return async (token) => {
    const claims = token.split('.').length === 3 ? await verify(token) : undefined;
    if (claims !== undefined && introspection?.tokens !== 'all') return claims;
    if (introspect === undefined) throw new Denial('invalid_token');
    return introspect(token);
  };
}

/**
 * RFC 9068 section 4. With `token: { typ: JWT }` at the server, the claim `typ` states the kind instead. No other kind of token has
 * that claim: the server sets it itself.
 */
function isAccessToken({ typ = '' }: JWTHeaderParameters, claims: JWTPayload): boolean {
  const kind = typ.toLowerCase().replace(/^application\//, '');
  return kind === 'at+jwt' || (kind === 'jwt' && claims.typ === 'at+jwt');
}
