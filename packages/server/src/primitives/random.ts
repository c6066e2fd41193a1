// Names that nobody can guess.
import { randomBytes, randomUUID } from 'node:crypto';

/** An id for a request, a token (`jti`) or a family: 122 random bits. */
export const newId = (): string => randomUUID();

/** The text of an opaque token or a secret: 256 random bits in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
