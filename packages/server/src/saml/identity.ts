// The input and the result of verifying an assertion.
import type { X509Certificate } from 'node:crypto';
import type { Unreadable } from '../expression/elsewhere.ts';
import type { CertificatesByVersion, DecryptionKey } from '../trust/saml-issuer.ts';
import type { XmlLoader } from './document.ts';
import type { SubjectName } from './subject-name.ts';

/** One identity provider of the configuration. */
export interface SamlTrust {
  readonly entityId: string;
  /** Two while keys are rotated. */
  readonly certificates: readonly X509Certificate[];
  /** Certificates by version of SAML, if a metadata file lists them; undefined: all certificates, for either version. */
  readonly certificatesOf?: CertificatesByVersion | undefined;
  /** Tolerated difference between its clock and ours, in seconds. */
  readonly leeway: number;
  /** The audiences that name this server. */
  readonly audiences: readonly string[];
  /** Formats (SAML 1.1: namespaces) that are left out of an attribute's key; undefined: the usual ones of the version. */
  readonly attributeFormats?: ReadonlySet<string> | undefined;
}

/** The calling client as a service provider. */
export interface Addressee {
  readonly entityId: string;
  /** The URL of its assertion consumer service. */
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
}

/** The context of the checks after the issuer is known. */
export type TimedSamlContext = SamlContext & { readonly leeway: number };

/** The content of a verified assertion. Times are seconds since 1970. */
export interface SamlIdentity {
  readonly issuer: string;
  /** Unique for its issuer: identifies a replay. */
  readonly id: string;
  readonly issuedAt: number;
  readonly name: SubjectName;
  /** The values of each attribute by its name, or by `{format}name` (see attributes.ts); an object without prototype. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Names of attributes that several elements state, with and without their format. Their values are in one list. */
  readonly repeatedAttributes: readonly string[];
  /** Attributes whose value cannot be read, by the same names, with the reason; an object without prototype. */
  readonly unreadableAttributes: Readonly<Record<string, Unreadable>>;
  /** All audiences in the assertion. */
  readonly audiences: readonly string[];
  /** Is the assertion for this server, or for the calling client as a service provider? */
  readonly addressedTo: 'server' | 'client';
  /** The earlier end of the assertion and its confirmation. It may be in the past by up to the leeway. */
  readonly notOnOrAfter: number;
  /** The latest time at which someone could still present the assertion: its id stays used until then. */
  readonly usableUntil: number;
  /** When the subject signed in, by the earliest statement; undefined if the assertion does not say (RFC 7522 section 3, item 7). */
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
  /** The number of further assertions that may be issued in a row, based on this one. */
  readonly count: number | undefined;
  readonly audiences: readonly string[];
}
