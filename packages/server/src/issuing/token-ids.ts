// Ids of tokens and refresh families (`jti`). Each tells two things to this server alone: that it was made here, and which
// revocations of many tokens its maker knew. So nothing is stored to answer either, and no clock is compared.
import { hash, randomUUID, timingSafeEqual } from 'node:crypto';

/** Bytes: random ones, the epoch, the seal. Together 36 characters of base64url, as a UUID has. */
const RANDOM = 16;
const EPOCH = 6;
const SEAL = 5;

export interface TokenIds {
  /** @param epoch the last revocation of many that is known, as `Revocations` counts them */
  readonly make: (epoch: number) => string;
  /** @returns undefined for an id that was not made here, or by an earlier version */
  readonly epochOf: (id: string) => number | undefined;
}

/** 122 random bits: Node fetches those of many UUIDs at once. */
const randomOnes = (): Buffer => Buffer.from(randomUUID().replaceAll('-', ''), 'hex');

/** @param key all nodes have the same */
export function createTokenIds(key: string): TokenIds {
  // Each is a keyed hash of input of one length, cut short. So nothing can be appended, and an HMAC, which costs several times as
  // much in Node, would tell no more.
  const prefixes = { seal: Buffer.from(`seal:${key}:`), mask: Buffer.from(`mask:${key}:`) };
  const digest = (use: keyof typeof prefixes, ...parts: readonly Buffer[]): Buffer =>
    hash('sha256', Buffer.concat([prefixes[use], ...parts]), 'buffer');
  const seal = (random: Buffer, epoch: Buffer): Buffer => digest('seal', random, epoch).subarray(0, SEAL);
  /** When many tokens were last revoked is not for everybody who sees a token. */
  const mask = (epoch: Buffer, random: Buffer): Buffer => {
    const cover = digest('mask', random);
    return epoch.map((byte, index) => byte ^ Number(cover[index])) as Buffer;
  };
  return {
    make: (epoch) => {
      let random = randomOnes();
      // An id is typed behind a command, which would take `-` for an option.
      while (Number(random[0]) >= 0b1111_1000) random = randomOnes();
      const plain = Buffer.alloc(EPOCH);
      plain.writeUIntBE(epoch, 0, EPOCH);
      return Buffer.concat([random, mask(plain, random), seal(random, plain)]).toString('base64url');
    },
    epochOf: (id) => {
      if (!/^[\w-]{36}$/.test(id)) return undefined;
      const bytes = Buffer.from(id, 'base64url');
      const random = bytes.subarray(0, RANDOM);
      const plain = mask(bytes.subarray(RANDOM, RANDOM + EPOCH), random);
      return timingSafeEqual(bytes.subarray(RANDOM + EPOCH), seal(random, plain))
        ? plain.readUIntBE(0, EPOCH)
        : undefined;
    },
  };
}
