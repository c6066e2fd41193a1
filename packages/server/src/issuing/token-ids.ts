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

/** 90 random bits behind the time. Node generates UUIDs in batches, which is faster than `randomBytes`. */
function uniqueBytes(now: number): Buffer {
  const bytes = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
  bytes.writeUIntBE(Math.floor(now / 1000) % MAX_SECONDS, 0, TIME_BYTES);
  return bytes;
}

/** @param key shared by all nodes @param region of which the ids have the tag, in the place of 16 random bits */
export function createTokenIds(key: string, clock: Clock, region?: string): TokenIds {
  const tag = region === undefined ? undefined : tagOf(region);
  // Keyed hashes of input of fixed length, truncated. So no length extension is possible, and an HMAC, which is several times as
  // slow in Node, would add nothing.
  const prefixes = { seal: Buffer.from(`seal:${key}:`), mask: Buffer.from(`mask:${key}:`) };
  const digest = (use: keyof typeof prefixes, ...parts: readonly Buffer[]): Buffer =>
    hash('sha256', Buffer.concat([prefixes[use], ...parts]), 'buffer');
  const seal = (unique: Buffer, epoch: Buffer): Buffer => digest('seal', unique, epoch).subarray(0, SEAL_BYTES);
  /** Hides the epoch from everyone else who sees a token. */
  const mask = (epoch: Buffer, unique: Buffer): Buffer => {
    const cover = digest('mask', unique);
    return epoch.map((byte, index) => byte ^ Number(cover[index])) as Buffer;
  };
  return {
    make: (epoch) => {
      const unique = uniqueBytes(clock());
      if (tag !== undefined) unique.set(tag, TAG_OFFSET_BYTES);
      const plain = Buffer.alloc(EPOCH_BYTES);
      plain.writeUIntBE(epoch, 0, EPOCH_BYTES);
      return Buffer.concat([unique, mask(plain, unique), seal(unique, plain)]).toString('base64url');
    },
    epochOf: (id) => {
      if (!/^[\w-]{36}$/.test(id)) return undefined;
      const bytes = Buffer.from(id, 'base64url');
      const unique = bytes.subarray(0, UNIQUE_BYTES);
      const plain = mask(bytes.subarray(UNIQUE_BYTES, UNIQUE_BYTES + EPOCH_BYTES), unique);
      return timingSafeEqual(bytes.subarray(UNIQUE_BYTES + EPOCH_BYTES), seal(unique, plain))
        ? plain.readUIntBE(0, EPOCH_BYTES)
        : undefined;
    },
  };
}
