// Verifies the signature of an assertion and returns the digested bytes, which are then parsed again. Accepts only the profile of
// XML Signature in SAML 2.0 core section 5.4 and SAML 1.1 core section 5.4.
import { hash, type X509Certificate } from 'node:crypto';
import { TokenRefusal } from '../primitives/refusal.ts';
import { signingKey } from './certificates.ts';
import { refuseDecoys } from './decoys.ts';
import {
  canonicalize,
  canonicalizeAlone,
  childNodes,
  type Node,
  type OpenDocument,
  readElement,
  readHead,
  removeNode,
} from './document.ts';
import {
  attribute,
  base64Of,
  elementsOf,
  everyElement,
  excerpt,
  is,
  requiredAttribute,
  sequenceOf,
  type XmlElement,
} from './element.ts';
import { DS, EXCLUSIVE } from './names.ts';
import { digestMethods, type SignatureMethod, signatureMethods, verifyWith } from './signature-method.ts';

export interface Expected {
  /** The id of the root. The reference must name it. */
  readonly id: string;
  /** The position of the signature among the children of the root: after the issuer in SAML 2.0, at the end in 1.1. */
  readonly place: 'second' | 'last';
  readonly certificates: readonly X509Certificate[];
  /** Seconds since 1970. */
  readonly now: number;
}

interface SignedInfo {
  /** InclusiveNamespaces PrefixList for SignedInfo itself. */
  readonly prefixes: readonly string[];
  readonly method: SignatureMethod;
  readonly reference: Reference;
}

interface Reference {
  readonly digest: string;
  readonly digestValue: Buffer;
  readonly prefixes: readonly string[];
}

/**
 * Verifies the signature and removes it from the document.
 * @returns the root without the signature, in canonical form
 * @throws TokenRefusal malformed, algorithm, unknown_key, signature
 */
export function signedBytes(open: OpenDocument, expected: Expected): Buffer {
  const node = findSignature(open, expected.place);
  const signature = readElement(open, node);
  refuseDecoys(signature, expected.id);
  const { signedInfo, value, keyInfo } = readSignature(signature, expected.id);
  const [infoNode = 0] = childNodes(open, node);
  const bytesOfInfo = canonicalizeAlone(open, signedInfo.prefixes, infoNode);
  verifySignature(bytesOfInfo, value, signedInfo.method, keyInfo, expected);
  removeNode(open, node);
  const { digest, digestValue, prefixes } = signedInfo.reference;
  const bytes = canonicalize(open, prefixes);
  if (!hash(digest, bytes, 'buffer').equals(digestValue))
    throw new TokenRefusal('signature', 'the digest differs: the assertion was altered after it was signed');
  return bytes;
}

/** The signature must be a direct child of the root, so that it can only sign the root (CVE-2024-45409). */
function findSignature(open: OpenDocument, place: Expected['place']): Node {
  const children = childNodes(open, open.root);
  const found = children.filter((node) => is(readHead(open, node), DS, 'Signature'));
  const [signature] = found;
  if (signature === undefined)
    throw new TokenRefusal('signature', 'it is not signed: the assertion itself has no Signature');
  if (found.length > 1) throw malformed('it has more than one Signature');
  if (children.at(place === 'second' ? 1 : -1) !== signature)
    throw malformed(`its Signature is not ${place === 'second' ? 'right after the Issuer' : 'the last element'}`);
  return signature;
}

/**
 * Refuses an `Object`, whose content would never be read. SignedInfo is read from the same tree that is canonicalized. After the
 * byte gate, a tree holds nothing that canonicalization drops.
 */
function readSignature(signature: XmlElement, id: string) {
  const [signedInfo, value] =
    elementsOf(signature).length > 2
      ? sequenceOf(signature, DS, ['SignedInfo', 'SignatureValue', 'KeyInfo'])
      : sequenceOf(signature, DS, ['SignedInfo', 'SignatureValue']);
  return { signedInfo: readSignedInfo(signedInfo, id), value: base64Of(value), keyInfo: signature.children[2] };
}

/** SAML 2.0 core section 5.4.3. @returns the InclusiveNamespaces PrefixList (Exclusive XML Canonicalization section 3) */
function exclusivePrefixes(method: XmlElement): readonly string[] {
  const algorithm = requiredAttribute(method, 'Algorithm');
  // Both forms give the same result: the byte gate refuses comments.
  if (algorithm !== EXCLUSIVE && algorithm !== `${EXCLUSIVE}WithComments`)
    throw unknownAlgorithm('canonicalization', algorithm);
  if (elementsOf(method).length === 0) return [];
  const [inclusive] = sequenceOf(method, EXCLUSIVE, ['InclusiveNamespaces']);
  const prefixes = requiredAttribute(inclusive, 'PrefixList')
    .split(/[ \t\r\n]+/)
    .filter(Boolean);
  if (prefixes.length > MAX_PREFIXES || !prefixes.every((prefix) => PREFIX.test(prefix)))
    throw malformed('the PrefixList of InclusiveNamespaces is malformed');
  return prefixes;
}

