// Makes ids and secrets that nobody can guess.
import { randomBytes, randomUUID } from 'node:crypto';

/**
 * Makes the id of a request: the time, and 74 random bits (RFC 9562 section 5.7, version 7). Ids of concurrent requests are
 * neighbours in an index, so writing their rows touches one page of it instead of one for each.
 * @param now milliseconds since 1970
 */
export function newRequestId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Makes the id of a process, a salt, or the id of a request without a row: 122 random bits. */
export const newId = (): string => randomUUID();

/** Makes the text of an opaque token or a secret: 256 random bits in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
