// What stands inside an encrypted assertion, id or attribute? XML Encryption with RSA-OAEP and AES-GCM, which can
// neither be asked whether its padding is right nor be changed unseen; what is decrypted is believed no more than before.
import { constants, createDecipheriv, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { DecryptionKey } from '../trust/saml-issuer.ts';
import {
  attribute,
  base64Of,
  childrenOf,
  elementsOf,
  is,
  onlyChild,
  optionalChild,
  refuseOtherChildren,
  requiredAttribute,
  sequenceOf,
  shown,
  type XmlElement,
} from './element.ts';
import { DS, ENC, ENC11 } from './names.ts';

interface ContentCipher {
  readonly name: 'aes-128-gcm' | 'aes-256-gcm';
  readonly keyBytes: 16 | 32;
}

const contentCiphers: ReadonlyMap<string, ContentCipher> = new Map([
  [`${ENC11}aes128-gcm`, { name: 'aes-128-gcm', keyBytes: 16 }],
  [`${ENC11}aes256-gcm`, { name: 'aes-256-gcm', keyBytes: 32 }],
]);

/** XML Encryption 1.1 section 5.2.4. A shorter tag can be guessed (CVE-2026-32600). */
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Encrypted {
  readonly cipher: ContentCipher;
  readonly content: Buffer;
  readonly oaepHash: 'sha1' | 'sha256';
  readonly wrappedKey: Buffer;
}

/**
 * The bytes inside an EncryptedAssertion, EncryptedID or EncryptedAttribute. Whatever fails once a key was used fails in the
 * same way and with the same work, so that nothing can be learned from it.
 * @param keys all are tried
 * @returns the bytes, and the key that they were encrypted to
 * @throws TokenRefusal malformed, algorithm, unknown_key
 */
function decrypt(container: XmlElement, keys: readonly DecryptionKey[]): { bytes: Buffer; key: DecryptionKey } {
  if (keys.length === 0) throw new TokenRefusal('unknown_key', 'it is encrypted, and no decryptionKey is configured');
  const encrypted = readEncrypted(container);
  let found: { bytes: Buffer; key: DecryptionKey } | undefined;
  for (const key of keys) {
    const bytes = decryptContent(encrypted, unwrapKey(encrypted, key.key));
    if (bytes !== undefined) found = { bytes, key };
  }
  if (found === undefined) throw new TokenRefusal('malformed', 'it cannot be decrypted');
  return found;
}

/**
 * Decrypts an EncryptedAssertion, whose issuer is known only afterwards.
 * @returns the bytes, and a check that the key is one of this issuer's, which throws TokenRefusal unknown_key
 * @throws TokenRefusal malformed, algorithm, unknown_key
 */
export function decryptAssertion(root: XmlElement, keys: readonly DecryptionKey[]) {
  const { bytes, key } = decrypt(root, keys);
  const requireKeyOf = (issuer: string): void => {
    if (!key.issuers.has(issuer))
      throw new TokenRefusal(
        'unknown_key',
        'it is encrypted to a decryptionKey that the entry of its issuer does not name',
      );
  };
  return { bytes, requireKeyOf };
}

/**
 * Decrypts a part of an assertion that was verified. A signature around it does not say who encrypted it: an issuer could put into its
 * own assertion what another encrypted for us, and have it read. So the key must be the one of this issuer, and of no other.
 * @throws TokenRefusal malformed, algorithm, unknown_key
 */
export function decryptPart(container: XmlElement, issuer: string, keys: readonly DecryptionKey[]): Buffer {
  const ofIssuer = keys.filter(({ issuers }) => issuers.has(issuer));
  const alone = ofIssuer.filter(({ issuers }) => issuers.size === 1);
  if (alone.length < ofIssuer.length)
    throw new TokenRefusal(
      'unknown_key',
      `it holds ${shown(container.name)}, and other entries name the decryptionKey of its issuer, too: an encrypted part needs a key of its own`,
    );
  return decrypt(container, alone).bytes;
}

/** A wrong key comes back as a key of chance, with which the tag fails. */
function unwrapKey({ cipher, oaepHash, wrappedKey }: Encrypted, key: KeyObject): Buffer {
  const chance = randomBytes(cipher.keyBytes);
  try {
    const unwrapped = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrappedKey);
    return unwrapped.length === cipher.keyBytes ? unwrapped : chance;
  } catch {
    return chance;
  }
}

