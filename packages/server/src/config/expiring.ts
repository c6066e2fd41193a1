// Lists the certificates of a configuration with the times when they expire.
import { X509Certificate } from 'node:crypto';
import type { ExpiringCertificate } from '../metrics/gauges.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import type { ResolvedConfiguration } from './configuration.ts';
import { certificatesIn } from './pem.ts';

type Named = Pick<ResolvedConfiguration, 'server' | 'saml'>;

/** The server's chain has one entry, the first of its certificates to expire: callers need all of them. */
export function certificatesOf({ server, saml }: Named): readonly ExpiringCertificate[] {
  const chain = server.tls === undefined ? [] : expiriesIn(server.tls.cert, 'server.tls');
  const { authorities } = server.clientCertificates;
  return [
    ...chain.toSorted((a, b) => a.expiresAt - b.expiresAt).slice(0, 1),
    ...authorities.flatMap((pem) => expiriesIn(pem, 'server.clientCertificates')),
    ...saml.flatMap(expiryOf),
  ];
}

const expiriesIn = (pem: Buffer | string, entry: string): readonly ExpiringCertificate[] =>
  certificatesIn(pem).map((one) => describe(new X509Certificate(one), entry));

const describe = ({ subject, validTo }: X509Certificate, entry: string): ExpiringCertificate => ({
  entry,
  subject: (subject ?? '').replaceAll('\n', ', '),
  expiresAt: Date.parse(validTo),
});

/** One entry for each SAML issuer: the last of its certificates to expire, because each of them may sign. Its metadata may end earlier. */
function expiryOf({ name, certificates, validUntil }: SamlIssuerEntry): readonly ExpiringCertificate[] {
  const [last] = certificates
    .map((one) => describe(one, `issuers[${name}]`))
    .toSorted((a, b) => b.expiresAt - a.expiresAt);
  if (last === undefined) return [];
  return [{ ...last, expiresAt: Math.min(last.expiresAt, (validUntil ?? Number.POSITIVE_INFINITY) * 1000) }];
}
