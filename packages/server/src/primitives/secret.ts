// Holds a secret as its SHA-256, which does not print.
import { hash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/** Client secrets are long and random, so a fast hash is enough. Every request makes this comparison. */
export class SecretDigest {
  readonly #digest: Buffer;

  constructor(text: string | Buffer) {
    this.#digest = typeof text === 'string' ? digest(text) : text;
  }

  /** @param sha256 in base64url */
  static of(sha256: string): SecretDigest {
    return new SecretDigest(Buffer.from(sha256, 'base64url'));
  }

  /** Does a candidate equal one of the secrets? Hashes each candidate once, and compares every pair. */
  static anyMatches(secrets: readonly SecretDigest[], candidates: readonly string[]): boolean {
    const digests = candidates.map(digest);
    let matches = false;
    for (const secret of secrets) {
      for (const one of digests) if (timingSafeEqual(secret.#digest, one)) matches = true;
    }
    return matches;
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/** SHA-256 in base64url. Identifies a token where its text must not appear. */
export const sha256 = (content: string | Uint8Array): string => hash('sha256', content, 'base64url');
