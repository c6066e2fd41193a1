// Refusals of refresh tokens, codes and device codes.
import type { RefusalGroup } from './group.ts';

export const grantRefusals = {
  refresh_token: {
    answer: [400, 'invalid_grant', 'The provided refresh token is invalid or expired'],
    reasons: {
      refresh_token_unknown: [
        'this is not a refresh token of this server',
        'Send the refresh_token of the latest answer, and not an access token. One that ended long ago is unknown, too: begin again.',
      ],
      refresh_token_bound: [
        'the refresh token is bound to another certificate',
        'Present the certificate that was shown when the refresh token was issued.',
      ],
      refresh_token_client: [
        'the refresh token belongs to another client',
        'Let the client that received the refresh token use it.',
      ],
      refresh_token_expired: [
        'the refresh token has expired',
        'Begin again: sign in, or exchange. Raise refreshLifetime if that comes too early.',
      ],
      refresh_token_revoked: [
        'the refresh token, or a token that it derives from, was revoked',
        'Begin again: sign in, or exchange. The audit log has the revocation.',
      ],
      refresh_token_suspended: [
        'the refresh token names a party that is suspended: its subject, its client or one of its actors',
        'Run cambio actors list, which says why. The refresh token is valid again after cambio actors resume.',
      ],
      refresh_token_delegation: [
        'the delegation that the refresh token is a part of began too long ago, or at an unknown time (limits.delegation)',
        'Begin again: sign in, or exchange. Or raise limits.delegation of the entry that the detail names.',
      ],
      refresh_token_reused: [
        'the refresh token was used before, so its whole family is revoked',
        'Begin again. Keep the refresh token of each answer in the place of the one before, in one process only. If the client does so, the token was stolen.',
      ],
      refresh_token_cannot_tell: [
        'the server cannot determine whether a rule still allows it: the evaluation takes too long, or the token only refers to a claim',
        'Read the detail: it names the rule. Simplify its condition, or let the issuer put the claim into the token.',
      ],
      refresh_token_denied_by_rule: [
        'a rule that denies (effect: deny) matches what the refresh token was issued for',
        'Change the rule that the detail names. A rule that allows cannot outweigh it.',
      ],
      refresh_token_document: [
        'the client describes itself, and its document changed since the person agreed',
        'Send the person to the authorization endpoint again: they see the document as it is now.',
      ],
      refresh_token_not_allowed: [
        'no rule allows the grant of the refresh token any longer',
        'Compare the rules with what the client had. Begin again once a rule allows it.',
      ],
    },
  },
  code: {
    answer: [400, 'invalid_grant', 'The provided code is invalid or expired'],
    reasons: {
      code_unknown: [
        'this is not an authorization code of this server',
        'Send the code of the redirect as it came, decoded once, to the server that issued it.',
      ],
      code_client: [
        'the authorization code was given to another client',
        'Send the client_id that the authorization request had.',
      ],
      code_reused: [
        'the code was used before, so everything that was issued for it is revoked',
        'Redeem each code once. Look for a callback that runs twice, or a proxy that repeats a POST.',
      ],
      code_revoked: [
        'the agreement of the person was revoked, or ended with their session',
        'Let the person sign in again.',
      ],
      code_suspended: [
        'the person or the client is suspended',
        'Run cambio actors list, which says why, and cambio actors resume once the party may act again.',
      ],
      code_delegation: [
        'the person signed in longer ago than limits.delegation of a client or an actor allows',
        'Let the person sign in again (max_age). Or raise limits.delegation of the entry that the detail names.',
      ],
      code_expired: ['the authorization code has expired', 'Redeem the code within a minute after the redirect.'],
      code_redirect_uri: [
        'redirect_uri is not the one that the authorization request had',
        'Send the same redirect_uri to both endpoints, character by character.',
      ],
      code_verifier: [
        'code_verifier is missing, or does not fit the code_challenge',
        'Keep the code_verifier of the authorization request, and send it. The challenge is base64url of its SHA-256, without padding.',
      ],
      code_document: [
        'the client describes itself, and its document changed since the person agreed',
        'Send the person to the authorization endpoint again: they see the document as it is now.',
      ],
      code_account: ['the account is gone', 'Let a person sign in who has an account.'],
    },
  },
  operator: {
    answer: [400, 'access_denied', 'This person is not an operator of the server'],
    reasons: {
      operator_unknown: [
        'the token would be for the admin API, and no entry of console.operators gives the person a right',
        'Add an entry for the person to console.operators, if they shall use the console. Nobody is an operator by signing in.',
      ],
    },
  },
  assertion: {
    answer: [400, 'invalid_grant', 'The provided assertion is invalid or expired'],
    reasons: {
      assertion_client: [
        'client_id of the assertion names another client than the one that authenticated, or the assertion is not for a client',
        'Let the client redeem the assertion that was issued for it. Its issuer must know the id that the client has here.',
      ],
    },
  },
  device_code: {
    answer: [400, 'invalid_grant', 'The provided device code is invalid'],
    reasons: {
      device_code_unknown: [
        'this is not a device code of this server',
        'Send the device_code of the answer, and not the user_code.',
      ],
      device_code_client: [
        'the device code was given to another client',
        'Send the client_id that asked for the device code.',
      ],
    },
  },
  authorization_pending: {
    answer: [400, 'authorization_pending', 'The person has not answered yet'],
    reasons: {
      device_code_pending: ['the person has not answered yet', 'Nothing is wrong. Ask again after interval seconds.'],
    },
  },
  slow_down: {
    answer: [400, 'slow_down', 'The client asks too often: wait five seconds longer from now on'],
    reasons: {
      device_code_too_soon: [
        'the device asked again too soon',
        'Wait five seconds longer between two requests from now on.',
      ],
    },
  },
  expired_token: {
    answer: [400, 'expired_token', 'The device code has expired'],
    reasons: {
      device_code_expired: ['the device code has expired', 'Ask for a new device code, and show the new user_code.'],
    },
  },
} as const satisfies RefusalGroup;
