// Implements tls_client_auth: a certificate that an authority issued to the client (RFC 8705 section 2.1).
import type { X509Certificate } from 'node:crypto';
import type { TlsSubject } from '../model/client.ts';
import { Refusal } from '../primitives/refusal.ts';
import { subjectOf, urisOf } from './certificate-names.ts';
import { parseDistinguishedName } from './distinguished-name.ts';
import type { ClientAuthMethod } from './method.ts';

/** Compares alternative names only, without wildcards. */
const EXACT = { subject: 'never', wildcards: false, partialWildcards: false } as const;

export const tlsClientAuth = {
  name: 'tls_client_auth',
  parameters: [],
  keys: { oneOf: ['tlsSubject'] },
  recognizedBy: 'entry',
  over: 'tls',
  read: ({ parameters, certificate }) => {
    if (certificate === undefined) throw new Refusal('client_certificate_missing');
    return {
      clientIds: parameters.all('client_id'),
      prove: ({ tlsSubject }, { clock }) => {
        const { x509, isTrusted } = certificate;
        if (x509.validFromDate.getTime() > clock() || x509.validToDate.getTime() < clock())
          throw new Refusal('client_certificate_expired', {
            detail: `it is valid from ${x509.validFrom} to ${x509.validTo}`,
          });
        if (!isTrusted())
          throw new Refusal('client_certificate_untrusted', { sent: { issuer: x509.issuer?.replaceAll('\n', ', ') } });
        if (tlsSubject === undefined || !names[tlsSubject.kind](x509, tlsSubject.value))
          throw new Refusal('client_certificate_subject', {
            detail: tlsSubject && `tlsSubject is ${tlsSubject.kind}: ${tlsSubject.value}`,
            sent: { subject: x509.subject?.replaceAll('\n', ', '), subjectAltName: x509.subjectAltName },
          });
        return {};
      },
    };
  },
} as const satisfies ClientAuthMethod;

/** RFC 8705 section 2.1.2. */
const names: Readonly<Record<TlsSubject['kind'], (x509: X509Certificate, value: string) => boolean>> = {
  dn: (x509, value) => parseDistinguishedName(value) === subjectOf(x509),
  dns: (x509, value) => x509.checkHost(value, EXACT) !== undefined,
  uri: (x509, value) => urisOf(x509).includes(value),
  ip: (x509, value) => x509.checkIP(value) !== undefined,
  email: (x509, value) => x509.checkEmail(value, EXACT) !== undefined,
};