function decryptContent({ cipher, content }: Encrypted, key: Buffer): Buffer | undefined {
  const tagAt = content.length - TAG_BYTES;
  if (tagAt <= IV_BYTES) return undefined;
  const decipher = createDecipheriv(cipher.name, key, content.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(content.subarray(tagAt));
  const plain = decipher.update(content.subarray(IV_BYTES, tagAt));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

/** The encrypted key stands in the KeyInfo of the data, or beside it (SAML 2.0 core section 2.2.4). One key for one reader. */
function readEncrypted(container: XmlElement): Encrypted {
  const data = onlyChild(container, ENC, 'EncryptedData');
  refuseOtherChildren(container, ENC, ['EncryptedData', 'EncryptedKey']);
  refuseOtherParts(data, [DS, 'KeyInfo']);
  const type = attribute(data, 'Type');
  if (type !== undefined && type !== `${ENC}Element`)
    throw malformed(`the encrypted data is no element: ${shown(type)}`);
  const method = onlyChild(data, ENC, 'EncryptionMethod');
  const keyInfo = optionalChild(data, DS, 'KeyInfo');
  const keys = [
    ...childrenOf(container, ENC, 'EncryptedKey'),
    ...(keyInfo ? childrenOf(keyInfo, ENC, 'EncryptedKey') : []),
  ];
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw malformed(`it has ${keys.length} encrypted keys, not one`);
  refuseOtherParts(key, [DS, 'KeyInfo'], [ENC, 'ReferenceList'], [ENC, 'CarriedKeyName']);
  const cipher = contentCiphers.get(requiredAttribute(method, 'Algorithm'));
  if (cipher === undefined || elementsOf(method).length > 0) throw unaccepted('content', method);
  return {
    cipher,
    oaepHash: readOaepHash(onlyChild(key, ENC, 'EncryptionMethod')),
    content: cipherValue(data),
    wrappedKey: cipherValue(key),
  };
}

function refuseOtherParts(
  element: XmlElement,
  ...others: readonly (readonly [namespace: string, name: string])[]
): void {
  const known = [...others, [ENC, 'EncryptionMethod'], [ENC, 'CipherData']] as const;
  const stranger = elementsOf(element).find((child) => !known.some(([namespace, name]) => is(child, namespace, name)));
  if (stranger !== undefined) throw malformed(`${element.name} holds ${shown(stranger.name)}`);
}

/**
 * `rsa-oaep-mgf1p` with SHA-1, which is what it is by default and what identity providers send; `rsa-oaep` of XML Encryption
 * 1.1 with SHA-256 for both digest and mask. (In OAEP the weakness of SHA-1 has no bearing.)
 */
function readOaepHash(method: XmlElement): 'sha1' | 'sha256' {
  const algorithm = requiredAttribute(method, 'Algorithm');
  const digest = optionalChild(method, DS, 'DigestMethod');
  const mask = optionalChild(method, ENC11, 'MGF');
  const known = [digest, mask].filter((one) => one !== undefined);
  if (elementsOf(method).length > known.length || known.some((one) => elementsOf(one).length > 0))
    throw unaccepted('key', method);
  const digestName = digest && attribute(digest, 'Algorithm');
  const maskName = mask && attribute(mask, 'Algorithm');
  if (algorithm === `${ENC}rsa-oaep-mgf1p` && (digestName ?? `${DS}sha1`) === `${DS}sha1` && mask === undefined)
    return 'sha1';
  if (algorithm === `${ENC11}rsa-oaep` && digestName === `${ENC}sha256` && maskName === `${ENC11}mgf1sha256`)
    return 'sha256';
  throw unaccepted('key', method);
}

/** By value only: a CipherReference would be fetched. */
function cipherValue(element: XmlElement): Buffer {
  const [value] = sequenceOf(onlyChild(element, ENC, 'CipherData'), ENC, ['CipherValue']);
  return base64Of(value);
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);

function unaccepted(what: string, method: XmlElement): TokenRefusal {
  const parts = elementsOf(method).map((one) => `${one.name} ${attribute(one, 'Algorithm') ?? ''}`);
  const name = [attribute(method, 'Algorithm') ?? '', ...parts].join(', ');
  return new TokenRefusal('algorithm', `its encryption of the ${what} is not accepted: ${shown(name)}`);
}
