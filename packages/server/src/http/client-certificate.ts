// Reads the certificate of the caller: that of its TLS connection, or behind a trusted proxy the one in the proxy's header, never
// the proxy's own. The header is ignored if anyone else sends it (RFC 9440 section 4).
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PresentedCertificate } from '../client-auth/method.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createProxies } from './proxies.ts';
import type { Request } from './request.ts';

export interface CertificateSource {
  /** PEM. A certificate of one of these authorities is trusted for the name in it. */
  readonly authorities: readonly string[];
  /** The header in which the proxies of `trustProxy` send the certificate of their caller, in lower case. */
  readonly header: { readonly name: string; readonly format: CertificateFormat } | undefined;
}

/** How proxies write a certificate into a header; undefined if the text is not in this format. */
const formats = {
  /** `:BASE64 OF DER:` (RFC 9440 section 2.1). */
  rfc9440: (text) => decodeBase64(/^:(.*):$/.exec(text)?.[1]),
  /** Base64 of DER: HAProxy, Traefik. */
  der: (text) => decodeBase64(text),
  /** URL-encoded PEM: nginx ($ssl_client_escaped_cert), AWS. */
  pem: (text) => decodePem(text),
  /** `Hash=...;Cert="URL-ENCODED PEM"` of one hop: Envoy (x-forwarded-client-cert). */
  xfcc: (text) => {
    const [found, ...others] = XFCC.test(text) ? text.matchAll(XFCC_CERTIFICATE) : [];
    return others.length === 0 ? decodePem(found?.[1]) : undefined;
  },
} as const satisfies Record<string, (text: string) => Buffer | undefined>;

const XFCC = /^(?:(?:^|;)[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^",;=]*))+$/;

const XFCC_CERTIFICATE = /(?:^|;)Cert="([^"]*)"/gi;

export type CertificateFormat = keyof typeof formats;
export const certificateFormats = Object.keys(formats) as [CertificateFormat, ...CertificateFormat[]];

/** @returns undefined if another decoder could read other bytes from the text */
function decodeBase64(text: string | undefined): Buffer | undefined {
  const bytes = Buffer.from(text ?? '', 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Exactly one certificate: with two, the caller would be ambiguous. */
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

function decodePem(text: string | undefined): Buffer | undefined {
  try {
    return decodeBase64(PEM.exec(decodeURIComponent(text ?? ''))?.[1]?.replace(/\s/g, ''));
  } catch {
    return undefined;
  }
}

export type CertificateReader = (request: Pick<Request, 'socket' | 'headers'>) => PresentedCertificate | undefined;

/** RFC 5280 section 4.2.1.12. */
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

/** @param trustProxy addresses and networks of proxies @returns a reader, which throws Refusal client_certificate_malformed */
export function createCertificateReader(
  { authorities, header }: CertificateSource,
  trustProxy: readonly string[],
): CertificateReader {
  const { isTrusted: isProxy } = createProxies(trustProxy);
  const isOfAuthority = createIssuerCheck(authorities);
  const isIssued = (x509: X509Certificate): boolean =>
    (x509.keyUsage ?? [CLIENT_AUTHENTICATION]).includes(CLIENT_AUTHENTICATION) && isOfAuthority(x509);
  return ({ socket, headers }) => {
    if (!isProxy(socket.remoteAddress ?? ''))
      return readConnection(socket, authorities.length === 0 ? undefined : isIssued);
    const text = header && headers[header.name];
    if (header === undefined || text === undefined || text === '') return undefined;
    const x509 = parse(formats[header.format](String(text)));
    return { x509, isTrusted: () => isIssued(x509) };
  };
}

/** @returns a function: did one of the authorities, which is valid now, issue the certificate itself? */
export function createIssuerCheck(authorities: readonly string[]): (x509: X509Certificate) => boolean {
  const issuers = authorities.map((pem) => new X509Certificate(pem));
  return (x509) =>
    issuers.some((issuer) => isValidNow(issuer) && x509.checkIssued(issuer) && x509.verify(issuer.publicKey));
}

const isValidNow = ({ validFrom, validTo }: X509Certificate): boolean =>
  Date.parse(validFrom) <= Date.now() && Date.now() < Date.parse(validTo);

/**
 * OpenSSL found the authority that issued the certificate, and not the authority above it, which need not be trusted here. Node's
 * server does not pass `allowPartialTrustChain` on to OpenSSL.
 */
const PARTIAL_CHAIN = 'UNABLE_TO_GET_ISSUER_CERT';

/** @param isIssued did a trusted authority issue the certificate itself? Undefined if there are no authorities */
function readConnection(
  socket: Socket,
  isIssued: ((x509: X509Certificate) => boolean) | undefined,
): PresentedCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const x509 = socket.getPeerX509Certificate();
  // The type says Error; the value is the code of one.
  const isPartial = (): boolean => String(socket.authorizationError) === PARTIAL_CHAIN;
  return (
    x509 && {
      x509,
      isTrusted: () => isIssued !== undefined && (socket.authorized || (isPartial() && isIssued(x509))),
    }
  );
}

/** @param der exactly one certificate: OpenSSL ignores bytes after it @throws Refusal client_certificate_malformed */
function parse(der: Buffer | undefined): X509Certificate {
  try {
    const x509 = der && new X509Certificate(der);
    if (x509?.raw.equals(der ?? Buffer.alloc(0))) return x509;
  } catch {}
  throw new Refusal('client_certificate_malformed');
}
