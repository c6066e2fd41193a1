// The tag of a region: two bytes of each token id that it makes. Other regions read from it who may have revoked the token.
import { hash } from 'node:crypto';

export const TAG_BYTES = 2;

/** Where the tag is in the bytes of an id. */
export const TAG_OFFSET_BYTES = 14;

/** The form of ids that servers make. Foreign tokens and agreements have digests as ids, which are longer. */
const MADE_ID = /^[\w-]{36}$/;

export const tagOf = (region: string): Buffer =>
  hash('sha256', `region ${region}`, 'buffer').subarray(0, TAG_BYTES) as Buffer;

/** @returns the tag as a number; undefined for an id that no server of ours made. An id from before there were regions has any tag */
export const readTag = (id: string): number | undefined =>
  MADE_ID.test(id) ? Buffer.from(id, 'base64url').readUInt16BE(TAG_OFFSET_BYTES) : undefined;

/** A code is text of the library. Its first characters are those of the tag, in base64url. */
const CODE_TAG_CHARACTERS = 3;

export const codeTagOf = (region: string): string => tagOf(region).toString('base64url');

/** @returns the code with the tag in the place of its first random characters: 240 random bits remain */
export const tagCode = (code: string, region: string): string => codeTagOf(region) + code.slice(CODE_TAG_CHARACTERS);

export const readCodeTag = (code: string): string => code.slice(0, CODE_TAG_CHARACTERS);
