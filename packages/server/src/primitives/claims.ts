// Reading the claims that JWTs of every kind share, each strictly: of the right form, or refused.
import { LEEWAY_SECONDS } from './clock.ts';
import { formatDuration, formatTime } from './duration.ts';
import { isName } from './principal.ts';
import { TokenRefusal } from './refusal.ts';
import type { JsonObject } from './strict-json.ts';

/** No date of a real token lies beyond the year 9999. */
const LAST_DATE = 253_402_300_799;

/** A NumericDate (RFC 7519 section 2), in whole seconds. @returns undefined where absent. @throws TokenRefusal claims */
export function timeClaim(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0 && value <= LAST_DATE))
    throw new TokenRefusal('claims', `${name} is no date`);
  return Math.floor(value);
}

/**
 * The times of a JWT that somebody else made, by their clock. One without an end is refused.
 * @param now seconds since 1970 @throws TokenRefusal claims, expired, not_yet_valid
 */
export function checkTimes(
  claims: JsonObject,
  now: number,
): { readonly expiresAt: number; readonly issuedAt: number | undefined } {
  const expiresAt = timeClaim(claims, 'exp');
  const issuedAt = timeClaim(claims, 'iat');
  const notBefore = timeClaim(claims, 'nbf');
  if (expiresAt === undefined) throw new TokenRefusal('claims', 'exp is missing');
  if (now > expiresAt + LEEWAY_SECONDS) throw expired(expiresAt, now, LEEWAY_SECONDS);
  refuseFuture({ iat: issuedAt, nbf: notBefore }, now, LEEWAY_SECONDS);
  return { expiresAt, issuedAt };
}

/** @param leeway in seconds */
export const expired = (expiresAt: number, now: number, leeway = 0): TokenRefusal =>
  new TokenRefusal(
    'expired',
    `it expired ${formatDuration(now - expiresAt)} ago (exp ${formatTime(expiresAt)})${leeway === 0 ? '' : `; ${leeway} s are tolerated`}`,
  );

interface Beginning {
  readonly iat: number | undefined;
  readonly nbf: number | undefined;
}

/** Refuses a token from the future. @throws TokenRefusal not_yet_valid */
export function refuseFuture({ iat = 0, nbf = 0 }: Beginning, now: number, leeway: number): void {
  const latest = now + leeway;
  if (iat <= latest && nbf <= latest) return;
  const [name, time] = iat > latest ? ['iat', iat] : ['nbf', nbf];
  const ahead = `${name} is ${formatDuration(time - now)} ahead of the clock of this server (${formatTime(now)})`;
  throw new TokenRefusal('not_yet_valid', `${ahead}; ${leeway} s are tolerated`);
}

/** One name or a list of names, as `aud` has it. @returns undefined where it is neither, or empty. */
export function stringList(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every(isName) ? list : undefined;
}
