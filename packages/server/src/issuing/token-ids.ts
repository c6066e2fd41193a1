// Creates ids of tokens and refresh families (`jti`). Only this server can read from an id that it was made here, and the latest
// bulk revocation known then. So neither needs to be stored, and no clocks are compared.
import { hash, randomUUID, timingSafeEqual } from 'node:crypto';

/** The parts of an id. Together they have 36 characters in base64url, like a UUID. */
const RANDOM_BYTES = 16;
const EPOCH_BYTES = 6;
const SEAL_BYTES = 5;

export interface TokenIds {
  /** @param epoch the latest bulk revocation known, as `Revocations` counts them */
  readonly make: (epoch: number) => string;
  /** @returns undefined for an id that was not made here, or was made by an earlier version */
  readonly epochOf: (id: string) => number | undefined;
}

/** 122 random bits. Node generates UUIDs in batches, which is faster than `randomBytes`. */
const randomBits = (): Buffer => Buffer.from(randomUUID().replaceAll('-', ''), 'hex');

/** @param key shared by all nodes */
export function createTokenIds(key: string): TokenIds {
  // Keyed hashes of input of fixed length, truncated. So no length extension is possible, and an HMAC, which is several times as
  // slow in Node, would add nothing.
  const prefixes = { seal: Buffer.from(`seal:${key}:`), mask: Buffer.from(`mask:${key}:`) };
  const digest = (use: keyof typeof prefixes, ...parts: readonly Buffer[]): Buffer =>
    hash('sha256', Buffer.concat([prefixes[use], ...parts]), 'buffer');
  const seal = (random: Buffer, epoch: Buffer): Buffer => digest('seal', random, epoch).subarray(0, SEAL_BYTES);
  /** Hides the epoch from everyone else who sees a token. */
  const mask = (epoch: Buffer, random: Buffer): Buffer => {
    const cover = digest('mask', random);
    return epoch.map((byte, index) => byte ^ Number(cover[index])) as Buffer;
  };
  return {
    make: (epoch) => {
      let random = randomBits();
      // An id is also a command-line argument, where a leading `-` would begin an option.
      while (Number(random[0]) >= 0b1111_1000) random = randomBits();
      const plain = Buffer.alloc(EPOCH_BYTES);
      plain.writeUIntBE(epoch, 0, EPOCH_BYTES);
      return Buffer.concat([random, mask(plain, random), seal(random, plain)]).toString('base64url');
    },
    epochOf: (id) => {
      if (!/^[\w-]{36}$/.test(id)) return undefined;
      const bytes = Buffer.from(id, 'base64url');
      const random = bytes.subarray(0, RANDOM_BYTES);
      const plain = mask(bytes.subarray(RANDOM_BYTES, RANDOM_BYTES + EPOCH_BYTES), random);
      return timingSafeEqual(bytes.subarray(RANDOM_BYTES + EPOCH_BYTES), seal(random, plain))
        ? plain.readUIntBE(0, EPOCH_BYTES)
        : undefined;
    },
  };
}
