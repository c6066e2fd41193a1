// Reads the keys of the certificates that are configured for an issuer.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isStrong, RSA_BITS } from '../trust/key-strength.ts';

export interface AssertionKey {
  readonly key: KeyObject;
  /** `ec` is limited to curves of NIST. */
  readonly type: 'rsa' | 'ec' | 'ed25519';
}

/** Why a certificate cannot be used, in words that follow "the certificate". */
export interface UnusableKey {
  readonly fault: string;
}

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

interface Facts {
  readonly key: AssertionKey | UnusableKey;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** Facts are kept as long as the certificate object: reading them costs more than a signature check. */
const known = new WeakMap<X509Certificate, Facts>();

/**
 * Returns the key of a certificate if it is strong enough and the certificate is valid at `now` (seconds). Trust comes from the
 * configuration: no chain and no revocation list is checked.
 */
export function signingKey(certificate: X509Certificate, now: number): AssertionKey | UnusableKey {
  const facts = known.get(certificate) ?? readCertificate(certificate);
  known.set(certificate, facts);
  if (now > facts.to) return { fault: `expired on ${certificate.validTo}` };
  if (now < facts.from) return { fault: `is not valid before ${certificate.validFrom}` };
  return facts.key;
}

const readCertificate = (certificate: X509Certificate): Facts => ({
  key: readKey(certificate.publicKey),
  from: certificate.validFromDate.getTime() / 1000,
  to: certificate.validToDate.getTime() / 1000,
});

function readKey(key: KeyObject): AssertionKey | UnusableKey {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } = key;
  if (type === 'rsa' && (modulusLength < RSA_BITS.least || modulusLength > RSA_BITS.most))
    return {
      fault: `has an RSA key of ${modulusLength} bits; ${RSA_BITS.least} to ${RSA_BITS.most} bits are accepted`,
    };
  if (type !== 'rsa' && type !== 'ed25519' && !(type === 'ec' && CURVES.includes(namedCurve)))
    return { fault: `has a key of a kind that is not accepted (${[type, namedCurve].filter(Boolean).join(' ')})` };
  return isStrong(key) ? { key, type } : { fault: 'has a weak key: others could sign with it' };
}
