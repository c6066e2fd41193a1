// Which keys may prove an assertion? Those of the certificates that were configured for its issuer, as long as they live.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isStrong, RSA_BITS } from '../trust/key-strength.ts';

export interface AssertionKey {
  readonly key: KeyObject;
  /** `rsa`, `ec` with a curve of NIST, `ed25519`. */
  readonly type: 'rsa' | 'ec' | 'ed25519';
}

/** Why a certificate is of no use now, in words that follow "the certificate". */
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

/** Reading a certificate costs more than a signature check, and configured ones live as long as the configuration. */
const known = new WeakMap<X509Certificate, Facts>();

/**
 * The key of a certificate, where it is strong enough and the certificate valid at `now` (seconds). Trust comes from the
 * configuration alone (no chain is followed, nothing is asked of the network), so the dates are all that ends it.
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
    return { fault: `has an RSA key of ${modulusLength} bits, and only ${RSA_BITS.least} to ${RSA_BITS.most} will do` };
  if (type !== 'rsa' && type !== 'ed25519' && !(type === 'ec' && CURVES.includes(namedCurve)))
    return { fault: `has a key of a kind that is not accepted (${[type, namedCurve].filter(Boolean).join(' ')})` };
  return isStrong(key) ? { key, type } : { fault: 'has a key so weak that others could sign with it' };
}
