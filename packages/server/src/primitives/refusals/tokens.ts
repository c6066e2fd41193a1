// Refusals of the tokens that are exchanged, of what is asked for them, and of who acts.
import type { RefusalGroup } from './group.ts';

export const tokenRefusals = {
  subject_token: {
    answer: [400, 'token_error', 'The provided subject token is invalid or expired'],
    reasons: {
      no_rule_for_subject: 'no rule lets this client exchange such a subject token',
      lineage_too_long: 'the subject token has more ancestors than a token may name',
      rules_too_costly: 'conditions or claims of the rules take too long on what the tokens say',
      rules_failed: 'a condition or claim of the rules failed, which is a fault of this server',
      subject_claims_elsewhere:
        'the rules read a claim that the subject token only refers to (_claim_names, or a group overage)',
    },
  },
  actor_token: {
    answer: [400, 'token_error', 'The provided actor token is invalid or expired'],
    reasons: {},
  },
  actor: {
    answer: [400, 'token_error', 'The actor is not allowed to act for this subject'],
    reasons: {
      actor_claims_elsewhere:
        'the rules read a claim that the actor token only refers to (_claim_names, or a group overage)',
      no_rule_for_actor: 'rules match the client and the subject, but none the actor',
      may_act: 'the may_act claim of the subject token names somebody else',
      actor_is_subject: 'the actor is the subject itself, so nothing is delegated',
      chain_too_deep: 'the chain of actors would be longer than the rule allows',
      chain_too_large: 'the chain of actors would take more than 8 KiB',
    },
  },
  subject_token_type: {
    answer: [400, 'invalid_request', 'The subject_token_type is not supported'],
    reasons: {
      subject_token_type_unsupported: 'no such subject token type is enabled',
    },
  },
  actor_token_type: {
    answer: [400, 'invalid_request', 'The actor_token_type is not supported'],
    reasons: {
      actor_token_type_unsupported: 'no such actor token type is enabled',
    },
  },
  requested_token_type: {
    answer: [400, 'invalid_request', 'The requested_token_type is not supported'],
    reasons: {
      requested_token_type_unsupported: 'no such token type can be requested',
      requested_token_type_needs_grant:
        'a refresh token was asked for by a client that has not the grant refresh_token',
      requested_token_type_not_granted: 'the rule does not grant this requested token type',
    },
  },
  requested_actor: {
    answer: [400, 'invalid_request', 'The requested_actor is not known'],
    reasons: {
      requested_actor_unknown: 'requested_actor names no client, or one that is disabled',
    },
  },
} as const satisfies RefusalGroup;
