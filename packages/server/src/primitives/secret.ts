// A secret that does not print, kept only as its SHA-256.
import { hash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/** Client secrets are long and random, so a fast hash is enough, and this comparison is on the path of every request. */
export class SecretDigest {
  readonly #digest: Buffer;

  constructor(text: string | Buffer) {
    this.#digest = typeof text === 'string' ? digest(text) : text;
  }

  /** @param sha256 in base64url */
  static of(sha256: string): SecretDigest {
    return new SecretDigest(Buffer.from(sha256, 'base64url'));
  }

  /**
   * Is one of the candidates one of the secrets? Each candidate is hashed once, however many secrets there are, and every
   * pair is compared.
   */
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

/** SHA-256 in base64url: how a token's text is named where the text itself must not stand. */
export const sha256 = (text: string): string => hash('sha256', text, 'base64url');
