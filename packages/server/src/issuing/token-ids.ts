// Creates ids of tokens and refresh families (`jti`). Only this server can read from an id that it was made here, and the latest
// bulk revocation known then. So neither needs to be stored, and no clocks are compared.
import { hash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../primitives/clock.ts';
import { TAG_OFFSET_BYTES, tagOf } from '../regions/tag.ts';

/** The parts of an id. Together they have 36 characters in base64url, like a UUID. */
const UNIQUE_BYTES = 16;
/** It begins with the time: ids of the same second are neighbours in tables of tokens, so few pages are written for many of them. */
const TIME_BYTES = 4;
/** An id is also a command-line argument, where a leading `-` would begin an option. Later times would begin with it. */
const MAX_SECONDS = 0xf800_0000;
const EPOCH_BYTES = 6;
const SEAL_BYTES = 5;

export interface TokenIds {
  /** @param epoch the latest bulk revocation known, as `Revocations` counts them */
  readonly make: (epoch: number) => string;
  /** @returns undefined for an id that was not made here, or was made by an earlier version */
  readonly epochOf: (id: string) => number | undefined;
}

const EPOCH_OFFSET_BYTES = UNIQUE_BYTES;
const SEAL_OFFSET_BYTES = EPOCH_OFFSET_BYTES + EPOCH_BYTES;

/**
 * Hashes the first bytes of an id, after a key. Input of fixed length, truncated output: so no length extension is possible, and an
 * HMAC, which is several times as slow in Node, would add nothing.
 * @returns a text with a character for each byte
 */
function keyedHash(key: string, bytes: number): (id: Buffer) => string {
  const prefix = Buffer.from(key);
  const input = Buffer.concat([prefix], prefix.length + bytes);
  return (id) => {
    id.copy(input, prefix.length, 0, bytes);
    return hash('sha256', input, 'binary');
  };
}

/** @param key shared by all nodes @param region of which the ids have the tag, in the place of 16 random bits */
export function createTokenIds(key: string, clock: Clock, region?: string): TokenIds {
  const tag = region === undefined ? undefined : tagOf(region);
  const sealOf = keyedHash(`seal:${key}:`, SEAL_OFFSET_BYTES);
  const maskOf = keyedHash(`mask:${key}:`, EPOCH_OFFSET_BYTES);
  /** Hides the epoch from everyone else who sees a token, or shows it again. */
  const mask = (id: Buffer): void => {
    const cover = maskOf(id);
    for (let i = 0; i < EPOCH_BYTES; i++) {
      const at = EPOCH_OFFSET_BYTES + i;
      id.writeUInt8(id.readUInt8(at) ^ cover.charCodeAt(i), at);
    }
  };
  const made = Buffer.alloc(SEAL_OFFSET_BYTES + SEAL_BYTES);
  return {
    make: (epoch) => {
      // 90 random bits behind the time. Node generates UUIDs in batches, which is faster than `randomBytes`.
      made.write(randomUUID().replaceAll('-', ''), 'hex');
      made.writeUIntBE(Math.floor(clock() / 1000) % MAX_SECONDS, 0, TIME_BYTES);
      if (tag !== undefined) made.set(tag, TAG_OFFSET_BYTES);
      made.writeUIntBE(epoch, EPOCH_OFFSET_BYTES, EPOCH_BYTES);
      made.write(sealOf(made).slice(0, SEAL_BYTES), SEAL_OFFSET_BYTES, 'latin1');
      mask(made);
      return made.toString('base64url');
    },
    epochOf: (id) => {
      if (!/^[\w-]{36}$/.test(id)) return undefined;
      const bytes = Buffer.from(id, 'base64url');
      mask(bytes);
      const seal = Buffer.from(sealOf(bytes).slice(0, SEAL_BYTES), 'latin1');
      return timingSafeEqual(bytes.subarray(SEAL_OFFSET_BYTES), seal)
        ? bytes.readUIntBE(EPOCH_OFFSET_BYTES, EPOCH_BYTES)
        : undefined;
    },
  };
}
