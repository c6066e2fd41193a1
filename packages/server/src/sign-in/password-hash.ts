// How is a password kept? As its argon2id hash (RFC 9106), computed by Node itself, in the PHC string format:
// `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, which other tools write and read as well.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export interface PasswordHash {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. About 50 ms of one core. */
const RECOMMENDED = { memory: 19_456, passes: 2, parallelism: 1 } as const;
/** The weakest that OWASP still names is 7 MiB with five passes: a hash with less work than that is none. */
const LEAST = { memory: 7168, work: 5 * 7168 } as const;
/** What one sign-in may cost us: 64 MiB, and work of about a second. */
const MOST = { memory: 65_536, work: 6 * 65_536, parallelism: 4 } as const;
/** In UTF-16 units. A longer text is nobody's password: normalizing it could take seconds. */
export const MAX_PASSWORD_LENGTH = 4096;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

const PHC =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,7}),t=([1-9]\d{0,4}),p=([1-9]\d{0,2})\$([A-Za-z\d+/]{1,88})\$([A-Za-z\d+/]{1,88})$/;

/** @returns what is wrong with it, where something is. */
export function parsePasswordHash(text: string): PasswordHash | string {
  const [matched, ...parts] = PHC.exec(text) ?? [];
  if (matched === undefined)
    return 'must be $argon2id$v=19$m=…,t=…,p=…$SALT$HASH, as `cambio accounts hash-password` prints it';
  const [memory = 0, passes = 0, parallelism = 0] = parts.slice(0, 3).map(Number);
  const [salt, tag] = parts.slice(3).map(decode);
  if (salt === undefined || tag === undefined) return 'has a salt or a hash that is no base64 without padding';
  if (salt.length < 8 || tag.length < 16) return 'needs a salt of 8 bytes and a hash of 16 bytes, or more';
  if (memory < LEAST.memory || memory * passes < LEAST.work) {
    return `is too weak: ${RECOMMENDED.memory} KiB and ${RECOMMENDED.passes} passes are good, less than ${LEAST.memory} KiB or ${LEAST.work} KiB times passes is refused`;
  }
  if (memory > MOST.memory || memory * passes > MOST.work || parallelism > MOST.parallelism) {
    return `costs too much at each sign-in: at most ${MOST.memory} KiB, ${MOST.work} KiB times passes, ${MOST.parallelism} lanes`;
  }
  return { memory, passes, parallelism, salt, tag };
}

export const formatPasswordHash = ({ memory, passes, parallelism, salt, tag }: PasswordHash): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await digest(password, { ...RECOMMENDED, salt, tag: { length: TAG_BYTES } });
  return { ...RECOMMENDED, salt, tag };
}

export async function isPassword(password: string, hash: PasswordHash): Promise<boolean> {
  const fits = password.length <= MAX_PASSWORD_LENGTH;
  const same = timingSafeEqual(await digest(fits ? password : '', hash), hash.tag);
  return fits && same;
}

const compute = promisify(argon2);

/** One keyboard's é is another's e and accent: both are written as one before they are hashed (RFC 8265 section 4). */
const digest = (
  password: string,
  { memory, passes, parallelism, salt, tag }: Omit<PasswordHash, 'tag'> & { readonly tag: { readonly length: number } },
): Promise<Buffer> =>
  compute('argon2id', {
    message: Buffer.from(password.normalize('NFC')),
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength: tag.length,
  });

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return encode(bytes) === text ? bytes : undefined;
}
