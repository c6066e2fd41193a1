// Decrypts assertions, ids and attributes. Accepts only RSA-OAEP and AES-GCM: they allow no padding oracle, and changes are
// detected. Decrypted content is not trusted: it is checked like any other.
import { constants, createDecipheriv, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { DecryptionKey } from '../trust/saml-issuer.ts';
import {
  attribute,
  base64Of,
  childrenOf,
  elementsOf,
  excerpt,
  is,
  onlyChild,
  optionalChild,
  refuseOtherChildren,
  requiredAttribute,
  sequenceOf,
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

/** XML Encryption 1.1 section 5.2.4. A shorter tag could be guessed (CVE-2026-32600). */
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Encrypted {
  readonly cipher: ContentCipher;
  readonly content: Buffer;
  readonly oaepHash: 'sha1' | 'sha256';
  readonly wrappedKey: Buffer;
}

/**
 * Decrypts an EncryptedAssertion, EncryptedID or EncryptedAttribute. Every failure after a key was used has the same error and
 * costs the same work, so that it reveals nothing.
 * @param keys all are tried
 * @returns the bytes, and the key that decrypted them
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
 * Decrypts an EncryptedAssertion. Its issuer is only known afterwards.
 * @returns the bytes, and a function that throws TokenRefusal unknown_key if the key does not belong to an issuer
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
 * Decrypts a part of a verified assertion. The signature does not prove who encrypted the part: an issuer could copy a part that
 * another issuer encrypted for us, and have it decrypted. So the key must belong to this issuer alone.
 * @throws TokenRefusal malformed, algorithm, unknown_key
 */
export function decryptPart(container: XmlElement, issuer: string, keys: readonly DecryptionKey[]): Buffer {
  const ofIssuer = keys.filter(({ issuers }) => issuers.has(issuer));
  const alone = ofIssuer.filter(({ issuers }) => issuers.size === 1);
  if (alone.length < ofIssuer.length)
    throw new TokenRefusal(
      'unknown_key',
      `it holds ${excerpt(container.name)}, and other entries name the decryptionKey of its issuer, too: an encrypted part needs a key of its own`,
    );
  return decrypt(container, alone).bytes;
}

/** On failure returns a random key, so that the tag fails later, as with any wrong key. */
function unwrapKey({ cipher, oaepHash, wrappedKey }: Encrypted, key: KeyObject): Buffer {
  const random = randomBytes(cipher.keyBytes);
  try {
    const unwrapped = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrappedKey);
    return unwrapped.length === cipher.keyBytes ? unwrapped : random;
  } catch {
    return random;
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

/** The encrypted key is in KeyInfo of the data, or beside the data (SAML 2.0 core section 2.2.4). There must be one. */
function readEncrypted(container: XmlElement): Encrypted {
  const data = onlyChild(container, ENC, 'EncryptedData');
  refuseOtherChildren(container, ENC, ['EncryptedData', 'EncryptedKey']);
  refuseOtherParts(data, [DS, 'KeyInfo']);
  const type = attribute(data, 'Type');
  if (type !== undefined && type !== `${ENC}Element`)
    throw malformed(`Type of EncryptedData is not Element: ${excerpt(type)}`);
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
  const unknown = elementsOf(element).find((child) => !known.some(([namespace, name]) => is(child, namespace, name)));
  if (unknown !== undefined) throw malformed(`${element.name} holds ${excerpt(unknown.name)}`);
}

/**
 * Accepts `rsa-oaep-mgf1p` with SHA-1, its default, which identity providers send; and `rsa-oaep` of XML Encryption 1.1 with
 * SHA-256 for digest and mask. The weakness of SHA-1 does not matter in OAEP.
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

/** Accepts CipherValue only: a CipherReference would have to be fetched. */
function cipherValue(element: XmlElement): Buffer {
  const [value] = sequenceOf(onlyChild(element, ENC, 'CipherData'), ENC, ['CipherValue']);
  return base64Of(value);
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);

function unaccepted(what: string, method: XmlElement): TokenRefusal {
  const parts = elementsOf(method).map((one) => `${one.name} ${attribute(one, 'Algorithm') ?? ''}`);
  const name = [attribute(method, 'Algorithm') ?? '', ...parts].join(', ');
  return new TokenRefusal('algorithm', `its encryption of the ${what} is not accepted: ${excerpt(name)}`);
}
