// Which certificate does the caller show? That of its TLS connection to us; from a proxy that we trust, the one that the
// proxy hands on in a header, and never the proxy's own. The header of anybody else is not read (RFC 9440 section 4).
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PresentedCertificate } from '../client-auth/method.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createProxies } from './proxies.ts';
import type { Request } from './request.ts';

export interface CertificateSource {
  /** PEM: whoever these issued a certificate to is trusted to be who it says. */
  readonly authorities: readonly string[];
  /** Where the proxies of `trustProxy` put the certificate of their caller, in lower case. */
  readonly header: { readonly name: string; readonly format: CertificateFormat } | undefined;
}

/** How proxies write a certificate into a header; undefined where it is not so written. */
const formats = {
  /** `:BASE64 OF DER:` (RFC 9440 section 2.1). */
  rfc9440: (text) => decodeBase64(/^:([\w+/=]+):$/.exec(text)?.[1]),
  /** Base64 of DER: HAProxy, Traefik. */
  der: (text) => decodeBase64(/^[\w+/=]+$/.exec(text)?.[0]),
  /** URL-encoded PEM: nginx ($ssl_client_escaped_cert), AWS. */
  pem: (text) => decodePercent(text),
  /** `Hash=...;Cert="URL-ENCODED PEM"` of one hop: Envoy (x-forwarded-client-cert). */
  xfcc: (text) => (XFCC.test(text) ? decodePercent(/(?:^|;)Cert="([^"]*)"/i.exec(text)?.[1]) : undefined),
} as const satisfies Record<string, (text: string) => string | Buffer | undefined>;

const XFCC = /^(?:(?:^|;)[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^",;=]*))+$/;

export type CertificateFormat = keyof typeof formats;
export const certificateFormats = Object.keys(formats) as [CertificateFormat, ...CertificateFormat[]];

const decodeBase64 = (text: string | undefined): Buffer | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'base64');

function decodePercent(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
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
  const issuers = authorities.map((pem) => new X509Certificate(pem));
  const isIssued = (x509: X509Certificate): boolean =>
    (x509.keyUsage ?? [CLIENT_AUTHENTICATION]).includes(CLIENT_AUTHENTICATION) &&
    issuers.some((issuer) => x509.checkIssued(issuer) && x509.verify(issuer.publicKey));
  return ({ socket, headers }) => {
    if (!isProxy(socket.remoteAddress ?? '')) return readConnection(socket, authorities.length > 0);
    const text = header && headers[header.name];
    if (header === undefined || text === undefined || text === '') return undefined;
    const x509 = parse(formats[header.format](String(text)));
    return { x509, isTrusted: () => isIssued(x509) };
  };
}

/** @param judged whether there were authorities by which OpenSSL judged the chain */
function readConnection(socket: Socket, judged: boolean): PresentedCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const x509 = socket.getPeerX509Certificate();
  return x509 && { x509, isTrusted: () => judged && socket.authorized };
}

function parse(written: string | Buffer | undefined): X509Certificate {
  try {
    if (written !== undefined) return new X509Certificate(written);
  } catch {}
  throw new Refusal('client_certificate_malformed');
}
