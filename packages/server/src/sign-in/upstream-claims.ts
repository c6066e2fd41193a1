// Reads the claims of the upstream provider's ID token. A claim with a wrong type or size refuses the sign-in (OpenID Connect Core
// sections 2 and 5.7).
import { isName } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** The person, and when and how they signed in at the provider. */
export interface UpstreamClaims {
  readonly sub: string;
  /** The name for our pages, if the provider sends one. */
  readonly username: string | undefined;
  /** `acr`, `amr` and `auth_time`, each if the provider sends it. */
  readonly authentication: {
    readonly acr?: string;
    readonly amr?: readonly string[];
    /** Seconds since 1970, never later than now. */
    readonly auth_time?: number;
  };
}

/** How far the provider's clock may be ahead of ours. */
export const PROVIDER_LEEWAY_SECONDS = 30;
/** Up to 255 ASCII characters; the first and the last are visible. */
const SUBJECT = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const MAX_METHODS = 32;
const MAX_NAME_LENGTH = 255;

/** @param now seconds since 1970 @throws Error that names the claim, and never shows its value */
export function readUpstreamClaims(claims: JsonObject, now: number): UpstreamClaims {
  const { sub } = claims;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new Error('sub is not a text of 1 to 255 ASCII characters');
  const acr = readAcr(claims.acr);
  const amr = readAmr(claims.amr);
  const authTime = readAuthTime(claims.auth_time, now);
  return {
    sub,
    username: [claims.preferred_username, claims.email].find(isShortName),
    authentication: {
      ...(acr !== undefined && { acr }),
      ...(amr !== undefined && { amr }),
      ...(authTime !== undefined && { auth_time: authTime }),
    },
  };
}

const isShortName = (value: unknown): value is string => isName(value) && value.length <= MAX_NAME_LENGTH;

function readAcr(value: unknown): string | undefined {
  if (value !== undefined && !isShortName(value)) throw new Error('acr is not a short text');
  return value;
}

function readAmr(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MAX_METHODS || !value.every(isShortName))
    throw new Error('amr is not a list of short texts');
  return value;
}

/**
 * A time in the future would satisfy every `max_age`, and would extend our session. Within the leeway it is set to now.
 */
function readAuthTime(value: unknown, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error('auth_time is not a time in whole seconds');
  if (value > now + PROVIDER_LEEWAY_SECONDS) throw new Error('auth_time is in the future');
  return Math.min(value, now);
}
