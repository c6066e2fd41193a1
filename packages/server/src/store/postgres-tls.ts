// Reads the certificates of connections to PostgreSQL, anew for every connection, so that renewed ones are used.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { describeFailure } from '../primitives/failure.ts';
import type { PostgresTls } from './postgres-url.ts';

export interface TlsContents {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

/** @returns why connections cannot use the contents; undefined if they can */
export function tlsProblem({ ca, cert, key }: TlsContents): string | undefined {
  // OpenSSL ignores a text without certificates.
  if (ca !== undefined && !isCertificate(ca)) return 'the file of sslrootcert holds no certificate in PEM';
  if (cert !== undefined && !isCertificate(cert)) return 'the file of sslcert holds no certificate in PEM';
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    return describeFailure(error);
  }
  if (cert !== undefined && Date.parse(new X509Certificate(cert).validTo) < Date.now())
    return 'the certificate in the file of sslcert has expired';
  return undefined;
}

function isCertificate(pem: Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** @returns a function that reads the files. If their new contents are unusable, it returns the last that were usable */
export function createTlsReader({ authority, cert, key }: PostgresTls): () => TlsContents {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
  let usable: TlsContents | undefined;
  return () => {
    try {
      const contents = { ca: read(authority), cert: read(cert), key: read(key) };
      if (usable !== undefined && tlsProblem(contents) !== undefined) return usable;
      usable = contents;
      return contents;
    } catch (error) {
      if (usable === undefined) throw error;
      return usable;
    }
  };
}
