// Names as database columns hold them: PostgreSQL's indexes take no long text.
import { hash } from 'node:crypto';

/** Characters; in UTF-8 at most four times as many bytes, of the 2704 that an index takes. */
const MAX_LENGTH = 256;

/** Begins what stands for a name: no name holds a control character. */
export const DIGEST_PREFIX = '\u0001';

/** The name, or its digest where it is long. */
export const shortName = (name: string): string =>
  name.length <= MAX_LENGTH ? name : `${DIGEST_PREFIX}${hash('sha256', name, 'base64url')}`;