/** Canonicalization looks up each prefix for each element. Real lists have one to five. */
const MAX_PREFIXES = 10;
const PREFIX = /^(?:#default|[\p{L}_][\p{L}\p{N}\p{M}._-]*)$/u;

/** SAML 2.0 core section 5.4.2: exactly one reference, by id, to the parent of the signature. */
function readSignedInfo(signedInfo: XmlElement, id: string): SignedInfo {
  const [canonicalization, method, reference] = sequenceOf(signedInfo, DS, [
    'CanonicalizationMethod',
    'SignatureMethod',
    'Reference',
  ]);
  const uri = attribute(reference, 'URI');
  if (uri !== `#${id}`) throw malformed(`its Signature refers to ${excerpt(uri ?? 'nothing')}, not to the assertion`);
  return {
    prefixes: exclusivePrefixes(canonicalization),
    method: readAlgorithm(method, signatureMethods),
    reference: readReference(reference),
  };
}

function readReference(reference: XmlElement): Reference {
  const [transforms, method, value] = sequenceOf(reference, DS, ['Transforms', 'DigestMethod', 'DigestValue']);
  const [enveloped, exclusive] = sequenceOf(transforms, DS, ['Transform', 'Transform']);
  const first = requiredAttribute(enveloped, 'Algorithm');
  if (first !== `${DS}enveloped-signature`) throw unknownAlgorithm('first transform', first);
  if (elementsOf(enveloped).length > 0) throw malformed('its enveloped-signature transform has parameters');
  return {
    digest: readAlgorithm(method, digestMethods),
    digestValue: base64Of(value),
    prefixes: exclusivePrefixes(exclusive),
  };
}

/** Parameters are refused: HMACOutputLength allowed a signature of one bit (CVE-2009-0217). */
function readAlgorithm<Method>(element: XmlElement, methods: ReadonlyMap<string, Method>): Method {
  const name = requiredAttribute(element, 'Algorithm');
  const method = methods.get(name);
  if (method === undefined) throw unknownAlgorithm(element.name, name);
  if (elementsOf(element).length > 0) throw new TokenRefusal('algorithm', `${element.name} has parameters`);
  return method;
}

/** Verifies with the configured keys. KeyInfo is only used to explain a failure. */
function verifySignature(
  bytes: Buffer,
  signature: Buffer,
  method: SignatureMethod,
  keyInfo: XmlElement | undefined,
  { certificates, now }: Expected,
): void {
  const obstacles: string[] = [];
  let tried = false;
  for (const certificate of certificates) {
    const key = signingKey(certificate, now);
    if ('fault' in key) obstacles.push(`${nameOf(certificate)} ${key.fault}`);
    else if (key.type !== method.key)
      obstacles.push(`${nameOf(certificate)} has a key for ${key.type}, the signature is ${method.key}`);
    else if (verifyWith(method, key.key, bytes, signature)) return;
    else tried = true;
  }
  const embedded = keyInfo && embeddedFingerprint(keyInfo);
  if (embedded !== undefined && !certificates.some(({ fingerprint256 }) => fingerprint256 === embedded))
    obstacles.push(`it names the certificate ${embedded}, which is not configured`);
  const detail = obstacles.join('; ');
  if (!tried) throw new TokenRefusal('unknown_key', detail || 'its issuer has no certificate');
  throw new TokenRefusal('signature', detail || 'it was altered after it was signed, or signed with another key');
}

const nameOf = ({ fingerprint256 }: X509Certificate) => `the certificate ${fingerprint256.slice(0, 23)}…`;

function embeddedFingerprint(keyInfo: XmlElement): string | undefined {
  const certificate = everyElement(keyInfo).find((element) => is(element, DS, 'X509Certificate'));
  if (certificate === undefined || certificate.children.length > 0) return undefined;
  const der = Buffer.from(certificate.text, 'base64');
  return hash('sha256', der, 'hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:');
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);
const unknownAlgorithm = (what: string, name: string) =>
  new TokenRefusal('algorithm', `its ${what} ${excerpt(name)} is not accepted`);
