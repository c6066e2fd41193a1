// How is a password stored? As its argon2id hash (RFC 9106) in the PHC string format, which other tools write and read, too:
// `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. Node computes it.
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

/** From OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. It takes about 50 ms of one core. */
const RECOMMENDED = { memory: 19_456, passes: 2, parallelism: 1 } as const;
/** The weakest parameters that OWASP lists are 7 MiB with five passes. `work` is memory times passes. */
const MIN = { memory: 7168, work: 5 * 7168 } as const;
/** The maximum cost of one sign-in: 64 MiB, and work of about a second. */
const MAX = { memory: 65_536, work: 6 * 65_536, parallelism: 4 } as const;
/** In UTF-16 units. A longer text cannot be a password: normalizing it could take seconds. */
export const MAX_PASSWORD_LENGTH = 4096;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

const PHC =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,7}),t=([1-9]\d{0,4}),p=([1-9]\d{0,2})\$([A-Za-z\d+/]{1,88})\$([A-Za-z\d+/]{1,88})$/;

/** @returns the problem as a text if the hash is not accepted */
export function parsePasswordHash(text: string): PasswordHash | string {
  const [matched, ...parts] = PHC.exec(text) ?? [];
  if (matched === undefined)
    return 'must be $argon2id$v=19$m=…,t=…,p=…$SALT$HASH, as `cambio accounts hash-password` prints it';
  const [memory = 0, passes = 0, parallelism = 0] = parts.slice(0, 3).map(Number);
  const [salt, tag] = parts.slice(3).map(decode);
  if (salt === undefined || tag === undefined) return 'has a salt or a hash that is not base64 without padding';
  if (salt.length < 8 || tag.length < 16) return 'needs a salt of 8 bytes and a hash of 16 bytes, or more';
  if (memory < MIN.memory || memory * passes < MIN.work) {
    return `is too weak: ${RECOMMENDED.memory} KiB and ${RECOMMENDED.passes} passes are good, less than ${MIN.memory} KiB or ${MIN.work} KiB times passes is refused`;
  }
  if (memory > MAX.memory || memory * passes > MAX.work || parallelism > MAX.parallelism) {
    return `costs too much at each sign-in: at most ${MAX.memory} KiB, ${MAX.work} KiB times passes, ${MAX.parallelism} lanes`;
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

/** Hashes the NFC form: keyboards write é as one or as two characters (RFC 8265 section 4). */
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
