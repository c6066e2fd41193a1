// Implements self_signed_tls_client_auth: a certificate that the client has registered (RFC 8705 section 2.2). No authority
// vouches for it, so its content is ignored, even its expiry.
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { ClientAuthMethod } from './method.ts';

export const selfSignedTlsClientAuth = {
  name: 'self_signed_tls_client_auth',
  parameters: [],
  keys: { oneOf: ['jwks', 'jwksUri'] },
  recognizedBy: 'entry',
  over: 'tls',
  read: ({ parameters, certificate }) => {
    if (certificate === undefined) throw new Refusal('client_certificate_missing');
    return {
      clientIds: parameters.all('client_id'),
      prove: async (client, { keysOf }) => {
        const keys = keysOf(client);
        if (keys === undefined) throw new Refusal('client_certificate_unknown');
        try {
          await keys.certify(certificate.x509);
          return {};
        } catch (error) {
          throw error instanceof TokenRefusal ? new Refusal('client_certificate_unknown') : error;
        }
      },
    };
  },
} as const satisfies ClientAuthMethod;
