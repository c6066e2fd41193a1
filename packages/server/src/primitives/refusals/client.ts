// Refusals of client authentication.
import type { RefusalGroup } from './group.ts';

export const clientRefusals = {
  client: {
    answer: [401, 'invalid_client', 'Client authentication failed'],
    reasons: {
      client_unknown: [
        'there is no client with this id',
        'Compare client_id with the ids under clients, or register the client.',
      ],
      client_disabled: ['the client is disabled', 'Remove disabled: true from the client, if it may call again.'],
      client_method: [
        'the client is registered for another authentication method',
        'Send the credentials as auth of the client says, or change auth.',
      ],
      client_credentials: [
        'the credentials of the client do not verify',
        'Compare the secret that was sent with the secret of the client. In HTTP Basic, percent-encode id and secret first.',
      ],
      client_certificate_untrusted: [
        'no configured authority issued the certificate',
        'Add the authority to server.clientCertificates.authorities, or use a certificate of one that is there.',
      ],
      client_certificate_expired: [
        'the certificate has expired, or is not valid yet',
        'Renew the certificate. Check the clock of the machine that made it.',
      ],
      client_certificate_subject: [
        'the certificate was issued to someone other than the client',
        'Compare the subject of the certificate with tlsSubject of the client.',
      ],
      client_certificate_unknown: [
        'the certificate is not one that the client has registered',
        'Add the certificate or its key to jwks of the client, or publish it at its jwksUri.',
      ],
      client_certificate_malformed: [
        'the certificate that the proxy forwards cannot be read',
        'Compare server.clientCertificates.header with what the proxy sends: its name and its format.',
      ],
      client_authentication_malformed: [
        'the Authorization header cannot be read',
        'Send Authorization: Basic with base64 of id:secret, each percent-encoded (RFC 6749 section 2.3.1).',
      ],
    },
  },
  client_document: {
    answer: [400, 'invalid_client', 'The client metadata document at the client_id cannot be used'],
    reasons: {
      client_document_invalid: [
        'the client id is a URL, and no valid document describes the client there',
        'Read the detail: it says what the document lacks. Its publisher must correct it. No redirect is followed.',
      ],
    },
  },
  registration_token: {
    answer: [401, 'invalid_token', 'The initial access token is missing or invalid'],
    reasons: {
      registration_token: [
        'the request to register a client has no initial access token, or another one',
        'Send Authorization: Bearer with the text of registration.initialAccessToken.',
      ],
    },
  },
  registration_metadata: {
    answer: [400, 'invalid_client_metadata', 'The client metadata is not valid: {parameter}'],
    reasons: {
      registration_metadata_invalid: [
        'a member of the client metadata cannot be used',
        'Correct the member that the answer names. jwks_uri and other methods than none, client_secret_basic, client_secret_post and private_key_jwt need an entry under clients.',
      ],
    },
  },
  registration_redirect_uri: {
    answer: [
      400,
      'invalid_redirect_uri',
      'No redirect URI can be used: write https, http on loopback, or an app scheme',
    ],
    reasons: {
      registration_redirect_uri: [
        'redirect_uris has no URI to which a person may safely be sent',
        'Register https URIs, http on a loopback address, or the scheme of an app with a dot.',
      ],
    },
  },
  client_missing: {
    answer: [401, 'invalid_client', 'Client authentication is missing: use HTTP Basic, or client_id and client_secret'],
    reasons: {
      public_client_disabled: [
        'the client has auth: none, and is disabled',
        'Remove disabled: true from the client, if it may call again.',
      ],
      client_certificate_missing: [
        'the client authenticates by TLS, and sent no certificate',
        'Send the client certificate. Behind a proxy, let it forward the certificate (server.clientCertificates.header).',
      ],
      client_authentication_missing: [
        'the request has no client authentication',
        'Send client_id and client_secret, HTTP Basic, or what auth of the client says. A workload sends none of them: its token must fit workload of one client.',
      ],
    },
  },
  client_bearer: {
    answer: [
      401,
      'invalid_client',
      'Bearer is not client authentication: use HTTP Basic, or client_id and client_secret',
    ],
    reasons: {
      client_authentication_bearer: [
        'the request has a Bearer token where client authentication belongs',
        'Send the token as the parameter subject_token, and authenticate the client by its own credentials.',
      ],
    },
  },
  client_id_mismatch: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is not that of the authenticated client'],
    reasons: {
      client_id_mismatch: [
        'client_id in the form differs from the authenticated client',
        'Leave client_id out, or send the id of the client that authenticates.',
      ],
    },
  },
  authentication_doubled: {
    answer: [400, 'invalid_request', 'The request authenticates the client in more than one way'],
    reasons: {
      client_authentication_doubled: [
        'the request authenticates the client in more than one way',
        'Send one kind of credentials: HTTP Basic, client_secret in the form, or an assertion.',
      ],
    },
  },
  client_assertion_type: {
    answer: [400, 'invalid_request', 'The client_assertion_type is not supported'],
    reasons: {
      client_assertion_type_unsupported: [
        'this client_assertion_type is not known',
        'Send urn:ietf:params:oauth:client-assertion-type:jwt-bearer, or …:jwt-spiffe for a JWT-SVID.',
      ],
    },
  },
  certificate: {
    answer: [400, 'invalid_request', 'The client must present its TLS certificate'],
    reasons: {
      certificate_missing: [
        'the client has certificateBoundAccessTokens, and presented no certificate',
        'Send the TLS client certificate to the token endpoint, or remove certificateBoundAccessTokens from the client.',
      ],
    },
  },
} as const satisfies RefusalGroup;
