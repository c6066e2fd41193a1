// Reads the claims that we take from the ID token of another provider. Each is of its form and within its bounds, or nobody
// signs in (OpenID Connect Core sections 2 and 5.7).
import { isName } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Who signed in there, when and how. */
export interface UpstreamClaims {
  readonly sub: string;
  /** What the person is called on our pages, where the provider says it. */
  readonly username: string | undefined;
  /** `acr`, `amr` and `auth_time`, each only where the provider says it. */
  readonly authentication: {
    readonly acr?: string;
    readonly amr?: readonly string[];
    /** Seconds since 1970, never later than now. */
    readonly auth_time?: number;
  };
}

/** Seconds by which the provider's clock may be ahead of ours. */
export const PROVIDER_LEEWAY_S = 30;
/** At most 255 ASCII characters, of which the first and the last are visible. */
const SUBJECT = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const MAX_METHODS = 32;
const MAX_NAME_LENGTH = 255;

/** @param now seconds since 1970 @throws Error that names the claim, and never says what stands in it */
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
 * A time in the future would satisfy every `max_age`, and our session would outlive what it begins with. Within the leeway it
 * is now.
 */
function readAuthTime(value: unknown, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error('auth_time is not a time in whole seconds');
  if (value > now + PROVIDER_LEEWAY_S) throw new Error('auth_time is in the future');
  return Math.min(value, now);
}
