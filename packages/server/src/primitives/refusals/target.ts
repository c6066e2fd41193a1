// Refusals of targets and scopes.
import type { RefusalGroup } from './group.ts';

export const targetRefusals = {
  target: {
    answer: [400, 'invalid_target', 'The requested audience is not valid for this client'],
    reasons: {
      target_unknown: [
        'an audience or resource is not registered',
        'Compare audience with the audiences under resources, and resource with their locations, or add the resource.',
      ],
      target_malformed: [
        'a resource is not an absolute URI without fragment (RFC 8707 section 2)',
        'Send resource as a whole URI, such as https://api.example/v1. A name goes into audience.',
      ],
      assertion_resource: [
        'the assertion names no resource, or one that is not registered',
        'Let its issuer write resource: an audience or a location of an entry under resources.',
      ],
      target_not_in_assertion: [
        'the request asks for a target that the assertion was not issued for',
        'Leave audience and resource out, or ask for one that resource of the assertion names.',
      ],
      target_not_granted: [
        'rules match client, subject and actor, but none grants this target',
        'Add the audience to grant.audiences of the rule (to audiences of the client for its own tokens).',
      ],
      target_not_agreed: [
        'the subject token is limited to the targets that a person agreed to, and this is not one of them',
        'Ask for the target when the person signs in, so that they agree to it.',
      ],
      target_missing: [
        'the client has no default audience and requested none',
        'Send audience, or list audiences for the client.',
      ],
      targets_disagree: [
        'the requested targets need tokens of different formats',
        'Ask for one token for each target.',
      ],
      target_needs_acr: [
        'the subject has not authenticated in a way that the target accepts (requiredAcr)',
        'Let the person sign in with a method that the target accepts (acr_values), and exchange that token.',
      ],
      target_needs_proof: [
        'the target accepts only bound tokens (requireSenderConstraint), and the request proves no key',
        'Send a DPoP proof, or a client certificate.',
      ],
    },
  },
  scope: {
    answer: [400, 'invalid_scope', 'The requested scope is invalid, or more than may be granted'],
    reasons: {
      scope_malformed: [
        'the scope breaks the grammar of RFC 6749 section 3.3',
        'Send names with one blank between them.',
      ],
      scope_exceeded: [
        'more scope was requested than subject, client, rule and targets all allow',
        'Ask for less, or leave scope out. The detail names what is too much; add it where it is missing.',
      ],
      scope_empty: [
        'subject, client, rule and targets have no scope in common',
        'Give subject, client, rule and target a scope that all of them list.',
      ],
    },
  },
} as const satisfies RefusalGroup;
