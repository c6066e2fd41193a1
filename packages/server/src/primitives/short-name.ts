// Shortens names for database columns: PostgreSQL cannot index long text.
import { hash } from 'node:crypto';

/** In UTF-8, at most four times as many bytes, of the 2704 that an index accepts. */
const MAX_CHARACTERS = 256;

/** Begins a digest that replaces a name. Names contain no control characters. */
export const DIGEST_PREFIX = '\u0001';

/** The name, or its digest if it is long. */
export const shortName = (name: string): string =>
  name.length <= MAX_CHARACTERS ? name : `${DIGEST_PREFIX}${hash('sha256', name, 'base64url')}`;
