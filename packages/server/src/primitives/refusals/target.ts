// Refusals of targets and scopes.
import type { RefusalGroup } from './group.ts';

export const targetRefusals = {
  target: {
    answer: [400, 'invalid_target', 'The requested audience is not valid for this client'],
    reasons: {
      target_unknown: [
        'an audience or resource is not registered',
        'Compare audience with the audiences under resources, and resource with their locations, or add the resource. For a grant for another server, audience is the issuer or an alias of an entry under authorizationServers.',
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
        'Add the audience to grant.audiences of the rule (to audiences of the client for its own tokens). If the limits of its file exclude the audience, write the rule in the main file.',
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
      target_not_server: [
        'an ID-JAG was requested for an audience that is not an authorization server',
        'Send the issuer or an alias of an entry under authorizationServers as audience, and the API as resource.',
      ],
      target_elsewhere: [
        'the target belongs to another authorization server: this one issues no tokens for it, only grants',
        'Ask for an ID-JAG (requested_token_type id-jag) or for a grant (jwt), and send it to that server.',
      ],
      targets_of_several_servers: [
        'the targets belong to several authorization servers',
        'Ask for one grant for each server, and for tokens of this server by themselves.',
      ],
      target_grant_not_offered: [
        'the entry of the authorization server does not list this kind of grant',
        'Add id_jag or chaining_grant to grants of the entry under authorizationServers.',
      ],
      target_client_unnamed: [
        'an ID-JAG names the client as the authorization server knows it, and the entry has no name for this one',
        'Add the client to clients of the entry under authorizationServers, with its id there.',
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
  step_up: {
    answer: [400, 'insufficient_user_authentication', 'The person must sign in again, or in another way'],
    reasons: {
      sign_in_too_weak: [
        'the person has not signed in as the authorization server demands (acr)',
        'Let the person sign in with acr_values of the answer, and exchange that token.',
      ],
      sign_in_too_old: [
        'the person signed in longer ago than the authorization server allows (maxAge), or the token does not say when',
        'Let the person sign in again, with max_age of the answer, and exchange that token.',
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
        'Give subject, client, rule and target a scope that all of them list. Of several targets with different scopes, ask for one: send resource. An assertion without scope needs scope: optional under grants of its issuer entry.',
      ],
    },
  },
} as const satisfies RefusalGroup;
