// Refusals of client authentication.
import type { RefusalGroup } from './group.ts';

export const clientRefusals = {
  client: {
    answer: [401, 'invalid_client', 'Client authentication failed'],
    reasons: {
      client_unknown: 'no such client',
      client_disabled: 'the client is disabled',
      client_method: 'the client is registered for another authentication method',
      client_credentials: 'the client authentication did not verify',
      client_certificate_untrusted: 'no configured authority issued the certificate',
      client_certificate_expired: 'the certificate has expired, or is not valid yet',
      client_certificate_subject: 'the certificate was issued to somebody else than the client',
      client_certificate_unknown: 'the certificate is none of those that the client has registered',
      client_certificate_malformed: 'the certificate that the proxy hands on cannot be read',
      client_authentication_malformed: 'the Authorization header cannot be read',
    },
  },
  client_missing: {
    answer: [401, 'invalid_client', 'Client authentication is missing: use HTTP Basic, or client_id and client_secret'],
    reasons: {
      public_client_disabled: 'the client proves nothing, and is disabled',
      client_certificate_missing: 'the client authenticates by TLS, and showed no certificate',
      client_authentication_missing: 'the request has no client authentication',
    },
  },
  client_bearer: {
    answer: [
      401,
      'invalid_client',
      'Bearer is not client authentication: use HTTP Basic, or client_id and client_secret',
    ],
    reasons: {
      client_authentication_bearer: 'the request has a Bearer token where client authentication belongs',
    },
  },
  client_id_mismatch: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is not that of the authenticated client'],
    reasons: {
      client_id_mismatch: 'client_id in the form differs from the authenticated client',
    },
  },
  authentication_doubled: {
    answer: [400, 'invalid_request', 'The request authenticates the client in more than one way'],
    reasons: {
      client_authentication_doubled: 'the request authenticates the client twice',
    },
  },
  client_assertion_type: {
    answer: [400, 'invalid_request', 'The client_assertion_type is not supported'],
    reasons: {
      client_assertion_type_unsupported: 'no such client assertion type is known',
    },
  },
  certificate: {
    answer: [400, 'invalid_request', 'The client must present its TLS certificate'],
    reasons: {
      certificate_missing: 'the client has certificateBoundAccessTokens, and presented no certificate',
    },
  },
} as const satisfies RefusalGroup;
