// Names that nobody can guess.
import { randomBytes, randomUUID } from 'node:crypto';

/**
 * An id for a request: 74 random bits behind the time (RFC 9562 section 5.7, version 7). Requests that come together stand
 * together in an index, so that writing their rows touches one page of it instead of one for each.
 * @param now milliseconds since 1970
 */
export function newRequestId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** An id for a process, a salt, or a request that leaves no row: 122 random bits. */
export const newId = (): string => randomUUID();

/** The text of an opaque token or a secret: 256 random bits in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
