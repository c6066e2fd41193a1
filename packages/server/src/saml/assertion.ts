// Verifies a SAML assertion and returns the identity in it. Start reading the folder here.
import { type Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { saml1Assertion } from './assertion1.ts';
import { saml2Assertion } from './assertion2.ts';
import { decodeCarriage, passByteGate } from './byte-gate.ts';
import { refuseDecoys, withoutAdvice } from './decoys.ts';
import { childNodes, type OpenDocument, readDocument, readElement, readHead, type XmlParser } from './document.ts';
import { attribute, excerpt, is, type XmlElement } from './element.ts';
import { decryptAssertion, decryptPart } from './encryption.ts';
import type { SamlContext, SamlIdentity, SamlTrust } from './identity.ts';
import { SAML1, SAML2 } from './names.ts';
import type { AssertionProfile } from './profile.ts';
import { signedBytes } from './signature.ts';

const profiles = { saml1: saml1Assertion, saml2: saml2Assertion } as const satisfies Record<
  SamlContext['version'],
  AssertionProfile
>;

/**
 * Reads an assertion in base64url (RFC 8693 section 3) whose root is `Assertion` or `EncryptedAssertion`. Does not check whether
 * the assertion was used before: the caller does, with `id` and `usableUntil` of the result.
 * @throws TokenRefusal malformed, wrong_type, unknown_issuer, unknown_key, algorithm, signature, expired, not_yet_valid,
 * audience, subject, claims
 */
export async function readAssertion(token: string, context: SamlContext): Promise<SamlIdentity> {
  const bytes = decodeCarriage(token);
  passByteGate(bytes);
  const parser = await context.loadXml();
  const open = parser.open(bytes);
  try {
    if (!is(readHead(open, open.root), SAML2, 'EncryptedAssertion')) return readSigned(parser, open, context);
    return readEncrypted(parser, readElement(open, open.root), context);
  } finally {
    open.close();
  }
}

/** The assertion inside must be signed. A signature around the encryption is not enough. */
function readEncrypted(parser: XmlParser, root: XmlElement, context: SamlContext): SamlIdentity {
  if (context.version !== 'saml2') throw wrongType(root);
  const { bytes, requireKeyOf } = decryptAssertion(root, context.decryptionKeys);
  passByteGate(bytes);
  const open = parser.open(bytes);
  try {
    return readSigned(parser, open, context, requireKeyOf);
  } finally {
    open.close();
  }
}

/** @param check is called with the issuer before the signature is checked */
function readSigned(
  parser: XmlParser,
  open: OpenDocument,
  context: SamlContext,
  check?: (issuer: string) => void,
): SamlIdentity {
  const profile = profiles[context.version];
  const root = readRoot(open);
  const id = readId(root, profile);
  const issuer = profile.issuer(root);
  const trust = context.findIssuer(issuer);
  if (trust === undefined) throw new TokenRefusal('unknown_issuer', excerpt(issuer), undefined, { iss: issuer });
  try {
    check?.(issuer);
    const bytes = signedBytes(open, {
      id,
      place: profile.signaturePlace,
      certificates: trust.certificatesOf?.[context.version] ?? trust.certificates,
      now: context.now,
    });
    return judgeSigned(parser, bytes, { id, trust, context });
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    throw new TokenRefusal(error.fault, error.detail, error.cause as Refusal | undefined, { iss: issuer });
  }
}

/** Reads the attributes and the first child of the root: enough to find the issuer and its certificates. */
function readRoot(open: OpenDocument): XmlElement {
  const [first] = childNodes(open, open.root);
  return { ...readHead(open, open.root), children: first ? [readElement(open, first)] : [] };
}

/** @returns the id of a root that is an assertion of the declared version. @throws TokenRefusal wrong_type, malformed */
function readId(root: XmlElement, { namespace, attributes, hasVersion }: AssertionProfile): string {
  if (!is(root, namespace, 'Assertion') || !hasVersion(root)) throw wrongType(root);
  const unknown = root.attributes.find((one) => one.namespace !== '' || !attributes.includes(one.name));
  if (unknown !== undefined)
    throw new TokenRefusal('malformed', `Assertion has an unknown attribute ${excerpt(unknown.name)}`);
  const id = attribute(root, attributes[0]);
  if (id !== undefined && id.length <= 256 && ID.test(id)) return id;
  throw new TokenRefusal('malformed', `${attributes[0]} of the assertion is missing or not a name in XML`);
}

/** An NCName (Namespaces in XML section 3), with the character classes of XML Schema. */
const ID = /^[\p{L}_][\p{L}\p{N}\p{M}._-]*$/u;

/** Decrypting a part costs one RSA operation for each key. */
const MAX_ENCRYPTED_PARTS = 4;

/** Reads the identity from the digested bytes alone. Even the id and the issuer are read again and compared. */
function judgeSigned(
  parser: XmlParser,
  bytes: Buffer,
  { id, trust, context }: { id: string; trust: SamlTrust; context: SamlContext },
): SamlIdentity {
  const profile = profiles[context.version];
  const whole = readDocument(parser, bytes);
  if (readId(whole, profile) !== id || profile.issuer(whole) !== trust.entityId)
    throw new TokenRefusal('signature', 'the signed bytes have another id or issuer than the document');
  const assertion = withoutAdvice(whole, id);
  refuseDecoys(assertion, id, profile.attributes[0]);
  let parts = 0;
  return profile.judge(assertion, trust, { ...context, leeway: trust.leeway }, (container) => {
    if (++parts > MAX_ENCRYPTED_PARTS)
      throw new TokenRefusal('malformed', `it has more than ${MAX_ENCRYPTED_PARTS} encrypted parts`);
    const part = decryptPart(container, trust.entityId, context.decryptionKeys);
    passByteGate(part);
    const element = readDocument(parser, part);
    refuseDecoys(element, id);
    return element;
  });
}

function wrongType(root: XmlElement): TokenRefusal {
  const version = ['Version', 'MajorVersion', 'MinorVersion']
    .map((name) => attribute(root, name) ?? '')
    .join(' ')
    .trim();
  const kind =
    root.namespace === SAML1 ? 'SAML 1.x ' : root.namespace === SAML2 ? 'SAML 2.0 ' : `${excerpt(root.namespace)} `;
  const hint = root.name === 'Response' ? ': send the Assertion in it, not the Response' : '';
  return new TokenRefusal(
    'wrong_type',
    `its root is ${kind}${excerpt(root.name)} ${excerpt(version)}`.trimEnd() + hint,
  );
}
