// Reads the metadata file of an identity provider (SAML 2.0 metadata). The file is trusted like the configuration: a signature in
// it is not checked.
import { X509Certificate } from 'node:crypto';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { CertificatesByVersion } from '../trust/saml-issuer.ts';
import { decodeXml } from './byte-gate.ts';
import { createXmlLoader, readDocument } from './document.ts';
import { attribute, base64Of, everyElement, is, requiredAttribute, type XmlElement } from './element.ts';
import { DS, METADATA } from './names.ts';
import { optionalInstant } from './validity.ts';

export interface IdentityProviderMetadata {
  readonly entityId: string;
  /** Certificates for signing, each once. They may have expired. */
  readonly certificates: readonly X509Certificate[];
  /** The same, by the version of SAML that their role supports. */
  readonly certificatesOf: CertificatesByVersion;
  /** Seconds since 1970; undefined if the file does not expire. */
  readonly validUntil: number | undefined;
}

/**
 * @param xml a file with one EntityDescriptor
 * @param now seconds since 1970
 * @throws Error with a sentence for people
 */
export async function readMetadata(xml: Uint8Array, now: number): Promise<IdentityProviderMetadata> {
  const parser = await createXmlLoader()();
  try {
    const bytes = withoutByteOrderMark(xml);
    // Comments are common in metadata. Other markup that begins with `<!` is a DOCTYPE or a CDATA section.
    if (/<!(?!--)/.test(decodeXml(bytes))) throw new Error('the metadata file has a DOCTYPE or a CDATA section');
    return readEntity(readDocument(parser, bytes), now);
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    throw new Error(`the metadata file cannot be used: ${error.detail}`, { cause: error });
  }
}

const withoutByteOrderMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

function readEntity(root: XmlElement, now: number): IdentityProviderMetadata {
  if (is(root, METADATA, 'EntitiesDescriptor'))
    throw new Error('the metadata file describes a federation: keep the one EntityDescriptor that is trusted');
  if (!is(root, METADATA, 'EntityDescriptor')) throw new Error('the metadata file has no EntityDescriptor as its root');
  const roles = root.children.filter((child) => is(child, METADATA, 'IDPSSODescriptor'));
  if (roles.length === 0) throw new Error('the metadata file describes no identity provider (IDPSSODescriptor)');
  const ends = [root, ...roles].map((one) => optionalInstant(one, 'validUntil')).filter((end) => end !== undefined);
  const validUntil = ends.length === 0 ? undefined : Math.min(...ends);
  if (validUntil !== undefined && validUntil <= now)
    throw new Error(`the metadata file was valid until ${new Date(validUntil * 1000).toISOString()}`);
  const certificatesFor = (version: keyof typeof PROTOCOLS): X509Certificate[] =>
    distinct(roles.filter((role) => supports(role, PROTOCOLS[version])).flatMap(signingCertificates));
  const certificatesOf = { saml1: certificatesFor('saml1'), saml2: certificatesFor('saml2') };
  const certificates = distinct([...certificatesOf.saml2, ...certificatesOf.saml1]);
  if (certificates.length === 0) throw new Error('the metadata file has no certificate for signing');
  return { entityId: requiredAttribute(root, 'entityID'), certificates, certificatesOf, validUntil };
}

/** SAML 2.0 metadata section 2.4.1, and section 2 of its profile for SAML 1.x. */
const PROTOCOLS = {
  saml1: 'urn:oasis:names:tc:SAML:1.1:protocol',
  saml2: 'urn:oasis:names:tc:SAML:2.0:protocol',
} as const;

/** Keys of roles for other protocols, such as WS-Federation, are not trusted for SAML. */
const supports = (role: XmlElement, protocol: string): boolean =>
  requiredAttribute(role, 'protocolSupportEnumeration')
    .split(/[\t\n\r ]+/)
    .includes(protocol);

/**
 * A KeyDescriptor without `use` is for signing, too (SAML 2.0 metadata section 2.4.1.1). It must hold one certificate: in a chain,
 * the second is that of an authority, whose key must not be trusted for assertions.
 */
function signingCertificates(role: XmlElement): X509Certificate[] {
  return role.children
    .filter((child) => is(child, METADATA, 'KeyDescriptor') && (attribute(child, 'use') ?? 'signing') === 'signing')
    .flatMap((descriptor) => {
      const found = everyElement(descriptor).filter((element) => is(element, DS, 'X509Certificate'));
      if (found.length > 1)
        throw new Error('a KeyDescriptor of the metadata file holds several certificates: keep the one that signs');
      return found;
    })
    .map((element) => {
      try {
        return new X509Certificate(base64Of(element));
      } catch (cause) {
        throw new Error('the metadata file has a certificate that cannot be read', { cause });
      }
    });
}

const distinct = (certificates: readonly X509Certificate[]): X509Certificate[] => [
  ...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values(),
];
