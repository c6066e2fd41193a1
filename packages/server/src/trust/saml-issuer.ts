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

/**
 * The keys that may decrypt assertions, each once, however many entries have it: all are tried, for the issuer is known only
 * after decryption.
 */
export function decryptionKeysOf(entries: readonly SamlIssuerEntry[]): readonly KeyObject[] {
  const keys: KeyObject[] = [];
  for (const { decryptionKey: key } of entries)
    if (key !== undefined && !keys.some((known) => known.equals(key))) keys.push(key);
  return keys;
}
