// Refusals of access tokens that are shown to this server itself.
import type { RefusalGroup } from './group.ts';

export const accessTokenRefusals = {
  access_token: {
    answer: [401, 'invalid_token', 'The access token is invalid or expired'],
    reasons: {
      access_token_invalid:
        'the access token is none of this server, expired or revoked, or comes without proof of its key',
    },
  },
  access_token_nonce: {
    answer: [401, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
    reasons: {
      access_token_nonce: 'the DPoP proof beside the access token has no nonce of this server, or an old one',
    },
  },
  access_token_missing: {
    answer: [401, 'invalid_token', 'The access token is missing'],
    reasons: {
      access_token_missing: 'the request has no access token',
    },
  },
  access_token_scope: {
    answer: [403, 'insufficient_scope', 'The access token lacks the scope that this needs'],
    reasons: {
      access_token_scope: 'the access token lacks the scope that this needs',
    },
  },
} as const satisfies RefusalGroup;
