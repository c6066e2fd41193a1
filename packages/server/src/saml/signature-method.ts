// The accepted algorithms of XML Signature. SHA-1, MD5 and DSA are not among them, nor is HMAC, whose key would be the public key
// (xml-crypto GHSA-c27r-x354-4m68).
import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { AssertionKey } from './certificates.ts';
import { DS_MORE, DS_MORE_2007, DS_MORE_2021, ENC } from './names.ts';

export interface SignatureMethod {
  readonly key: AssertionKey['type'];
  /** Null if the algorithm includes its own. */
  readonly digest: string | null;
  readonly options: Omit<VerifyKeyObjectInput, 'key'>;
}

const rsa = (digest: string): SignatureMethod => ({ key: 'rsa', digest, options: {} });
/** RFC 9231 section 2.3.10: the mask uses the same digest, and the salt is as long as the digest. */
const pss = (digest: string): SignatureMethod => ({
  key: 'rsa',
  digest,
  options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});
/** RFC 9231 section 2.3.6: r and s concatenated. */
const ecdsa = (digest: string): SignatureMethod => ({ key: 'ec', digest, options: { dsaEncoding: 'ieee-p1363' } });

export const signatureMethods: ReadonlyMap<string, SignatureMethod> = new Map([
  [`${DS_MORE}rsa-sha256`, rsa('sha256')],
  [`${DS_MORE}rsa-sha384`, rsa('sha384')],
  [`${DS_MORE}rsa-sha512`, rsa('sha512')],
  [`${DS_MORE_2007}sha256-rsa-MGF1`, pss('sha256')],
  [`${DS_MORE_2007}sha384-rsa-MGF1`, pss('sha384')],
  [`${DS_MORE_2007}sha512-rsa-MGF1`, pss('sha512')],
  [`${DS_MORE}ecdsa-sha256`, ecdsa('sha256')],
  [`${DS_MORE}ecdsa-sha384`, ecdsa('sha384')],
  [`${DS_MORE}ecdsa-sha512`, ecdsa('sha512')],
  [`${DS_MORE_2021}eddsa-ed25519`, { key: 'ed25519', digest: null, options: {} }],
]);

export const digestMethods: ReadonlyMap<string, string> = new Map([
  [`${ENC}sha256`, 'sha256'],
  [`${DS_MORE}sha384`, 'sha384'],
  [`${ENC}sha512`, 'sha512'],
]);

export const verifyWith = (method: SignatureMethod, key: KeyObject, bytes: Buffer, signature: Buffer): boolean =>
  verify(method.digest, bytes, { key, ...method.options }, signature);
