// Refusals of access tokens that are presented to this server itself.
import type { RefusalGroup } from './group.ts';

export const accessTokenRefusals = {
  access_token: {
    answer: [401, 'invalid_token', 'The access token is invalid or expired'],
    reasons: {
      access_token_invalid: [
        'the access token is not from this server, has expired, was revoked, or comes without proof of its key',
        'Get a new access token from the token endpoint. Send a bound one with its DPoP proof or client certificate.',
      ],
    },
  },
  access_token_nonce: {
    answer: [401, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
    reasons: {
      access_token_nonce: [
        'the DPoP proof beside the access token has no nonce of this server, or an old one',
        'Send the request again with the nonce of the DPoP-Nonce header in the proof.',
      ],
    },
  },
  access_token_missing: {
    answer: [401, 'invalid_token', 'The access token is missing'],
    reasons: {
      access_token_missing: [
        'the request has no access token',
        'Send the header Authorization: Bearer TOKEN, or Authorization: DPoP TOKEN for a bound one.',
      ],
    },
  },
  access_token_scope: {
    answer: [403, 'insufficient_scope', 'The access token lacks the scope that this needs'],
    reasons: {
      access_token_scope: [
        'the access token lacks the scope that this needs',
        'Ask for a token with the scope that the WWW-Authenticate header names. The client and its resource must list it.',
      ],
      access_token_operator: [
        'the token is about a person, and console.operators does not give the person the scope (now)',
        'Change the entry of the person in console.operators, if they shall do this. It counts from the next request on.',
      ],
    },
  },
} as const satisfies RefusalGroup;
