// Refusals of refresh tokens, codes and device codes.
import type { RefusalGroup } from './group.ts';

export const grantRefusals = {
  refresh_token: {
    answer: [400, 'invalid_grant', 'The provided refresh token is invalid or expired'],
    reasons: {
      refresh_token_unknown: 'it is no refresh token of this server',
      refresh_token_bound: 'the refresh token is bound to another certificate',
      refresh_token_client: 'the refresh token belongs to another client',
      refresh_token_expired: 'the refresh token has expired',
      refresh_token_revoked: 'the refresh token, or a token that it derives from, was revoked',
      refresh_token_reused: 'the refresh token was used before, so its whole family is revoked',
      refresh_token_cannot_tell:
        'whether a rule still allows it cannot be told: it takes too long, or a claim was only referred to',
      refresh_token_not_allowed: 'no rule allows any more what the refresh token was issued for',
    },
  },
  code: {
    answer: [400, 'invalid_grant', 'The provided code is invalid or expired'],
    reasons: {
      code_unknown: 'it is no authorization code of this server',
      code_client: 'the authorization code was given to another client',
      code_reused: 'the code was used before, so that all that was issued for it is revoked',
      code_revoked: 'what the person agreed to was revoked, or ended with their session',
      code_expired: 'the authorization code has expired',
      code_redirect_uri: 'redirect_uri is not the one that the authorization request had',
      code_verifier: 'code_verifier is missing, or does not fit the code_challenge',
      code_account: 'the account is gone',
    },
  },
  device_code: {
    answer: [400, 'invalid_grant', 'The provided device code is invalid'],
    reasons: {
      device_code_unknown: 'it is no device code of this server',
      device_code_client: 'the device code was given to another client',
    },
  },
  authorization_pending: {
    answer: [400, 'authorization_pending', 'The person has not answered yet'],
    reasons: {
      device_code_pending: 'nobody has answered yet',
    },
  },
  slow_down: {
    answer: [400, 'slow_down', 'The client asks too often: wait five seconds longer from now on'],
    reasons: {
      device_code_too_soon: 'the device asked again too soon',
    },
  },
  expired_token: {
    answer: [400, 'expired_token', 'The device code has expired'],
    reasons: {
      device_code_expired: 'the device code has expired',
    },
  },
} as const satisfies RefusalGroup;
