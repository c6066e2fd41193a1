// Makes self-signed certificates for tests, with any key and any dates: minimal DER (RFC 5280 section 4.1).
import { createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length.toString(16);
  const long = Buffer.from(size.length % 2 === 0 ? size : `0${size}`, 'hex');
  const length = content.length < 128 ? long : Buffer.concat([Buffer.from([0x80 | long.length]), long]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
};
const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts);
const hex = (text: string) => Buffer.from(text, 'hex');

const ALGORITHMS: Readonly<Record<string, readonly [identifier: Buffer, digest: string | null]>> = {
  rsa: [sequence(hex('06092a864886f70d01010b'), hex('0500')), 'sha256'],
  ec: [sequence(hex('06082a8648ce3d040302')), 'sha256'],
  ed25519: [sequence(hex('06032b6570')), null],
};

/**
 * @param dates seconds since 1970
 * @param publicKey a key other than the signing key
 */
export function selfSigned(
  privateKey: KeyObject,
  dates: { from: number; to: number },
  publicKey = createPublicKey(privateKey),
): X509Certificate {
  const [identifier, digest] = ALGORITHMS[privateKey.asymmetricKeyType ?? ''] ?? [];
  if (identifier === undefined || digest === undefined) throw new Error('no such key type');
  const time = (seconds: number) =>
    tlv(0x18, Buffer.from(`${new Date(seconds * 1000).toISOString().replace(/[-:T]|\..*/g, '')}Z`));
  const name = sequence(tlv(0x31, sequence(hex('0603550403'), tlv(0x0c, Buffer.from('test idp')))));
  const body = sequence(
    hex('a003020102'),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    identifier,
    name,
    sequence(time(dates.from), time(dates.to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign(digest, body, privateKey));
  return new X509Certificate(sequence(body, identifier, signature));
}
