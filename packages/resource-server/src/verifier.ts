// Is this access token good here? RFC 9068 section 4, with the actors of RFC 8693 section 4.1.
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { AccessRefusal } from './refusal.ts';

/** One who acts for the subject. */
export interface Actor {
  readonly iss: string;
  readonly sub: string;
}

export interface AccessToken {
  /** For whom. */
  readonly subject: string;
  /** Who acts for the subject, the current actor first; only the first counts for access (RFC 8693 section 4.1). */
  readonly actors: readonly Actor[];
  readonly clientId: string;
  readonly scope: ReadonlySet<string>;
  readonly audience: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly claims: JWTPayload;
}

export interface VerifierOptions {
  /** The `issuer` of the Cambio server. */
  readonly issuer: string;
  /** The audience of this API. */
  readonly audience: string;
  /** Where the keys are: default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string;
  /** The keys themselves, or what fetches them, instead of `jwksUri`. */
  readonly jwks?: JSONWebKeySet | (() => Promise<JSONWebKeySet>);
}

export interface Verifier {
  /** @throws AccessRefusal invalid_token; another error where the keys cannot be had, which is not the caller's fault */
  readonly verify: (token: string) => Promise<AccessToken>;
  /**
   * Reads the Authorization header, and asks for scope.
   * @throws AccessRefusal
   */
  readonly authenticate: (authorization: string | undefined, wanted?: { scope?: string }) => Promise<AccessToken>;
}

/** Asymmetric only: nobody but the issuer makes tokens that pass. */
const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];

export function createVerifier({ issuer, audience, jwksUri, jwks }: VerifierOptions): Verifier {
  const keys = resolveKeys(jwks, jwksUri ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`);
  const verify = async (token: string): Promise<AccessToken> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        typ: 'at+jwt',
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
      });
      return read(payload, issuer);
    } catch (error) {
      if (error instanceof AccessRefusal || isTheCallersFault(error))
        throw new AccessRefusal('invalid_token', { cause: error });
      throw error;
    }
  };
  return {
    verify,
    authenticate: async (authorization, { scope } = {}) => {
      const about = scope === undefined ? {} : { scope };
      // RFC 6750 section 3.1: another scheme is no attempt to use a token, and gets no error code.
      if (!/^Bearer(?: |$)/i.test(authorization ?? '')) throw new AccessRefusal('missing', about);
      const token = /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new AccessRefusal('invalid_token');
      const verified = await verify(token);
      const enough = (scope ?? '').split(' ').every((name) => name === '' || verified.scope.has(name));
      if (!enough) throw new AccessRefusal('insufficient_scope', about);
      return verified;
    },
  };
}

function resolveKeys(jwks: VerifierOptions['jwks'], uri: string): Parameters<typeof jwtVerify>[1] & object {
  if (jwks === undefined) return createRemoteJWKSet(new URL(uri));
  if (typeof jwks !== 'function') return createLocalJWKSet(jwks);
  return async (header: Parameters<ReturnType<typeof createLocalJWKSet>>[0], token) =>
    createLocalJWKSet(await jwks())(header, token);
}

/** Keys that cannot be fetched or are no key set: an answer that is not 200, another document, a time-out. */
const KEY_TROUBLE = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

/** A token that is wrong, as against keys that cannot be had. */
const isTheCallersFault = (error: unknown): boolean =>
  error instanceof errors.JOSEError && !KEY_TROUBLE.has(error.code);

function read(payload: JWTPayload, issuer: string): AccessToken {
  const { sub, aud, exp, scope = '', client_id: clientId } = payload;
  if (typeof sub !== 'string' || typeof clientId !== 'string' || typeof scope !== 'string' || exp === undefined) {
    throw new AccessRefusal('invalid_token');
  }
  return {
    subject: sub,
    actors: readActors(payload.act, issuer),
    clientId,
    scope: new Set(scope === '' ? [] : scope.split(' ')),
    audience: aud === undefined ? [] : [aud].flat(),
    expiresAt: exp,
    claims: payload,
  };
}

function readActors(act: unknown, issuer: string): readonly Actor[] {
  const actors: Actor[] = [];
  for (let next = act; next !== undefined; next = (next as { act?: unknown }).act) {
    const { iss = issuer, sub } = (next ?? {}) as Partial<Record<'iss' | 'sub', unknown>>;
    if (typeof iss !== 'string' || typeof sub !== 'string') throw new AccessRefusal('invalid_token');
    actors.push({ iss, sub });
  }
  return actors;
}
