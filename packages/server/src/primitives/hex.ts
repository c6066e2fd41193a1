// Digests in hexadecimal.

const DIGEST = /^[0-9a-f]{64}$/;
const PREFIX = /^[0-9a-f]{6,64}$/;

export const isDigest = (value: unknown): value is string => typeof value === 'string' && DIGEST.test(value);

/** Is the text the beginning of a digest, long enough to name it? */
export const isDigestPrefix = (text: string): boolean => PREFIX.test(text);
