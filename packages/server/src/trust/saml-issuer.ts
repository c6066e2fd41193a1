// A SAML identity provider as the configuration names it.
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { ClaimMappings, Mapping } from './issuer.ts';

export type CertificatesByVersion = Readonly<Record<'saml1' | 'saml2', readonly X509Certificate[]>>;

export interface SamlIssuerEntry {
  /** The exact Issuer of its assertions. */
  readonly entityId: string;
  /** Stands before its subjects in our tokens. */
  readonly name: string;
  /** `saml1`, `saml2`. */
  readonly accepts: ReadonlySet<string>;
  /** The names by which it may address us. */
  readonly audiences: readonly string[];
  /** Any of them may have signed. */
  readonly certificates: readonly X509Certificate[];
  /** Those that may prove an assertion of a version, where a metadata file says it; undefined: all of them, either version. */
  readonly certificatesOf?: CertificatesByVersion | undefined;
  /** When the metadata that names them ends, in seconds since 1970; undefined where it has no end, and where the file names them. */
  readonly validUntil: number | undefined;
  readonly decryptionKey: KeyObject | undefined;
  /** Formats whose attributes are read by name alone; undefined: the usual ones. */
  readonly attributeFormats?: ReadonlySet<string> | undefined;
  readonly maxAge: number | undefined;
  readonly use: 'single' | 'repeated';
  /** The subject's name in our tokens, instead of `name:nameId`. */
  readonly subject: Mapping | undefined;
  readonly claims: ClaimMappings;
  /** What the mappings read, such as `attributes.mail`. */
  readonly reads: readonly string[];
}

/** A key that decrypts assertions of the issuers whose entries name it, and of no others. */
export interface DecryptionKey {
  readonly key: KeyObject;
  /** Their entity ids. */
  readonly issuers: ReadonlySet<string>;
}

/** Each key once, however many entries name it: for an encrypted assertion all are tried, since its issuer stands inside. */
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
