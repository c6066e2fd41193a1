// Refusals of the exchanged tokens, of what is requested for them, and of the actor.
import type { RefusalGroup } from './group.ts';

export const tokenRefusals = {
  subject_token: {
    answer: [400, 'token_error', 'The provided subject token is invalid or expired'],
    reasons: {
      no_rule_for_subject: [
        'no rule lets this client exchange such a subject token',
        'Add a rule for the client, or widen subject of a rule: the list of rules says which part did not match.',
      ],
      denied_by_rule: [
        'a rule that denies (effect: deny) matches',
        'Change the request, or the rule that the detail names. A rule that allows cannot outweigh it.',
      ],
      denial_cannot_be_told: [
        'a rule that denies reads a claim that the token lacks, or that has another type',
        'Let the issuer put the claim into the token, or write has(...) && ... in the condition if tokens without it may pass.',
      ],
      delegation_over: [
        'the delegation began longer ago than limits.delegation of a client or an actor allows',
        'Let the person sign in again, or get a new first token. Or raise limits.delegation of the entry that the detail names.',
      ],
      delegation_cannot_be_told: [
        'a client or an actor has limits.delegation, and the token does not show when its delegation began',
        'Exchange a token without actors that has iat or auth_time. Tokens from before the limit was configured do not show it either.',
      ],
      subject_without_name: [
        'the authorization server names subjects by a claim, and the subject token does not have it',
        'Let the issuer put the claim into the token, or change subject of the entry under authorizationServers.',
      ],
      lineage_too_long: [
        'the subject token has more ancestors than a token may name',
        'Exchange a token that is nearer to the first one.',
      ],
      rules_too_costly: [
        'conditions or claims of the rules take too long for these tokens',
        'Simplify the condition that the detail names, or let the issuer put less into the token.',
      ],
      rules_inexact: [
        'conditions or claims of the rules would round a number in the tokens',
        'Compare long numbers as texts, or read them with int().',
      ],
      rules_failed: [
        'a condition or claim of the rules failed, which is a fault of this server',
        'Report the fault, with the condition that the detail names.',
      ],
      subject_claims_elsewhere: [
        'the rules read a claim that the subject token only refers to (_claim_names, or a group overage), or that its assertion does not state as text',
        'Let the issuer put the claim into the token, as text in an assertion, for example by filtering groups.',
      ],
    },
  },
  actor_token: {
    answer: [400, 'token_error', 'The provided actor token is invalid or expired'],
    reasons: {},
  },
  actor: {
    answer: [400, 'token_error', 'The actor is not allowed to act for this subject'],
    reasons: {
      actor_claims_elsewhere: [
        'the rules read a claim that the actor token only refers to (_claim_names, or a group overage), or that its assertion does not state as text',
        'Let the issuer put the claim into the token, as text in an assertion, for example by filtering groups.',
      ],
      no_rule_for_actor: [
        'rules match the client and the subject, but none the actor',
        'Send an actor token that a rule accepts. Or change actor of a rule: the list of rules says which part did not match.',
      ],
      may_act: [
        'the may_act claim of the subject token names someone else',
        'Let the party that may_act names act, or have the person agree to this actor (requested_actor).',
      ],
      actor_suspended: [
        'the new token would name a party that is suspended',
        'Run cambio actors list, which says why, and cambio actors resume once the party may act again.',
      ],
      actor_is_subject: [
        'the actor is the subject itself, so nothing is delegated',
        'Leave actor_token out, or send the token of the service that acts.',
      ],
      chain_too_deep: [
        'the chain of actors would be longer than the rule allows',
        'Raise grant.maxDepth of the rule, or exchange a token with fewer actors.',
      ],
      chain_too_large: [
        'the chain of actors would take more than 8 KiB',
        'Exchange a token with fewer actors, or actors with shorter names.',
      ],
    },
  },
  subject_token_type: {
    answer: [400, 'invalid_request', 'The subject_token_type is not supported'],
    reasons: {
      subject_token_type_unsupported: [
        'this subject_token_type does not exist or is not enabled',
        'Send a whole URN, such as urn:ietf:params:oauth:token-type:access_token. Types of other issuers are enabled by accepts of an issuer.',
      ],
    },
  },
  discovery_token_type: {
    answer: [400, 'unsupported_token_type', 'The subject_token_type is not supported'],
    reasons: {},
  },
  actor_token_type: {
    answer: [400, 'invalid_request', 'The actor_token_type is not supported'],
    reasons: {
      actor_token_type_unsupported: [
        'this actor_token_type does not exist or is not enabled',
        'Send a whole URN, such as urn:ietf:params:oauth:token-type:access_token. Types of other issuers are enabled by accepts of an issuer.',
      ],
    },
  },
  requested_token_type: {
    answer: [400, 'invalid_request', 'The requested_token_type is not supported'],
    reasons: {
      requested_token_type_unsupported: [
        'this requested_token_type cannot be requested',
        'Leave requested_token_type out, or send the URN of access_token, jwt, refresh_token or id-jag.',
      ],
      requested_token_type_needs_grant: [
        'the client requested a refresh token, and lacks the grant refresh_token',
        'Add refresh_token to grants of the client, or ask for an access token.',
      ],
      requested_token_type_not_granted: [
        'the rule does not grant this requested token type',
        'Add the type to grant.types of the rule, or ask for an access token.',
      ],
    },
  },
  requested_actor: {
    answer: [400, 'invalid_request', 'The requested_actor is not known'],
    reasons: {
      requested_actor_unknown: [
        'requested_actor does not name a client, or names a disabled one',
        'Send the id of the client that is to act for the person.',
      ],
    },
  },
} as const satisfies RefusalGroup;
