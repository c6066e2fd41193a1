// Does a signature by this key prove anything? Some keys are well-formed and let everybody sign.
import type { KeyObject } from 'node:crypto';

/** RFC 7518 section 3.3 for the least. A longer key than the most only makes checking slow. */
export const RSA_BITS = { least: 2048, most: 4096 };
const RSA_EXPONENT = { least: 3n, most: 2n ** 32n };

/** The prime of the field of Ed25519, and the smaller `y` of its points of order 8 (RFC 7748 section 4.1, RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n;
const EIGHTH = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** `y`, or `P - y`, of the eight points whose multiples by eight are nothing: under one of them a signature fits any text. */
const SMALL: ReadonlySet<bigint> = new Set([0n, 1n, EIGHTH]);

export function isStrong(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'rsa') return isStrongRsa(key);
  return key.asymmetricKeyType !== 'ed25519' || isStrongEd25519(key);
}

/** RFC 7518 section 3.3, and no exponent that makes signatures easy, or us work a hundred times longer on each. */
function isStrongRsa(key: KeyObject): boolean {
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const { least, most } = RSA_EXPONENT;
  const fits = publicExponent >= least && publicExponent <= most && publicExponent % 2n === 1n;
  return fits && bits >= RSA_BITS.least && bits <= RSA_BITS.most && !isRoca(key);
}

/**
 * Modulo each of these the moduli of a chip library's keys, which can be factored, are powers of 65537 (ROCA,
 * CVE-2017-15361). Of moduli made at random one in 370 million is.
 */
const TELLTALES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map((prime) => ({
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
  return TELLTALES.every(({ prime, powers }) => powers.has(modulus % prime));
}

/** RFC 8032 section 5.1.3: `y` little-endian, and in the last bit the sign of `x`; one that is P or more is no point. */
function isStrongEd25519(key: KeyObject): boolean {
  const { x = '' } = key.export({ format: 'jwk' });
  const y = BigInt(`0x${Buffer.from(x, 'base64url').reverse().toString('hex')}`) % 2n ** 255n;
  return y < P && !SMALL.has(y) && !SMALL.has(P - y);
}
