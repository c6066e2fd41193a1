// Encrypts secrets for the database with the sealing key (AES-256-GCM). Each value is bound to its purpose.
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

export interface Sealer {
  /** @param purpose what the value is used for: it cannot be opened for another purpose */
  readonly seal: (text: string, purpose: string) => string;
  /** @throws Error if no configured key opens it */
  readonly open: (sealed: string, purpose: string) => string;
  /** Was it sealed with the first key? If not, it should be sealed again. */
  readonly isCurrent: (sealed: string) => boolean;
}

export const SEALING_KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param keys 32 bytes each; the first one seals and all of them open, so that keys can be replaced */
export function createSealer(keys: readonly [Buffer, ...Buffer[]]): Sealer {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const [current] = keys;
  const currentId = keyId(current);
  return {
    seal: (text, purpose) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, current, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${currentId}.${sealed.toString('base64url')}`;
    },
    open: (sealed, purpose) => {
      const [id = '', text = ''] = sealed.split('.');
      const key = byId.get(id);
      if (key === undefined)
        throw new Error(
          `the sealing key that ${purpose} was sealed with is not configured. Restore its file from the backup, or name both keys in sealingKey`,
        );
      try {
        return decipherText(key, Buffer.from(text, 'base64url'), purpose);
      } catch (cause) {
        throw new Error(`${purpose} was altered in the database: it does not open`, { cause });
      }
    },
    isCurrent: (sealed) => sealed.startsWith(`${currentId}.`),
  };
}

function decipherText(key: Buffer, bytes: Buffer, purpose: string): string {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

/** Identifies a key without revealing it. */
const keyId = (key: Buffer): string =>
  hash('sha256', Buffer.concat([Buffer.from('sealing key '), key]), 'base64url').slice(0, 8);
