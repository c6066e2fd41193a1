// Refuses public keys that are well formed but too weak: anyone could sign for some of them.
import type { KeyObject } from 'node:crypto';

/** The least is from RFC 7518 section 3.3. A key longer than the most only makes verification slow. */
export const RSA_BITS = { least: 2048, most: 4096 };
const RSA_EXPONENT = { least: 3n, most: 2n ** 32n };

/**
 * The prime of the field of Ed25519, and the smaller `y` of its points of order 8 (RFC 7748 section 4.1, RFC 8032 section 5.1).
 */
const P = 2n ** 255n - 19n;
const EIGHTH = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** `y` or `P - y` of the eight points of small order. With such a key, a signature can fit any text. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, EIGHTH]);

export function isStrong(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'rsa') return isStrongRsa(key);
  return key.asymmetricKeyType !== 'ed25519' || isStrongEd25519(key);
}

/** RFC 7518 section 3.3. Also refuses exponents that make forging easy, or verification a hundred times slower. */
function isStrongRsa(key: KeyObject): boolean {
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const { least, most } = RSA_EXPONENT;
  const fits = publicExponent >= least && publicExponent <= most && publicExponent % 2n === 1n;
  return fits && bits >= RSA_BITS.least && bits <= RSA_BITS.most && !isRoca(key);
}

/**
 * ROCA (CVE-2017-15361): modulo each of these primes, the moduli that a faulty chip library generates are powers of 65537. They
 * can be factored. One random modulus in 370 million looks the same.
 */
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map((prime) => ({
  prime: BigInt(prime),
  powers: powersModulo(prime),
}));

function powersModulo(prime: number): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1; !powers.has(BigInt(power)); power = (power * 65537) % prime) powers.add(BigInt(power));
  return powers;
}

function isRoca(key: KeyObject): boolean {
  const { n = '' } = key.export({ format: 'jwk' });
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
  return ROCA_PRIMES.every(({ prime, powers }) => powers.has(modulus % prime));
}

/** RFC 8032 section 5.1.3: `y` is little-endian, and the last bit is the sign of `x`. A `y` of P or more is not a point. */
function isStrongEd25519(key: KeyObject): boolean {
  const { x = '' } = key.export({ format: 'jwk' });
  const y = BigInt(`0x${Buffer.from(x, 'base64url').reverse().toString('hex')}`) % 2n ** 255n;
  return y < P && !SMALL_ORDER.has(y) && !SMALL_ORDER.has(P - y);
}
