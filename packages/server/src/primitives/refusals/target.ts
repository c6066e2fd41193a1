// Refusals of targets and scopes.
import type { RefusalGroup } from './group.ts';

export const targetRefusals = {
  target: {
    answer: [400, 'invalid_target', 'The requested audience is not valid for this client'],
    reasons: {
      target_unknown: 'an audience or resource is not registered',
      target_malformed: 'a resource is not an absolute URI without fragment (RFC 8707 section 2)',
      target_not_granted: 'rules match client, subject and actor, but none grants this target',
      target_not_agreed: 'the subject token stands for what a person agreed to, and the target is no part of that',
      target_missing: 'the client has no default audience and asked for none',
      targets_disagree: 'the targets asked for at once need tokens of different formats',
      target_needs_acr: 'the subject has not authenticated in a way that the target accepts (requiredAcr)',
      target_needs_proof: 'the target takes bound tokens alone (requireSenderConstraint), and no key was proven',
    },
  },
  scope: {
    answer: [400, 'invalid_scope', 'The requested scope is invalid, or more than may be granted'],
    reasons: {
      scope_malformed: 'the scope breaks the grammar of RFC 6749 section 3.3',
      scope_exceeded: 'more scope was asked for than subject, client, rule and targets all allow',
      scope_empty: 'subject, client, rule and targets have no scope in common',
    },
  },
} as const satisfies RefusalGroup;
