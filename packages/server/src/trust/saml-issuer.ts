// A trusted SAML identity provider, from the configuration.
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { ClaimMappings, Mapping } from './issuer.ts';

export type CertificatesByVersion = Readonly<Record<'saml1' | 'saml2', readonly X509Certificate[]>>;

/** Where the mapped name of a person has no beginning of its own, the name at the issuer has this one. */
export const MAPPED_START = 'subject:';

export interface SamlIssuerEntry {
  /** The exact Issuer of its assertions. */
  readonly entityId: string;
  /** The prefix of its subjects in our tokens. */
  readonly name: string;
  /** `saml1`, `saml2`. */
  readonly accepts: ReadonlySet<string>;
  /** The names that it may use for us. */
  readonly audiences: readonly string[];
  /** Each of them may have signed. */
  readonly certificates: readonly X509Certificate[];
  /** The certificates for each version, if a metadata file says so; undefined: all certificates, for both versions. */
  readonly certificatesOf?: CertificatesByVersion | undefined;
  /**
   * The end of the metadata that lists the certificates, in seconds since 1970; undefined if it has no end, or the file lists
   * them.
   */
  readonly validUntil: number | undefined;
  readonly decryptionKey: KeyObject | undefined;
  /** Formats whose attributes are read by name only; undefined: the usual formats. */
  readonly attributeFormats?: ReadonlySet<string> | undefined;
  /** Tolerated difference between its clock and ours, in seconds. */
  readonly leeway: number;
  readonly maxAge: number | undefined;
  readonly reuse: 'never' | 'always';
  /** The subject's name in our tokens, instead of `name:nameId`. */
  readonly subject: Mapping | undefined;
  readonly claims: ClaimMappings;
  /** The facts that the mappings read, such as `attributes.mail`. */
  readonly reads: readonly string[];
  /** Those of which a mapping takes one item by its position. */
  readonly picks: readonly string[];
  /** `attributes`: the name of a subject can come of attributes, so that an assertion may lack a lasting NameID. */
  readonly namedBy: 'nameId' | 'attributes';
  /** The beginning of the names at the issuer that come of attributes. No NameID may have it. */
  readonly mappedStart: string;
}

/** A key that decrypts assertions of the issuers whose entries name it, and of no others. */
export interface DecryptionKey {
  readonly key: KeyObject;
  /** Their entity ids. */
  readonly issuers: ReadonlySet<string>;
}

/** Lists each key once. All are tried for an encrypted assertion, since its issuer is inside. */
export function decryptionKeysOf(entries: readonly SamlIssuerEntry[]): readonly DecryptionKey[] {
  const keys: { key: KeyObject; issuers: Set<string> }[] = [];
  for (const { entityId, decryptionKey: key } of entries) {
    if (key === undefined) continue;
    const known = keys.find((one) => one.key.equals(key));
    if (known === undefined) keys.push({ key, issuers: new Set([entityId]) });
    else known.issuers.add(entityId);
  }
  return keys;
}
