// What goes into the check of an assertion, and what comes out.
import type { X509Certificate } from 'node:crypto';
import type { CertificatesByVersion, DecryptionKey } from '../trust/saml-issuer.ts';
import type { XmlLoader } from './document.ts';

/** What the configuration says of one identity provider. */
export interface SamlTrust {
  readonly entityId: string;
  /** Any of them may have signed: two while keys are rotated. */
  readonly certificates: readonly X509Certificate[];
  /** Those that may prove an assertion of a version, where a metadata file says it; undefined: all of them, either version. */
  readonly certificatesOf?: CertificatesByVersion | undefined;
  /** The names by which this issuer may address us. */
  readonly audiences: readonly string[];
  /** Formats (SAML 1.1: namespaces) whose attributes are read by name alone; undefined: the usual ones of the version. */
  readonly attributeFormats?: ReadonlySet<string> | undefined;
}

/** How an assertion may be addressed to the calling client as a service provider. */
export interface Addressee {
  readonly entityId: string;
  /** Its assertion consumer service. */
  readonly acs: string;
}

export interface SamlContext {
  readonly loadXml: XmlLoader;
  readonly version: 'saml1' | 'saml2';
  /** By the exact entity id. */
  readonly findIssuer: (entityId: string) => SamlTrust | undefined;
  readonly decryptionKeys: readonly DecryptionKey[];
  /** The URL of our token endpoint. */
  readonly recipient: string;
  readonly addressee: Addressee | undefined;
  /** Seconds since 1970. */
  readonly now: number;
  /** How far the issuer's clock may disagree with ours, in seconds. */
  readonly leeway: number;
}

/** What a verified assertion says. Times are seconds since 1970. */
export interface SamlIdentity {
  readonly issuer: string;
  /** Unique for its issuer: what replay is known by. */
  readonly id: string;
  readonly issuedAt: number;
  readonly nameId: string;
  readonly nameIdFormat: string | undefined;
  /** The values of each attribute by its name, or by `{format}name` (see attributes.ts); an object without prototype. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Names of attributes that stand twice, as `attributes` has them and without their format: nobody can say which one counts. */
  readonly repeatedAttributes: readonly string[];
  /** Every audience that the assertion names. */
  readonly audiences: readonly string[];
  /** Whether it was addressed to this server, or to the calling client as a service provider. */
  readonly addressedTo: 'server' | 'client';
  /** The end of the assertion and of its confirmation. Within the leeway it may lie in the past. */
  readonly notOnOrAfter: number;
  /** The end of the last confirmation that anybody could still present the assertion by: its id stays used until then. */
  readonly usableUntil: number;
  /** When the subject signed in; undefined where the issuer does not say that it did (RFC 7522 section 3, item 7). */
  readonly authnInstant: number | undefined;
  /** AuthnContextClassRef, or AuthenticationMethod in SAML 1.1. */
  readonly authnContext: string | undefined;
  readonly sessionNotOnOrAfter: number | undefined;
  /** OneTimeUse, or DoNotCacheCondition in SAML 1.1. */
  readonly oneTimeUse: boolean;
  /** SAML 2.0 core section 2.5.1.6. */
  readonly proxyRestriction: ProxyRestriction | undefined;
}

export interface ProxyRestriction {
  /** How many further assertions in a row; 0 is none. */
  readonly count: number | undefined;
  readonly audiences: readonly string[];
}
