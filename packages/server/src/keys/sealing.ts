// What lies in the database is of no use without the sealing key: AES-256-GCM, each value bound to what it is for.
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

export interface Sealer {
  /** @param purpose what the value is: another value's text does not open in its place */
  readonly seal: (text: string, purpose: string) => string;
  /** @throws where no key that is configured opens it */
  readonly open: (sealed: string, purpose: string) => string;
  /** Was it sealed with the first of the keys? Else it is to be sealed again. */
  readonly isCurrent: (sealed: string) => boolean;
}

export const SEALING_KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param keys 32 bytes each; the first seals, and all open, so that a new key can take over from an old one */
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

/** Tells keys apart without telling anything of them. */
const keyId = (key: Buffer): string =>
  hash('sha256', Buffer.concat([Buffer.from('sealing key '), key]), 'base64url').slice(0, 8);
