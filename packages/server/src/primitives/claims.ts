// Reads the claims that all JWTs share. A claim of the wrong form is refused.
import { formatDuration, formatTime } from './duration.ts';
import { isName } from './principal.ts';
import { TokenRefusal } from './refusal.ts';
import type { JsonObject } from './strict-json.ts';

/** The end of the year 9999, in seconds since 1970. A later date is refused. */
const MAX_DATE_SECONDS = 253_402_300_799;

/** A NumericDate (RFC 7519 section 2), in whole seconds. @returns undefined where absent. @throws TokenRefusal claims */
export function timeClaim(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_DATE_SECONDS))
    throw new TokenRefusal('claims', `${name} is not a date in seconds since 1970`);
  return Math.floor(value);
}

/**
 * Checks the times of a JWT from another issuer, with a leeway for its clock. A JWT without `exp` is refused.
 * @param now seconds since 1970 @param leeway in seconds @throws TokenRefusal claims, expired, not_yet_valid
 */
export function checkTimes(
  claims: JsonObject,
  now: number,
  leeway: number,
): { readonly expiresAt: number; readonly issuedAt: number | undefined } {
  const expiresAt = timeClaim(claims, 'exp');
  const issuedAt = timeClaim(claims, 'iat');
  const notBefore = timeClaim(claims, 'nbf');
  if (expiresAt === undefined) throw new TokenRefusal('claims', 'exp is missing');
  if (now > expiresAt + leeway) throw expired(expiresAt, now, leeway);
  refuseFuture({ iat: issuedAt, nbf: notBefore }, now, leeway);
  return { expiresAt, issuedAt };
}

/** @param leeway in seconds */
export const expired = (expiresAt: number, now: number, leeway = 0): TokenRefusal =>
  new TokenRefusal(
    'expired',
    `it expired ${formatDuration(now - expiresAt)} ago (exp ${formatTime(expiresAt)})${leeway === 0 ? '' : `; ${leeway} s are tolerated`}`,
  );

interface StartTimes {
  readonly iat: number | undefined;
  readonly nbf: number | undefined;
}

/** Refuses times that lie in the future. @throws TokenRefusal not_yet_valid */
export function refuseFuture({ iat = 0, nbf = 0 }: StartTimes, now: number, leeway: number): void {
  const latest = now + leeway;
  if (iat <= latest && nbf <= latest) return;
  const [name, time] = iat > latest ? ['iat', iat] : ['nbf', nbf];
  const ahead = `${name} is ${formatDuration(time - now)} ahead of the clock of this server (${formatTime(now)})`;
  throw new TokenRefusal('not_yet_valid', `${ahead}; ${leeway} s are tolerated`);
}

/** Reads one name or a list of names, as in `aud`. @returns undefined if the value is neither, or is empty */
export function stringList(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every(isName) ? list : undefined;
}
